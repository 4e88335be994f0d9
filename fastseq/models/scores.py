"""How probable texts are, long ones in windows that overlap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastseq._core import native
from fastseq.models.results import F32, I32, TextScore
from fastseq.models.sampling import whole
from fastseq.text import Batch

_TOKENS_AT_ONCE = 2**18  # of windows in one native call


class _Window(NamedTuple):
    """Tokens [begin, end) of a text are scored behind the one before them; those from `first` on count."""

    text: int
    begin: int
    first: int
    end: int


def scored(
    graph: native.Graph,
    batch: Batch,
    start: int | None,
    *,
    window: int | None,
    stride: int | None,
    threads: int | None,
) -> list[TextScore]:
    """The scores of each text behind `start`; None: behind its own first token."""
    most = graph.longest or 2**31 - 1
    if window is not None:
        whole(window, 1, most, "window")
    most = most if window is None else window
    if stride is not None:
        whole(stride, 1, most, "stride")
    step = max(most // 2, 1) if stride is None else stride
    texts = [row if start is None else np.concatenate([[start], row]).astype(np.int32) for row in batch]
    scores = [np.empty(max(len(text) - 1, 0), np.float32) for text in texts]
    for group in _groups([one for i, text in enumerate(texts) for one in _windows(i, len(text), most, step)]):
        for one, logprobs in zip(group, _run(graph, texts, group, threads), strict=True):
            scores[one.text][one.first - 1 : one.end - 1] = logprobs[one.first - one.begin :]
    return [TextScore(text[1:], logprobs) for text, logprobs in zip(texts, scores, strict=True)]


def _windows(text: int, length: int, most: int, stride: int) -> list[_Window]:
    """`most` tokens go in at once: the one before `begin`, and those up to the last but one."""
    made, first = [], 1
    while first < length:
        end = min(length, first + (most if first == 1 else stride))
        made.append(_Window(text, max(end - most, 1), first, end))
        first = end
    return made


def _groups(windows: list[_Window]) -> list[list[_Window]]:
    """As many at a time as have a bounded number of tokens."""
    groups: list[list[_Window]] = []
    room = 0
    for one in windows:
        room -= one.end - one.begin
        if room < 0 or not groups:
            groups.append([])
            room = _TOKENS_AT_ONCE - (one.end - one.begin)
        groups[-1].append(one)
    return groups


def _run(graph: native.Graph, texts: list[I32], windows: list[_Window], threads: int | None) -> list[F32]:
    offsets = np.cumsum([0, *(one.end - one.begin for one in windows)])
    ids = np.concatenate([texts[one.text][one.begin : one.end] for one in windows])
    starts = np.array([texts[one.text][one.begin - 1] for one in windows], np.int32)
    logprobs = graph.log_probs(ids, offsets, start=starts, threads=threads)
    return np.split(logprobs, offsets[1:-1])
