"""What models give back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastseq._core import native

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
FinishReason = Literal["stop", "length", "deadline", "interrupted"]


class Timings(NamedTuple):
    """Seconds.

    The first three are those of a call, for all of its texts together; the others, of greedy search and
    sampling, are one text's: waiting until it was begun, its prompt with the first token of the answer, and
    the mean of each token after that.
    """

    tokenize: float
    run: float
    detokenize: float
    queue: float = 0.0
    prompt: float = 0.0
    token: float = 0.0

    @property
    def total(self) -> float:
        """Of the call."""
        return self.tokenize + self.run + self.detokenize

    def of_text(self, times: I64, since: int, tokens: int) -> Timings:
        """With one text's, by `native.clock`: it began, had a token, ended; the call began at `since`."""
        begun, first, ended = times.tolist()
        if not first:
            return self._replace(queue=(begun - since) / 1e9 if begun else self.run)
        each = (ended - first) / 1e9 / max(tokens - 1, 1)
        return self._replace(queue=(begun - since) / 1e9, prompt=(first - begun) / 1e9, token=each)


class TopLogprobs(NamedTuple):
    """The likeliest tokens at each place of an answer of T tokens, the likeliest first.

    Probabilities are the model's own, before temperature, penalties and filters.
    """

    ids: I32
    """(T, k); -1 where there are no more of them."""
    logprobs: F32
    """(T, k)."""


@dataclass(frozen=True, eq=False)
class Generation:
    """One generated text.

    Attributes:
        text: the output; empty when the model has no tokenizer for it.
        ids: (T) int32, the output's tokens without the one that ended it.
        token_logprobs: (T) float32, the natural logarithm of each token's probability: the model's own,
            before temperature, penalties and filters.
        score: their sum, the end's included: the log-probability of the whole output.
        finish_reason: ``stop`` when the model ended it, ``length`` when the limit did, ``deadline`` or
            ``interrupted`` (by a signal) when it is only what was done by then.
        timings: seconds of the call that this belongs to.
        parts: for a model that cuts texts into pieces, the pieces' own results in order.
        alignment: (T) int32, the source's token that each of `ids` comes from, -1 where that is not known;
            None unless it was asked for.
        top_logprobs: None unless it was asked for.

    """

    text: str
    ids: I32
    token_logprobs: F32
    score: float
    finish_reason: FinishReason
    timings: Timings
    parts: tuple[Generation, ...] = field(default=(), repr=False)
    alignment: I32 | None = field(default=None, repr=False)
    top_logprobs: TopLogprobs | None = field(default=None, repr=False)


def ended_together(reasons: Iterable[FinishReason]) -> FinishReason:
    """Why a whole ended, of its parts' reasons: the worst of them."""
    order: list[FinishReason] = ["stop", "length", "deadline", "interrupted"]
    return max(reasons, key=order.index, default="stop")


def said(result: Generation | list[Generation]) -> Any:
    """The text of a result, or with `num_return` the texts."""
    return [one.text for one in result] if isinstance(result, list) else result.text


class Pair(NamedTuple):
    """Begin and end, in characters: of something in the source, and of what it became."""

    source: tuple[int, int]
    target: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Translation:
    """A document's.

    Attributes:
        text: of the translation.
        sentences: spans of the source's sentences (pieces, of long ones) and of their translations.
        tokens: for each token of the translation the span of the source's that it comes from (empty where
            that is the sentence's end), and its own; None unless `align` asked for it.
        score: log-probability of the whole.
        finish_reason: as of a `Generation`; the worst of its sentences.
    """

    text: str
    sentences: tuple[Pair, ...]
    tokens: tuple[Pair, ...] | None
    score: float
    finish_reason: FinishReason


@dataclass(frozen=True, eq=False)
class TextScore:
    """How probable a language model finds a text.

    Attributes:
        ids: (T) int32, the tokens that were scored.
        token_logprobs: (T) float32, of each token after those before it.

    """

    ids: I32
    token_logprobs: F32

    @property
    def logprob(self) -> float:
        """Natural logarithm of the text's probability."""
        return float(self.token_logprobs.sum(dtype=np.float64))

    @property
    def perplexity(self) -> float:
        """Exp of the mean negative log-probability a token; NaN for a text without tokens."""
        count = len(self.token_logprobs)
        return math.exp(min(-self.logprob / count, 700.0)) if count else math.nan


class NextToken(NamedTuple):
    """A token that may come next."""

    token: str
    id: int
    probability: float


class Memory:
    """What an encoder leaves for a decoder: B texts with N tokens in all.

    Attributes:
        states: (N, D) float32, one row a token, texts one after the other; None when they were not asked for.
        offsets: (B + 1) int64: text i has the rows offsets[i] to offsets[i + 1].
        hidden: (B, L, H) float32, the final state of each recurrent layer, both directions side by side.
        cell: the same of an LSTM's cells; None for other models.

    ``memory[i]`` is the rows of text i.
    """

    def __init__(self, states: F32 | None, offsets: I64, hidden: F32 | None, cell: F32 | None) -> None:
        self.native = native.Memory(states, offsets, hidden, cell)
        self.states, self.offsets, self.hidden, self.cell = states, offsets, hidden, cell

    @property
    def final(self) -> F32:
        """(B, H) float32: the final state of the last layer, one vector of fixed size a text."""
        if self.hidden is None:
            raise AttributeError("an encoder without recurrent layers leaves no final state")
        return self.hidden[:, -1]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> F32:
        if self.states is None:
            raise AttributeError("this memory was made without states")
        if not -len(self) <= index < len(self):
            raise IndexError(f"text {index} of {len(self)}")
        index %= len(self)
        return self.states[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[F32]:
        return (self[index] for index in range(len(self)))


@dataclass(frozen=True, eq=False)
class Step:
    """One token a sequence, in the making.

    Attributes:
        ids: (B) int32, the likeliest next token of each sequence.
        token_logprobs: (B) float32, their log-probabilities.
        log_probs: (B, V) float32, those of the whole vocabulary.
        attention: for each sequence its weights over the memory's rows (S) float32; None without attention.
        finished: (B) bool, which sequences have ended, before or with this token.

    """

    ids: I32
    token_logprobs: F32
    log_probs: F32
    attention: list[F32] | None
    finished: NDArray[np.bool_]


@dataclass(frozen=True)
class Info:
    """Facts about a model. `weight_bytes` is memory for weights as the engine holds them."""

    task: str
    name: str
    description: str
    licence: str
    source: str
    path: str | None
    dtype: str
    parameters: int
    weight_bytes: int
    vocabulary: int
    outputs: int
    encoder: tuple[str, ...]
    decoder: tuple[str, ...]
