"""Merging by ranks of bytes that are no text, which fastseq's tokenizers do not take."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush


def merged(bytes_: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """The ids of one piece: of all neighbours that are a token together, the lowest first, and the leftmost.

    In time near linear: a list of parts that knows each part's neighbours, and a heap of pairs. A pair that
    is no longer what it was when it was put there is left out.
    """
    size = len(bytes_)
    ends = list(range(1, size + 1))  # of the part that begins at a place; 0: none begins there any more
    before = list(range(-1, size))

    def rank_at(begin: int) -> int | None:
        """Of the pair whose first part begins there."""
        middle = ends[begin]
        return ranks.get(bytes_[begin : ends[middle]]) if middle < size else None

    pairs = [(rank, begin) for begin in range(size - 1) if (rank := rank_at(begin)) is not None]
    heapify(pairs)
    while pairs:
        rank, begin = heappop(pairs)
        if not ends[begin] or rank_at(begin) != rank:
            continue
        middle = ends[begin]
        ends[begin], ends[middle] = ends[middle], 0
        if ends[begin] < size:
            before[ends[begin]] = begin
        for place in (before[begin], begin):
            if place >= 0 and (next_rank := rank_at(place)) is not None:
                heappush(pairs, (next_rank, place))
    return [ranks[bytes_[begin:end]] for begin, end in enumerate(ends) if end]
