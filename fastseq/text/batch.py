"""Many encoded texts in one array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, overload

from fastseq._core.native import as_ids
from fastseq.errors import ArgumentError
from fastseq.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Side = Literal["right", "left"]


class Batch:
    """Ids of B texts, one behind the other; N ids in all.

    Attributes:
        ids: int32 (N,).
        offsets: int64 (B + 1,); text i has `ids[offsets[i]:offsets[i + 1]]`.
        spans: int32 (N, 2) or None: begin and end of each token in its text, when they were asked for.

    Its length is B; `batch[i]` and iteration give views of `ids`, and `batch[2:5]` a batch of those texts.

        batch = tokenizer.encode_batch(["one", "two words"])
        batch.padded(0)  # (2, T)
        batch.mask()     # (2, T), True where there is an id
        batch.tolist()   # a list of int a text
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

    @classmethod
    def concatenated(cls, batches: Sequence[Batch]) -> Batch:
        """The texts of several batches, one behind the other; spans only when all have them."""
        counts = np.cumsum([0, *(len(batch.ids) for batch in batches)])
        offsets = [np.zeros(1, np.int64)]
        offsets += [batch.offsets[1:] + before for batch, before in zip(batches, counts[:-1], strict=True)]
        spans = [batch.spans for batch in batches if batch.spans is not None]
        return cls(
            np.concatenate([np.empty(0, np.int32), *(batch.ids for batch in batches)]),
            np.concatenate(offsets),
            np.concatenate(spans) if spans and len(spans) == len(batches) else None,
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> NDArray[np.int32]: ...
    @overload
    def __getitem__(self, index: slice) -> Batch: ...
    def __getitem__(self, index: int | slice) -> NDArray[np.int32] | Batch:
        if isinstance(index, slice):
            return self._slice(index)
        begin, end = self._bounds(index)
        return self.ids[begin:end]

    def _slice(self, index: slice) -> Batch:
        first, last, step = index.indices(len(self))
        if step != 1:
            return Batch.concatenated([self[i : i + 1] for i in range(first, last, step)])
        offsets = self.offsets[first : max(first, last) + 1]
        begin, end = int(offsets[0]), int(offsets[-1])
        spans = None if self.spans is None else self.spans[begin:end]
        return Batch(self.ids[begin:end], offsets - begin, spans)

    def _bounds(self, text: int) -> tuple[int, int]:
        place = text + len(self) if text < 0 else text
        if not 0 <= place < len(self):
            raise IndexError(f"text {text} of {len(self)}")
        return int(self.offsets[place]), int(self.offsets[place + 1])

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        bounds = self.offsets.tolist()
        return (self.ids[begin:end] for begin, end in pairwise(bounds))

    def __repr__(self) -> str:
        return f"Batch({len(self)} texts, {len(self.ids)} ids)"

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Ids of each text, int64 (B,)."""
        return np.diff(self.offsets)

    def tolist(self) -> list[list[int]]:
        """The ids as a list of int a text."""
        flat, bounds = self.ids.tolist(), self.offsets.tolist()
        return [flat[begin:end] for begin, end in pairwise(bounds)]

    def padded(self, value: int, side: Side = "right", length: int | None = None) -> NDArray[np.int32]:
        """The ids as int32 (B, T), filled up with `value` on that side.

        T is the longest text's, or `length`, which must not be less.
        """
        taken = self.mask(side, length)
        out = np.full(taken.shape, value, np.int32)
        out[taken] = self.ids
        return out

    def mask(self, side: Side = "right", length: int | None = None) -> NDArray[np.bool_]:
        """Where `padded` has ids and not its filling: bool (B, T), the attention mask."""
        lengths = self.lengths[:, None]
        longest = int(lengths.max(initial=0))
        if side not in ("right", "left"):
            raise ArgumentError("unknown side", where="side", expected="right or left", found=repr(side))
        if length is not None and length < longest:
            raise ArgumentError("too short", where="length", expected=f"{longest} or more", found=str(length))
        columns = np.arange(longest if length is None else length)
        mask: NDArray[np.bool_] = columns < lengths if side == "right" else columns >= len(columns) - lengths
        return mask

    def token_to_chars(self, text: int, token: int) -> tuple[int, int]:
        """Begin and end of a token in its text, in the unit of `spans`."""
        spans = self._spans(text)
        if not -len(spans) <= token < len(spans):
            raise IndexError(f"token {token} of {len(spans)}")
        begin, end = spans[token].tolist()
        return begin, end

    def char_to_token(self, text: int, char: int) -> int | None:
        """The first token that this character (or byte, with spans in bytes) is a part of; None: of none."""
        spans = self._spans(text)
        found = np.flatnonzero((spans[:, 0] <= char) & (char < spans[:, 1]))
        return int(found[0]) if len(found) else None

    def _spans(self, text: int) -> NDArray[np.int32]:
        if self.spans is None:
            raise ArgumentError(
                "the batch has no places", where="spans", expected='encode_batch(..., spans="characters")'
            )
        begin, end = self._bounds(text)
        return self.spans[begin:end]
