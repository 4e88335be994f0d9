"""Encoder and decoder: one text in, another out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

import numpy as np

from fastseq._core import native
from fastseq.errors import ArgumentError
from fastseq.models.base import Model, Texts, Weights, listed, packed
from fastseq.models.blocks import Embedding
from fastseq.models.documents import translate
from fastseq.models.outputs import generations, leaving, repeated
from fastseq.models.parts import Decoder, Encoder
from fastseq.models.results import Generation, Timings, ended_together, said
from fastseq.models.runs import answered
from fastseq.models.search import Search, Told, reporting
from fastseq.models.segment import Segmenter, distinct
from fastseq.models.spec import SHORTLIST, ModelSpec
from fastseq.text import Batch, Tokenizer

Finish = Callable[[list[Any]], list[Any]]  # of the results of pieces those of texts


class Seq2Seq(Model):
    """Translation, phonemes, and whatever else turns one sequence into another.

    >>> import fastseq
    >>> model = fastseq.load("phonemes-en")
    >>> model("hello")
    'HH AH0 L OW1'
    """

    task = "seq2seq"

    def __init__(self, spec: ModelSpec, weights: Weights, **options: Any) -> None:
        super().__init__(spec, weights, **options)
        self.encoder = Encoder(self, self._graphs["encoder"])
        self.decoder = Decoder(self, self._graphs["decoder"], self._target_tokenizer)
        self._shortlist = _shortlist(spec, self._weights)
        self._segmenter = None if spec.segment is None else _segmenter(spec, self._tokenizer)

    @property
    def target_tokenizer(self) -> Tokenizer:
        """Ids to text, of the output."""
        if self._target_tokenizer is None:
            raise ArgumentError(
                "the model has no target tokenizer: its outputs are ids", where="target_tokenizer"
            )
        return self._target_tokenizer

    @overload
    def __call__(self, texts: str, **options: Any) -> str: ...
    @overload
    def __call__(self, texts: Iterable[str], **options: Any) -> list[str]: ...
    def __call__(self, texts: Texts, **options: Any) -> str | list[str]:
        """The output's text: a str for a str, a list in order for a list. Options: those of `generate`."""
        if self.spec.translation is not None and not options.keys() & {"prefix", "num_return"}:
            translated: str | list[str] = self.translate(texts, **options)
            return translated
        many, alone = listed(texts)
        outputs = [said(result) for result in self.generate(many, **{"return_scores": False} | options)]
        return outputs[0] if alone else outputs

    def translate(self, texts: Texts, **options: Any) -> Any:
        """Documents, a sentence at a time; what is between sentences (spaces, line breaks) stays as it is.

        A str for a str, a list in order for a list. Sentences are found by the rules of the model's source
        language (`fastseq.text.SentenceSplitter`); those longer than the model is made for are cut at
        punctuation or spaces.

        Options:
            details: give a `Translation` a text: with spans of sentences, and why it ended.
            align: note where in the source each token of a translation comes from, too; goes with `details`.
            html: texts are HTML: tags stay, inline ones where the words went that they were around.
            language: of the texts, instead of the model's; None of a spec that names none: general rules.
            stream: give an iterator; `texts` may be one. Of one str it gives pieces, which are the
                translation when put together; of many texts a translation each. Memory does not grow with
                their number.
            and those of `fastseq.models.search.Search` but `num_return`; progress tells of characters.

        An exception that stops the work, as of Ctrl-C, has the results so far as its `results`.
        """
        return translate(self, texts, **options)

    def pieces(self, texts: Texts) -> list[str]:
        """What the model reads of the texts: each distinct piece once, or the texts where it cuts none."""
        many, _ = listed(texts)
        return many if self._segmenter is None else distinct(self._segmenter, many)[0]

    @overload
    def generate(self, texts: str, **options: Any) -> Generation: ...
    @overload
    def generate(self, texts: Iterable[str], **options: Any) -> list[Generation]: ...
    def generate(self, texts: Texts, **options: Any) -> Any:
        """A `Generation` a text: text, ids, log-probabilities, why it ended; with `num_return` a list a text.

        Options:
            prefix: texts that the outputs start with, one for all or a list; not part of the result. They
                need not be something that the model would say; what follows them is again.
            stream: give an iterator; `texts` may be one, too, of any length. Results come in order, as runs
                of texts are done, and memory does not grow with their number.
            and those of `fastseq.models.search.Search`: max_new_tokens, beam_size, num_return,
                length_penalty, stop, return_scores, align, threads, batch_tokens, deadline, progress; how
                tokens are chosen (`fastseq.models.sampling.Sampling`): temperature, top_k, top_p, seed ...

        An exception that stops the work, as of Ctrl-C, has the results so far as its `results`.
        """
        return answered(texts, options, self._generated)

    def generate_ids(
        self, sequences: Sequence[Any] | Batch, *, prefix: Sequence[Any] | Batch | None = None, **options: Any
    ) -> list[Generation]:
        """As `generate`, for callers with their own tokens: lists or arrays of ids, with nothing added."""
        self._open()
        prefixes = None if prefix is None else packed(prefix)
        return self._found(packed(sequences), prefixes, Search.of(options), 0.0, list)

    def _generated(self, texts: list[str], prefix: Any, search: Search) -> list[Any]:
        if self._segmenter is None:
            return self._through(texts, prefix, search, list)
        pieces, placed = distinct(self._segmenter, texts)
        join = self._segmenter.join

        def finish(done: list[Any]) -> list[Any]:
            return [_together([done[i] for i in places], join) for places in placed]

        return self._through(pieces, prefix, search, finish)

    def _through(self, texts: list[str], prefix: Any, search: Search, finish: Finish) -> list[Any]:
        """Texts to ids, through both parts, and to texts."""
        self._open()
        threads = self._threads(search.threads)
        begun = time.perf_counter()
        batch = self.tokenizer.encode_batch(texts, threads=threads)
        prefixes = None
        if prefix is not None:
            prefix = [prefix] * len(texts) if isinstance(prefix, str) else listed(prefix, "prefix")[0]
            prefixes = self.target_tokenizer.encode_batch(prefix, threads=threads, add_special_tokens=False)
        return self._found(batch, prefixes, search, time.perf_counter() - begun, finish)

    def _found(
        self, batch: Batch, prefixes: Batch | None, search: Search, tokenized: float, finish: Finish
    ) -> list[Any]:
        """What `finish` makes of the results; also of those that an exception leaves."""

        def results(decoded: native.Decoded) -> list[Any]:
            run = time.perf_counter()
            texts = self.decoder.texts(decoded, search)
            times = Timings(tokenized, run - begun, time.perf_counter() - run)
            return finish(generations(decoded, texts, times, search))

        begun = time.perf_counter()
        with leaving(results), reporting(search.progress, len(batch), "text") as told:
            decoded = self._run(batch, prefixes, search, told)
        return results(decoded)

    def _run(self, batch: Batch, prefixes: Batch | None, search: Search, told: Told) -> native.Decoded:
        decoder, count = self.decoder, len(batch)
        limits = decoder.limit(search.max_new_tokens)
        if search.max_new_tokens is None and self.spec.generation.length_factor:
            most = self.spec.generation.length_factor * batch.lengths
            limits = np.minimum(most, decoder.max_new_tokens).astype(np.int32)
        prompts = None if prefixes is None else repeated(decoder.prompts(count, prefixes), search.samples)
        batch = repeated(batch, search.samples)
        return native.translate(
            self._graphs["encoder"],
            self._graphs["decoder"],
            batch.ids,
            batch.offsets,
            start=0 if decoder.start is None else decoder.start,
            prompts=None if prompts is None else (prompts.ids, prompts.offsets),
            shortlist=self._shortlist,
            **search.native(decoder, limits, self._threads(search.threads), told, count),
        )


