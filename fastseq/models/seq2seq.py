"""Encoder and decoder: one text in, another out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

import numpy as np

from fastseq._core import native
from fastseq.errors import ArgumentError
from fastseq.models.base import Model, Texts, Weights, listed, packed
from fastseq.models.blocks import Embedding
from fastseq.models.parts import Decoder, Encoder, generations
from fastseq.models.results import I32, Generation, Timings
from fastseq.models.segment import Segmenter, distinct
from fastseq.models.spec import SHORTLIST, ModelSpec
from fastseq.text import Batch, Tokenizer

Progress = Callable[[int, int], object]  # called with what is done and what there is to do


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
        many, alone = listed(texts)
        if self._segmenter is None:
            decoded, _ = self._decode(many, **options)
            outputs = self.decoder.texts(decoded)
        else:
            pieces, placed = distinct(self._segmenter, many)
            decoded, _ = self._decode(pieces, **options)
            said = self.decoder.texts(decoded)
            outputs = [self._segmenter.join.join(said[i] for i in places if said[i]) for places in placed]
        return outputs[0] if alone else outputs

    def pieces(self, texts: Texts) -> list[str]:
        """What the model reads of the texts: each distinct piece once, or the texts where it cuts none."""
        many, _ = listed(texts)
        return many if self._segmenter is None else distinct(self._segmenter, many)[0]

    @overload
    def generate(self, texts: str, **options: Any) -> Generation: ...
    @overload
    def generate(self, texts: Iterable[str], **options: Any) -> list[Generation]: ...
    def generate(self, texts: Texts, **options: Any) -> Generation | list[Generation]:
        """A `Generation` a text: text, ids, log-probabilities, why it ended, and times.

        Options:
            max_new_tokens: the longest output, in tokens; one number, or one a text (a piece, where the model
                cuts texts into pieces). The model's own limit where it is left out.
            prefix: texts that the outputs start with, one for all or a list; not part of the result.
            stop: tokens that end an output besides the model's own.
            threads: of this call.
            progress: called now and then with (texts done, texts in all).
        """
        many, alone = listed(texts)
        if self._segmenter is None:
            decoded, times = self._decode(many, **options)
            results = self._results(decoded, times)
        else:
            pieces, placed = distinct(self._segmenter, many)
            decoded, times = self._decode(pieces, **options)
            said = self._results(decoded, times)
            results = [_together([said[i] for i in places], self._segmenter.join, times) for places in placed]
        return results[0] if alone else results

    def generate_ids(
        self,
        sequences: Sequence[Any] | Batch,
        *,
        prefix: Sequence[Any] | Batch | None = None,
        max_new_tokens: int | I32 | None = None,
        stop: Iterable[str] | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> list[Generation]:
        """As `generate`, for callers with their own tokens: lists or arrays of ids, with nothing added."""
        self._open()
        batch = packed(sequences)
        begun = time.perf_counter()
        decoded = self._run(
            batch, None if prefix is None else packed(prefix), max_new_tokens, stop, threads, progress
        )
        return self._results(decoded, (0.0, time.perf_counter() - begun))

    def _decode(
        self,
        texts: list[str],
        *,
        prefix: str | Sequence[str] | None = None,
        max_new_tokens: int | I32 | None = None,
        stop: Iterable[str] | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[native.Decoded, tuple[float, float]]:
        """Texts to ids through both parts, and the seconds for tokenizing and running."""
        self._open()
        threads = self._threads(threads)
        begun = time.perf_counter()
        batch = self.tokenizer.encode_batch(texts, threads=threads)
        prefixes = None
        if prefix is not None:
            prefix = [prefix] * len(texts) if isinstance(prefix, str) else prefix
            prefixes = self.target_tokenizer.encode_batch(prefix, threads=threads, add_special_tokens=False)
        tokenized = time.perf_counter()
        decoded = self._run(batch, prefixes, max_new_tokens, stop, threads, progress)
        return decoded, (tokenized - begun, time.perf_counter() - tokenized)

    def _run(
        self,
        batch: Batch,
        prefixes: Batch | None,
        max_new_tokens: int | I32 | None,
        stop: Iterable[str] | None,
        threads: int | None,
        progress: Progress | None,
    ) -> native.Decoded:
        decoder, count = self.decoder, len(batch)
        limits = decoder.limit(max_new_tokens)
        if max_new_tokens is None and self.spec.generation.length_factor:
            most = self.spec.generation.length_factor * batch.lengths
            limits = np.minimum(most, decoder.max_new_tokens).astype(np.int32)
        if np.ndim(limits) and len(limits) != count:
            raise ArgumentError(
                "as many as texts", where="max_new_tokens", expected=str(count), found=str(len(limits))
            )
        if prefixes is not None:
            begun = decoder.prompts(count, prefixes)
            memory = self.encoder(batch, threads=threads, states=self._graphs["decoder"].attends).native
            prompts = (begun.ids, begun.offsets)
            return self._graphs["decoder"].greedy(
                memory,
                prompts,
                stop=decoder.stops(stop),
                max_new_tokens=limits,
                threads=self._threads(threads),
            )
        return native.translate(
            self._graphs["encoder"],
            self._graphs["decoder"],
            batch.ids,
            batch.offsets,
            start=0 if decoder.start is None else decoder.start,
            shortlist=self._shortlist,
            never=decoder.never,
            stop=decoder.stops(stop),
            max_new_tokens=limits,
            threads=self._threads(threads),
            progress=None if progress is None else lambda done: progress(done, count),
        )

    def _results(self, decoded: native.Decoded, times: tuple[float, float]) -> list[Generation]:
        begun = time.perf_counter()
        texts = self.decoder.texts(decoded)
        return generations(decoded, texts, Timings(*times, time.perf_counter() - begun))


def _shortlist(spec: ModelSpec, weights: Weights) -> native.Shortlist | None:
    if not spec.generation.shortlist:
        return None
    offsets, tokens, first = (weights[name] for name in SHORTLIST)
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


def _together(parts: list[Generation], join: str, times: tuple[float, float]) -> Generation:
    """The results of a text's pieces as one."""
    if len(parts) == 1:
        (one,) = parts
        return Generation(
            one.text, one.ids, one.token_logprobs, one.score, one.finish_reason, one.timings, (one,)
        )
    return Generation(
        text=join.join(part.text for part in parts if part.text),
        ids=np.concatenate([np.empty(0, np.int32), *(part.ids for part in parts)]),
        token_logprobs=np.concatenate([np.empty(0, np.float32), *(part.token_logprobs for part in parts)]),
        score=sum(part.score for part in parts),
        finish_reason="length" if any(part.finish_reason == "length" for part in parts) else "stop",
        timings=parts[0].timings if parts else Timings(*times, 0.0),
        parts=tuple(parts),
    )
