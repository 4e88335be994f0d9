"""Beam search in plain Python, one sequence at a time.

Hypotheses rank by score / length^alpha; the length counts the end token.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

LogProbs = Callable[[tuple[int, ...]], np.ndarray]  # (V) of the next token after some; -inf: impossible


class Hypothesis(NamedTuple):
    ids: tuple[int, ...]
    score: float
    rank: float
    stopped: bool


def ranked(score: float, length: int, alpha: float) -> float:
    return score / max(length, 1) ** alpha


def exhaustive(
    next_of: LogProbs,
    stop: Sequence[int],
    limit: int,
    alpha: float,
    ends: Callable[[tuple[int, ...]], bool] = lambda ids: False,
) -> list[Hypothesis]:
    """Every sequence that there is, best first; `ends`: those that end where they are."""
    found: list[Hypothesis] = []

    def visit(ids: tuple[int, ...], score: float) -> None:
        if ends(ids) or len(ids) == limit:
            found.append(Hypothesis(ids, score, ranked(score, len(ids), alpha), ends(ids)))
            return
        for token, logprob in enumerate(next_of(ids).tolist()):
            if logprob == -math.inf:
                continue
            if token in stop:
                sum_ = score + logprob
                found.append(Hypothesis(ids, sum_, ranked(sum_, len(ids) + 1, alpha), True))
            else:
                visit((*ids, token), score + logprob)

    visit((), 0.0)
    return sorted(found, key=lambda one: -one.rank)


def beam(next_of: LogProbs, stop: Sequence[int], limit: int, alpha: float, size: int) -> list[Hypothesis]:
    """The `size` best beginnings; one that ends takes its place with it. All that ended, best first."""
    live: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
    ended: list[Hypothesis] = []
    for length in range(1, limit + 1):
        options = [
            (score + logprob, ids, token)
            for ids, score in live
            for token, logprob in enumerate(next_of(ids).tolist())
            if logprob > -math.inf
        ]
        options.sort(key=lambda one: -one[0])
        live = []
        for score, ids, token in options[: size - len(ended)]:
            if token in stop:
                ended.append(Hypothesis(ids, score, ranked(score, length, alpha), True))
            else:
                live.append(((*ids, token), score))
        if not live:
            break
    ended += [Hypothesis(ids, score, ranked(score, limit, alpha), False) for ids, score in live]
    return sorted(ended, key=lambda one: -one.rank)
