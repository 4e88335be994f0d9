"""How the tokens of an answer are chosen: options checked, and as the engine takes them."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    from fastseq.models.parts import Decoder

Tokens = Iterable[int | str]


@dataclass(frozen=True)
class Sampling:
    """Options of a call.

    They work in this order, on logits: bias, penalties, repeated runs, banned tokens; `forced` tokens come
    first whatever those say; temperature, top_k, top_p, min_p, typical_p. Tokens are ids or names.

    Attributes:
        temperature: logits are divided by it before chance decides; 0: the likeliest token each time. Left
            out it is 0, or 1 where one of the filters or a seed is given.
        top_k: only the k likeliest tokens; 0: all.
        top_p: only the fewest likeliest tokens whose probability reaches p.
        min_p: only tokens at least p times as likely as the likeliest.
        typical_p: only the fewest tokens of nearly the mean surprise whose probability reaches p.
        seed: of the random numbers, one or one a text. A text and a seed give the same answer in every batch;
            samples of one text (`num_return`) have random numbers of their own. None: another each time.
        repetition_penalty: logits of all tokens so far, the prompt's too, are divided by it where they are
            above 0, multiplied where below.
        presence_penalty: subtracted from the logit of every token that the answer holds.
        frequency_penalty: the same for each time that it holds the token.
        no_repeat_ngram: no run of so many tokens comes twice, the prompt counted; 0: off.
        logit_bias: {token: what is added to its logit}; -inf bans it.
        banned: tokens that are not chosen.
        forced: tokens that the answer begins with, or a text.
        top_logprobs: how many of the likeliest tokens to note beside each token of the answer.

    """

    temperature: float | None = None
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    seed: int | Sequence[int] | None = None
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    no_repeat_ngram: int = 0
    logit_bias: Mapping[int | str, float] | None = None
    banned: Tokens = ()
    forced: Tokens = ()
    top_logprobs: int = 0

    def check_sampling(self) -> None:
        """Raises `ArgumentError` for what is out of range."""
        if self.temperature is not None:
            _number(self.temperature, "temperature", lambda x: x >= 0, "0 or more")
        for name in ("top_p", "typical_p"):
            _number(getattr(self, name), name, lambda x: 0 < x <= 1, "above 0, at most 1")
        _number(self.min_p, "min_p", lambda x: 0 <= x <= 1, "0 to 1")
        _number(self.repetition_penalty, "repetition_penalty", lambda x: x > 0, "above 0")
        for name in ("presence_penalty", "frequency_penalty"):
            _number(getattr(self, name), name, lambda x: True, "a number")
        for name in ("top_k", "no_repeat_ngram"):
            whole(getattr(self, name), 0, 2**31 - 1, name)
        whole(self.top_logprobs, 0, 1024, "top_logprobs")
        for seed in _seeds(self.seed):
            whole(seed, 0, 2**64 - 1, "seed")
        bias = self.logit_bias or {}
        if not isinstance(bias, Mapping):
            raise ArgumentTypeError("not a dict", where="logit_bias", found=type(bias).__name__)
        for token, value in bias.items():
            if not isinstance(value, numbers.Real) or not value < math.inf:
                raise ArgumentError(
                    "bad bias",
                    where=f"logit_bias[{token!r:.40}]",
                    expected="a number, or -inf",
                    found=f"{value!r:.40}",
                )

    @property
    def heat(self) -> float:
        """The temperature, where it was left out too."""
        if self.temperature is not None:
            return self.temperature
        return 1.0 if self.filters() or self.seed is not None else 0.0

    def filters(self) -> list[str]:
        """The filters that are asked for."""
        usual = Sampling()
        names = ("top_k", "top_p", "min_p", "typical_p")
        return [name for name in names if getattr(self, name) != getattr(usual, name)]

    def of_chance(self) -> list[str]:
        """What is asked for that only a search for one token at a time can do."""
        asked = self.filters()
        if self.temperature:
            asked.insert(0, "temperature")
        if self.seed is not None:
            asked.append("seed")
        if self.top_logprobs:
            asked.append("top_logprobs")
        return asked

    def engine(self, decoder: Decoder, count: int, samples: int) -> dict[str, Any]:
        """The engine's arguments, for `samples` answers to each of `count` texts."""
        made = native.Sampling(
            decoder.vocabulary,
            bias={decoder.token(t, "logit_bias"): float(b) for t, b in (self.logit_bias or {}).items()},
            repetition_penalty=self.repetition_penalty,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            no_repeat_ngram=self.no_repeat_ngram,
            banned=decoder.tokens(self.banned, "banned"),
            forced=decoder.beginning(self.forced),
            temperature=self.heat,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            typical_p=self.typical_p,
        )
        return {
            "sampling": made,
            "seeds": np.repeat(self._each_seed(count), samples),
            "streams": np.tile(np.arange(samples, dtype=np.uint32), count),
            "alternatives": min(int(self.top_logprobs), decoder.vocabulary),
        }

    def _each_seed(self, count: int) -> Any:
        if self.seed is None:
            return np.frombuffer(os.urandom(8 * count) if self.heat else bytes(8 * count), np.uint64)
        seeds = np.array(_seeds(self.seed), np.uint64)
        if len(seeds) != count and not isinstance(self.seed, (int, np.integer)):
            raise ArgumentError("as many as texts", where="seed", expected=str(count), found=str(len(seeds)))
        return np.broadcast_to(seeds, (count,)) if len(seeds) == 1 else seeds


def whole(value: Any, low: int, high: int, where: str) -> None:
    """Raises `ArgumentError` for what is no integer, Python's or NumPy's, of a range."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not low <= int(value) <= high:
        raise ArgumentError("out of range", where=where, expected=f"{low} to {high}", found=repr(value)[:60])


def _seeds(seed: Any) -> list[Any]:
    if seed is None:
        return []
    if isinstance(seed, (str, bytes, float)):
        return [seed]
    values = np.asarray(seed, dtype=object).reshape(-1).tolist()
    return [int(value) if isinstance(value, np.integer) else value for value in values]


def _number(value: Any, where: str, within: Callable[[float], bool], expected: str) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(float(value)):
        raise ArgumentError("not a number", where=where, expected=expected, found=repr(value)[:60])
    if not within(float(value)):
        raise ArgumentError("out of range", where=where, expected=expected, found=repr(value)[:60])
