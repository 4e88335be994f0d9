"""A decoder alone: the probability of the next token."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, overload

import numpy as np

from fastseq._core import native
from fastseq.errors import ArgumentError
from fastseq.models import chat, constrained
from fastseq.models.answer import Answer
from fastseq.models.base import Model, Texts, Weights, listed, packed, prefixed
from fastseq.models.engine import Engine
from fastseq.models.outputs import generations, leaving, repeated
from fastseq.models.parts import Decoder
from fastseq.models.prompt_cache import PromptCache
from fastseq.models.results import Generation, NextToken, TextScore, Timings, said
from fastseq.models.runs import answered
from fastseq.models.scores import scored
from fastseq.models.search import Search, reporting
from fastseq.models.spec import ModelSpec
from fastseq.text import Batch
from fastseq.text.pieces import token_name


class LanguageModel(Model):
    """Continues texts, says what may come next, and scores texts."""

    task = "language_model"

    def __init__(self, spec: ModelSpec, weights: Weights, **options: Any) -> None:
        super().__init__(spec, weights, **options)
        self._graph_of_decoder = self._graphs["decoder"]
        self.decoder = Decoder(self, self._graph_of_decoder, self._tokenizer)

    @overload
    def __call__(self, texts: str, **options: Any) -> str: ...
    @overload
    def __call__(self, texts: Iterable[str], **options: Any) -> list[str]: ...
    def __call__(self, texts: Texts, **options: Any) -> str | list[str]:
        """What the model writes after a text, without the text itself. Options: those of `generate`."""
        many, alone = listed(texts)
        outputs = [said(result) for result in self.generate(many, **options)]
        return outputs[0] if alone else outputs

    @overload
    def generate(self, texts: str, **options: Any) -> Generation: ...
    @overload
    def generate(self, texts: Iterable[str], **options: Any) -> list[Generation]: ...
    @overload
    def generate(self, *, messages: Sequence[Any], **options: Any) -> Any: ...
    def generate(self, texts: Texts | None = None, *, messages: Any = None, **options: Any) -> Any:
        """A `Generation` a text: what follows it; with `num_return` a list a text.

            model.generate(messages=[{"role": "user", "content": "Explain rain to a child."}]).text

        Args:
            texts: a text or several; or
            messages: a conversation (a list of dicts with `role` and `content`), or a list of conversations,
                which the model's chat template makes the prompt of. It needs jinja2.
            options: those of `fastseq.models.search.Search`; `prefix`, a text that answers go on from (or one
                each), which is no part of them; with messages also `tools` (JSON schemas),
                `continue_final_message` (go on with the last message), `template_values` (whatever else the
                template asks for); without, `stream`: give an iterator of results, in order, as runs of texts
                are done; `texts` may be one, too, of any length.

        """
        begun = time.perf_counter()
        if (texts is None) == (messages is None):
            raise ArgumentError("one of them", where="texts, messages", expected="texts or messages")
        if texts is None:
            made, alone = chat.prompts(self, messages, options)
            results = self._continued(packed(made), time.perf_counter() - begun, Search.of(options))
            return results[0] if alone else results
        return answered(texts, options, self._generated)

    def _generated(self, texts: list[str], prefix: Any, search: Search) -> list[Any]:
        begun = time.perf_counter()
        batch = self.prompts(self.encoded(prefixed(texts, prefix), search.threads))
        return self._continued(batch, time.perf_counter() - begun, search)

    def chat_prompt(self, messages: chat.Messages, **options: Any) -> str:
        """The text that the model's chat template makes of a conversation.

        Options: those of `fastseq.text.chat.ChatTemplate.render`.
        """
        return chat.template_of(self).render(messages, **{"add_generation_prompt": True, **options})

    def generate_ids(self, sequences: Sequence[Any] | Batch, **options: Any) -> list[Generation]:
        """As `generate`, for callers with their own tokens; the start token is put before them."""
        return self._continued(self.prompts(packed(sequences)), 0.0, Search.of(options))

    def stream(
        self, text: str | Sequence[int] | None = None, *, messages: Any = None, **options: Any
    ) -> Answer:
        """What follows a text as it comes: an iterator, sync or async, of pieces that split no character.

        for piece in model.stream("Once upon a time"):
            print(piece, end="", flush=True)

        Leaving the loop, or `cancel()`, stops the work; `result()` gives the `Generation`. Options: those of
        `generate` for one text, or one conversation as `messages`. For many callers at once, see `engine`.
        Closing the model lets the stream go on to its end.
        """
        if (text is None) == (messages is None):
            raise ArgumentError("one of them", where="text, messages", expected="a text or messages")
        cache = options.pop("prompt_cache", None)
        beginnings = [] if cache is None else [cache]
        engine = self.engine(max_batch=1, threads=1, prompt_cache=0, beginnings=beginnings)
        answer = engine.submit(messages if text is None else text, **options)
        answer.add_done_callback(lambda _: engine.close())
        return answer

    def prompt_cache(
        self, text: str | Sequence[int] | None = None, *, path: str | PathLike[str] | None = None
    ) -> PromptCache:
        """What the model computes of a text (or ids) that prompts begin with, once for all of them.

        path: of one that was saved, instead.
        """
        self._open()
        if (text is None) == (path is None):
            raise ArgumentError("either a text or a path", where="prompt_cache")
        if path is not None:
            return PromptCache.load(self, path)
        batch = self.prompts(self.encoded([text]) if isinstance(text, str) else packed([text]))
        return PromptCache(self, batch.ids)

    def engine(self, **options: Any) -> Engine:
        """An `Engine`, which continues texts for many callers at once; close it, or use it in a `with`.

        Options: max_batch (32), sequences under way together; max_tokens, that they may hold in all, prompts
        and answers (no bound); max_waiting (1024) prompts beside those; prompt_cache (8192), tokens of ended
        sequences that are kept for prompts that begin alike; beginnings, of `prompt_cache`; threads.
        """
        return Engine(self, **options)

    def next_token(self, text: str, top_k: int = 5) -> list[NextToken]:
        """The `top_k` likeliest tokens after a text, with their probabilities, likeliest first."""
        self._open()
        if type(top_k) is not int or not 1 <= top_k <= self._graph_of_decoder.width:
            raise ArgumentError(
                "bad count", where="top_k", expected=f"1 to {self._graph_of_decoder.width}", found=repr(top_k)
            )
        ids = self.encoded([text], None)
        self.prompts(ids)  # says where there is nothing to continue
        steps = self.decoder.steps(prefix=ids, max_new_tokens=1)
        log_probs = next(steps).log_probs[0]
        best = np.argsort(-log_probs, kind="stable")[:top_k].tolist()
        return [NextToken(token_name(self.tokenizer, i), i, float(np.exp(log_probs[i]))) for i in best]

    @overload
    def score(self, texts: str, **options: Any) -> TextScore: ...
    @overload
    def score(self, texts: Iterable[str], **options: Any) -> list[TextScore]: ...
    def score(self, texts: Texts, **options: Any) -> TextScore | list[TextScore]:
        """How probable each text is: log-probability a token, and perplexity.

        A model without a start token says nothing about the first token, which is then left out.

        Options:
            window: how many tokens the model reads at once at most; None: as many as it has positions for. A
                longer text is read in windows that overlap, in memory that does not grow with it.
            stride: how many tokens a window goes on from the one before; None: half of it. Every token but
                those of the first window is scored after `window - stride` tokens at least.
            threads: of this call.
        """
        many, alone = listed(texts)
        scores = self.score_ids(self.encoded(many, options.get("threads")), **options)
        return scores[0] if alone else scores

    def score_ids(
        self,
        sequences: Sequence[Any] | Batch,
        *,
        window: int | None = None,
        stride: int | None = None,
        threads: int | None = None,
    ) -> list[TextScore]:
        """As `score`, for callers with their own tokens."""
        self._open()
        return scored(
            self._graph_of_decoder,
            packed(sequences),
            self.decoder.start,
            window=window,
            stride=stride,
            threads=self._threads(threads),
        )

    def encoded(self, texts: list[str], threads: int | None = None) -> Batch:
        """Texts as ids, without special tokens."""
        self._open()
        return self.tokenizer.encode_batch(texts, threads=self._threads(threads), add_special_tokens=False)

    def prompt(self, prompt: Any, options: dict[str, Any]) -> Batch:
        """One prompt as it goes in: of a text, ids, or a conversation, whose options are taken out."""
        if isinstance(prompt, str):
            return self.prompts(self.encoded(prefixed([prompt], options.pop("prefix", None))))
        prompt = list(prompt)
        if prompt and isinstance(prompt[0], Mapping):
            return packed(chat.prompts(self, prompt, options)[0])
        prefix = options.pop("prefix", None)
        if prefix is not None:
            prompt += self.encoded(prefixed([""], prefix)).ids.tolist()
        return self.prompts(packed([prompt]))

    def prompts(self, batch: Batch) -> Batch:
        """What goes in: the start token, where the model has one, and ids, one at least in all."""
        decoder = self.decoder
        if decoder.start is None and len(batch) and not batch.lengths.all():
            place = int(np.flatnonzero(batch.lengths == 0)[0])
            raise ArgumentError(
                "nothing to continue: the model has no start token",
                where=f"texts[{place}]",
                expected="a text of at least one token",
            )
        return decoder.prompts(len(batch), batch)

    def _continued(self, batch: Batch, tokenized: float, search: Search) -> list[Any]:
        self._open()
        decoder = self.decoder
        if search.constraints:
            return constrained.generate(self, batch, search, tokenized)
        begun, since = time.perf_counter(), native.clock()
        prompts = repeated(batch, search.samples)
        limits, threads = decoder.limit(search.max_new_tokens), self._threads(search.threads)

        def results(decoded: native.Decoded) -> list[Any]:
            run = time.perf_counter()
            texts = decoder.texts(decoded, search)
            times = Timings(tokenized, run - begun, time.perf_counter() - run)
            return generations(decoded, texts, times, search, since)

        with leaving(results), reporting(search.progress, len(batch), "text") as told:
            decoded = self._graph_of_decoder.decode(
                None,
                (prompts.ids, prompts.offsets),
                **search.native(decoder, limits, threads, told, len(batch)),
            )
        return results(decoded)
