"""Many encoded texts in one array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastseq._core.native import as_ids
from fastseq.errors import ArgumentError


class Batch:
    """Ids of B texts, one behind the other; N ids in all.

    Attributes:
        ids: int32 (N,).
        offsets: int64 (B + 1,); text i has `ids[offsets[i]:offsets[i + 1]]`.
        spans: int32 (N, 2) or None: begin and end of each token in its text, when they were asked for.

    Its length is B, `batch[i]` and iteration give views of `ids`.

        batch = tokenizer.encode_batch(["one", "two words"])
        batch.padded(0)  # (2, T)
    """

    __slots__ = ("ids", "offsets", "spans")

    def __init__(
        self, ids: NDArray[np.int32], offsets: NDArray[np.int64], spans: NDArray[np.int32] | None = None
    ) -> None:
        self.ids, self.offsets, self.spans = ids, offsets, spans

    @classmethod
    def from_lists(cls, lists: Iterable[Sequence[int] | NDArray[np.integer[Any]]]) -> Batch:
        """A batch of ids that come as a list a text."""
        rows = [as_ids(ids) for ids in lists]
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        return cls(np.concatenate(rows) if rows else np.empty(0, np.int32), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"text {index} of {len(self)}")
        return self.ids[self.offsets[place] : self.offsets[place + 1]]

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        bounds = self.offsets.tolist()
        return (self.ids[begin:end] for begin, end in pairwise(bounds))

    def __repr__(self) -> str:
        return f"Batch({len(self)} texts, {len(self.ids)} ids)"

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Ids of each text, int64 (B,)."""
        return np.diff(self.offsets)

    def padded(
        self, value: int, side: Literal["right", "left"] = "right", length: int | None = None
    ) -> NDArray[np.int32]:
        """The ids as int32 (B, T), filled up with `value` on that side.

        T is the longest text's, or `length`, which must not be less.
        """
        lengths = self.lengths[:, None]
        longest = int(lengths.max(initial=0))
        if side not in ("right", "left"):
            raise ArgumentError("unknown side", where="side", expected="right or left", found=repr(side))
        if length is not None and length < longest:
            raise ArgumentError("too short", where="length", expected=f"{longest} or more", found=str(length))
        columns = np.arange(longest if length is None else length)
        taken = columns < lengths if side == "right" else columns >= len(columns) - lengths
        out = np.full(taken.shape, value, np.int32)
        out[taken] = self.ids
        return out
