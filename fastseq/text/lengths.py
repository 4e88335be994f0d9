"""How long a text's ids may be, and how they are filled up to one length."""

from __future__ import annotations

from typing import Literal, NamedTuple

Side = Literal["right", "left"]


class Truncation(NamedTuple):
    """How many ids a text has at most; what is more is cut off."""

    max_length: int
    """With what is put around the text."""
    side: str = "right"
    """Where its own are cut off: "right" or "left"."""
    strategy: str = "longest_first"
    """Of two texts the longer one is cut, or "only_first" or "only_second"."""

    def lengths(self, first: int, second: int, room: int) -> tuple[int, int]:
        """How many ids of each of two texts stay, of so many, where there is room for `room`."""
        if first + second <= room:
            return first, second
        if self.strategy == "only_first":
            return max(room - second, 0), second
        if self.strategy == "only_second":
            return first, max(room - first, 0)
        short, long = sorted((first, second))
        long = short if short > room else max(short, room - short)
        if short + long > room:
            short = room // 2
            long = short + room % 2
        return (long, short) if first > second else (short, long)


class Padding(NamedTuple):
    """What a batch is filled up with to a length that all of its texts have."""

    id: int
    side: str = "right"
    length: int | None = None
    """Ids of a text; None: those of the longest."""
    multiple: int = 1
    """The length becomes a multiple of it."""
    token: str = "[PAD]"
