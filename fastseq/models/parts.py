"""The parts of a model, standing alone: `Encoder` and `Decoder`."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, UnsupportedError
from fastseq.models.base import Model, Texts, listed, packed
from fastseq.models.blocks import Embedding
from fastseq.models.outputs import before, generations, leaving, repeated
from fastseq.models.results import I32, Generation, Memory, Step, Timings
from fastseq.models.search import Search, reporting
from fastseq.text import Batch, Tokenizer
from fastseq.text.pieces import strings, token_bytes
from fastseq.text.rules import RuleTokenizer
from fastseq.text.sentencepiece import SentencePieceTokenizer
from fastseq.text.streams import DecodeStream


class Encoder:
    """Texts or ids to a `Memory`."""

    def __init__(self, model: Model, graph: native.Graph) -> None:
        self._model, self._graph = model, graph

    def __call__(
        self,
        texts: Texts | Batch | Sequence[NDArray[Any]],
        *,
        threads: int | None = None,
        states: bool = True,
    ) -> Memory:
        """Runs the encoder over texts (a str, a list of them), a `Batch`, or a list of integer arrays.

        ``states=False`` leaves out the row a token, for callers who only want `Memory.final`.
        """
        self._model._open()
        threads = self._model._threads(threads)
        batch = self.batch(texts, threads)
        rows, hidden, cell = self._graph.forward(batch.ids, batch.offsets, threads=threads, rows=states)
        return Memory(rows, batch.offsets, hidden, cell)

    def batch(self, texts: Any, threads: int | None) -> Batch:
        """Anything that `__call__` takes, as ids."""
        if isinstance(texts, Batch):
            return texts
        if isinstance(texts, Iterable) and not isinstance(texts, str):
            texts = list(texts)
            if texts and not isinstance(texts[0], str):
                return packed(texts)
        return self._model.tokenizer.encode_batch(listed(texts)[0], threads=threads)


class Decoder:
    """From a `Memory` (None for a language model) to tokens, the likeliest each time."""

    def __init__(self, model: Model, graph: native.Graph, tokenizer: Tokenizer | None) -> None:
        self._model, self._graph, self._tokenizer = model, graph, tokenizer
        spec = model.spec.generation
        blank = any(isinstance(block, Embedding) and block.blank for block in model.spec.decoder)
        self.start = (
            (-1 if blank else None) if spec.start is None else self.token_id(spec.start, "generation.start")
        )
        self.stop = tuple(self.token_id(token, "generation.stop") for token in spec.stop)
        self.never = (
            *(self.token_id(token, "generation.never") for token in spec.never),
            *self._without_token(),
        )
        self.max_new_tokens = spec.max_new_tokens

    @property
    def graph(self) -> native.Graph:
        return self._graph

    def _without_token(self) -> list[int]:
        """Ids that no token has, of rows that fill a table up."""

        def unknown(id: int) -> bool:
            try:
                return self._tokenizer is not None and self._tokenizer.decode([id]) is None
            except ArgumentError:
                return True

        known = self._graph.width if self._tokenizer is None else len(self._tokenizer)
        return [id for id in range(known, self._graph.width) if unknown(id)]

    def token_id(self, token: str, where: str) -> int:
        """The id of a token by its name; without a tokenizer, of the number it is."""
        number = int(token) if token.isdecimal() else None
        found = number if self._tokenizer is None else self._tokenizer.token_id(token)
        if found is None or found >= self._graph.width:
            raise ArgumentError(
                "no such token",
                where=where,
                expected="a token of the output vocabulary"
                if self._tokenizer
                else f"0 to {self._graph.width - 1}",
                found=f"{token!r:.60}",
            )
        return found

    @property
    def vocabulary(self) -> int:
        """V: how many tokens there are."""
        return self._graph.width

    def token(self, token: int | str, where: str) -> int:
        """The id of a token by its id or name."""
        if isinstance(token, str):
            return self.token_id(token, where)
        if not isinstance(token, (int, np.integer)) or not 0 <= token < self.vocabulary:
            raise ArgumentError(
                "no such token",
                where=where,
                expected=f"a name, or 0 to {self.vocabulary - 1}",
                found=f"{token!r:.60}",
            )
        return int(token)

    def tokens(self, tokens: Iterable[int | str], where: str) -> list[int]:
        """The ids of tokens by id or name."""
        return [self.token(token, where) for token in ([tokens] if isinstance(tokens, str) else tokens)]

    def beginning(self, forced: Iterable[int | str]) -> list[int]:
        """What an answer begins with: ids or names of tokens, or a text."""
        if isinstance(forced, str) and self._tokenizer is not None:
            return self._tokenizer.encode(forced, add_special_tokens=False)
        return self.tokens(forced, "forced")

    def stops(self, more: str | Iterable[str] | None) -> tuple[list[int], list[bytes]]:
        """What ends an output: ids, the model's own and those that the caller names, and texts in UTF-8."""
        ids, texts = list(self.stop), []
        for stop in [more] if isinstance(more, str) else more or ():
            if self._is_text(stop):
                texts.append(stop.encode())
            else:
                ids.append(self.token_id(stop, "stop"))
        return ids, texts

    def stop_texts(self, more: str | Iterable[str] | None) -> list[str]:
        """The texts among what ends an output."""
        return [stop.decode() for stop in self.stops(more)[1]]

    def stream(self) -> DecodeStream:
        """What turns a language model's tokens into text as they come."""
        return self._model.tokenizer.decode_stream()

    def _is_text(self, stop: str) -> bool:
        """Whether it is looked for in the text, and not a token's name."""
        if not stop:
            raise ArgumentError("an empty text", where="stop", expected="one character at least")
        tokenizer = self._tokenizer
        if tokenizer is None or isinstance(tokenizer, RuleTokenizer) or stop in tokenizer.special_tokens:
            return False
        if isinstance(tokenizer, SentencePieceTokenizer):
            id = tokenizer.token_id(stop)
            return id is None or not tokenizer.is_control(id)
        return True

    @cached_property
    def piece_bytes(self) -> list[bytes] | None:
        """What each token adds to a text; None where texts are not their tokens one behind the other."""
        return None if self._tokenizer is None else token_bytes(self._tokenizer, self.vocabulary)

    @cached_property
    def ids_of_bytes(self) -> dict[bytes, list[int]]:
        """The tokens that add some bytes, by these."""
        found: dict[bytes, list[int]] = {}
        for id, piece in enumerate(self.piece_bytes or ()):
            found.setdefault(piece, []).append(id)
        return found

    @cached_property
    def pieces(self) -> native.Strings:
        """`piece_bytes` as the engine takes them."""
        if self.piece_bytes is None:
            raise UnsupportedError(
                "texts of this tokenizer are not its tokens one behind the other", where="stop"
            )
        return strings(self.piece_bytes)

    @property
    def tokenizer(self) -> Tokenizer:
        """Ids to text."""
        if self._tokenizer is None:
            raise ArgumentError("the model has no tokenizer for its outputs", where="tokenizer")
        return self._tokenizer

    def limit(self, tokens: Any) -> Any:
        """A checked limit: one for all, or one a text."""
        if tokens is None:
            return self.max_new_tokens
        array = np.asarray(tokens)
        if (
            array.dtype.kind not in "iu"
            or array.ndim > 1
            or (array.size and not 0 <= array.min() <= array.max() < 2**31)
        ):
            raise ArgumentError(
                "bad limit",
                where="max_new_tokens",
                expected="an integer from 0, or one a text",
                found=repr(tokens)[:60],
            )
        return array.astype(np.int32) if array.ndim else int(array)

    def prompts(self, count: int, prefixes: Batch | None) -> Batch:
        """What each output starts with: the start token, and ids that are given."""
        first = np.array([] if self.start is None else [self.start], np.int32)
        if prefixes is None:
            return Batch(np.tile(first, count), len(first) * np.arange(count + 1))
        if len(prefixes) != count:
            raise ArgumentError(
                "as many as texts", where="prefix", expected=str(count), found=str(len(prefixes))
            )
        rows = [np.concatenate([first, row]) for row in prefixes]
        offsets = np.cumsum([0, *map(len, rows)])
        return Batch(np.concatenate([*rows, np.empty(0, np.int32)]), offsets)

    def greedy(
        self, memory: Memory | None, *, prefix: Batch | Sequence[Any] | None = None, **options: Any
    ) -> list[Generation]:
        """The likeliest next token, again and again, for every text of the memory.

        `prefix`: ids that each output starts with, one list a text. A language model has no memory: it needs
        them, or a start token. Other options: those of `generate`, but for beams.
        """
        return self._search(memory, prefix, Search.of(options))

    def beam(
        self,
        memory: Memory | None,
        *,
        beam_size: int = 4,
        prefix: Batch | Sequence[Any] | None = None,
        **options: Any,
    ) -> list[Any]:
        """As `greedy`, following `beam_size` hypotheses at once; with `num_return`, a list a text."""
        return self._search(memory, prefix, Search.of(options, beam_size=beam_size))

    def _search(self, memory: Memory | None, prefix: Any, search: Search) -> list[Any]:
        given, count = self._of(memory, prefix)
        if search.samples > 1 and memory is not None:
            raise ArgumentError(
                "samples of a memory are drawn one at a time", where="num_return", expected="1"
            )
        begun = repeated(self.prompts(count, given), search.samples)
        threads = self._model._threads(search.threads)

        def results(decoded: native.Decoded) -> list[Any]:
            return generations(decoded, self.texts(decoded, search), Timings(0, 0, 0), search)

        with leaving(results), reporting(search.progress, count, "text") as told:
            decoded = self._graph.decode(
                None if memory is None else memory.native,
                (begun.ids, begun.offsets),
                **search.native(self, self.limit(search.max_new_tokens), threads, told, count),
            )
        return results(decoded)

    def steps(
        self,
        memory: Memory | None = None,
        *,
        prefix: Batch | Sequence[Any] | None = None,
        max_new_tokens: int | None = None,
        stop: Iterable[str] | None = None,
    ) -> Generator[Step, Sequence[int] | I32 | None, None]:
        """The autoregression, one token a step: yields a `Step` for all texts of the memory at once.

        Ends when every sequence has, or at the limit. Each step goes on with its own `ids`, unless others are
        sent: ``steps.send([3, 5])``.
        """
        given, count = self._of(memory, prefix)
        begun = self.prompts(count, given)
        stop_ids, stop_texts = self.stops(stop)
        if stop_texts:
            raise ArgumentError("no token", where="stop", found=repr(stop_texts[0].decode()))
        ends = np.array(stop_ids, np.int32)
        stepper = self._graph.stepper(None if memory is None else memory.native, count)
        log_probs = _feed(stepper, begun)
        finished = np.zeros(count, np.bool_)
        for _ in range(int(self.limit(max_new_tokens))):
            allowed = log_probs.copy()
            allowed[:, list(self.never)] = -np.inf
            ids = allowed.argmax(1).astype(np.int32)
            chosen = np.take_along_axis(log_probs, ids[:, None], 1)[:, 0]
            attention = stepper.attention() if self._graph.attends else None
            sent = yield Step(ids, chosen, log_probs, attention, finished | np.isin(ids, ends))
            if sent is not None:
                ids = _sent(sent, count)
            finished = finished | np.isin(ids, ends)
            if finished.all():
                return
            log_probs = stepper.step(ids)

    def _of(self, memory: Any, prefix: Any) -> tuple[Batch | None, int]:
        """The prefixes, and how many sequences there are."""
        self._model._open()
        if memory is not None and not isinstance(memory, Memory):
            raise ArgumentTypeError(
                "not a memory",
                where="memory",
                expected="what the model's encoder gives",
                found=type(memory).__name__,
            )
        given = None if prefix is None else packed(prefix)
        return given, len(memory) if memory is not None else 1 if given is None else len(given)

    def texts(self, decoded: native.Decoded, search: Search) -> list[str]:
        """What was decoded as text, up to what stopped it; empty texts without a tokenizer."""
        if self._tokenizer is None:
            return [""] * (len(decoded.offsets) - 1)
        lengths = np.diff(decoded.offsets)
        some = np.append(decoded.offsets[:-1][lengths > 0], decoded.offsets[-1])
        said = iter(self._tokenizer.decode_batch(Batch(decoded.ids, some)))
        texts = [next(said) if length else "" for length in lengths.tolist()]
        ends = self.stop_texts(search.stop)
        return [before(text, ends) for text in texts] if ends else texts


def _feed(stepper: native.Stepper, prompts: Batch) -> NDArray[np.float32]:
    """Runs the prompts through: of one length, where each token is a step of every sequence."""
    lengths = set(prompts.lengths.tolist())
    if stepper.feeds and lengths and 0 not in lengths:
        last = prompts.offsets[1:] - 1
        stepper.feed(np.delete(prompts.ids, last), prompts.offsets - np.arange(len(prompts.offsets)))
        return stepper.step(prompts.ids[last])
    if len(lengths) != 1 or 0 in lengths:
        raise ArgumentError(
            "steps need prompts of one length",
            where="prefix",
            expected="as many ids for every text, at least one",
            found=f"lengths {sorted(lengths)}"[:60],
        )
    columns = prompts.ids.reshape(len(prompts), -1)
    for column in range(columns.shape[1]):
        log_probs = stepper.step(np.ascontiguousarray(columns[:, column]))
    return log_probs


def _sent(ids: Any, count: int) -> I32:
    array = np.asarray(ids)
    if array.shape != (count,) or array.dtype.kind not in "iu":
        raise ArgumentError(
            "not one id a sequence", where="send", expected=f"{count} integers", found=str(array.shape)
        )
    return array.astype(np.int32)