def _shortlist(spec: ModelSpec, weights: Weights) -> native.Shortlist | None:
    if not spec.generation.shortlist:
        return None
    offsets, tokens, first = (np.asarray(weights[name]) for name in SHORTLIST)
    source, target = (
        next(block for block in part if isinstance(block, Embedding)) for part in (spec.encoder, spec.decoder)
    )
    return native.Shortlist(
        offsets,
        tokens,
        targets=target.vocabulary,
        first=int(first[0]),
        shared=source.weights == target.weights,
    )


def _segmenter(spec: ModelSpec, tokenizer: Tokenizer | None) -> Segmenter | None:
    """Cuts texts by the spec's rules, knowing the letters of a character vocabulary."""
    if spec.segment is None or tokenizer is None:
        return None
    letters = None
    if tokenizer.kind == "character":
        letters = {token for token in tokenizer.vocabulary if len(token) == 1}
    return Segmenter(spec.segment, letters, bool(getattr(tokenizer, "lowercase", False)))


def _together(parts: list[Any], join: str) -> Any:
    """The results of a text's pieces as one; with `num_return`, the best of all, then the second best ..."""
    if any(isinstance(part, list) for part in parts):
        places = range(max(map(len, parts)))
        return [_together([part[min(i, len(part) - 1)] for part in parts], join) for i in places]
    if len(parts) == 1:
        return dataclasses.replace(parts[0], parts=(parts[0],))
    none = np.empty(0, np.int32)
    return Generation(
        text=join.join(part.text for part in parts if part.text),
        ids=np.concatenate([none, *(part.ids for part in parts)]),
        token_logprobs=np.concatenate([np.empty(0, np.float32), *(part.token_logprobs for part in parts)]),
        score=sum(part.score for part in parts),
        finish_reason=ended_together(part.finish_reason for part in parts),
        timings=parts[0].timings if parts else Timings(0.0, 0.0, 0.0),
        parts=tuple(parts),
    )
