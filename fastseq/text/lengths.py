"""How long a text's ids may be, and how they are filled up to one length."""

from __future__ import annotations

from operator import index
from typing import Any, Literal, NamedTuple, TypeVar

from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError

LENGTH_MAX = 2**31 - 1
"""More ids than any text has."""
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
        """How many ids of each of two texts stay, of so many, where there is room for `room`.

        Raises `ArgumentError` where the text that the strategy does not cut leaves no room for the other.
        """
        if first + second <= room:
            return first, second
        if self.strategy != "longest_first":
            kept = second if self.strategy == "only_first" else first
            if kept >= room:
                raise ArgumentError(
                    "no room for the text that is cut off",
                    where=f"max_length, {self.strategy}",
                    expected=f"more than {self.max_length - room + kept}",
                    found=str(self.max_length),
                )
            return (room - second, second) if self.strategy == "only_first" else (first, room - first)
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


def to_config(truncation: Truncation | None, padding: Padding | None) -> dict[str, Any]:
    """Those that there are, as config.json has them."""
    rules = {"truncation": truncation, "padding": padding}
    return {name: rule._asdict() for name, rule in rules.items() if rule is not None}


def from_config(options: dict[str, Any]) -> tuple[Truncation | None, Padding | None]:
    """Those of config.json, taken out of its options; `FormatError` for what they can not be."""
    truncation = _rule(Truncation(0), options.pop("truncation", None), "truncation")
    padding = _rule(Padding(0), options.pop("padding", None), "padding")
    for rule in (truncation, padding):
        if rule is not None and rule.side not in ("right", "left"):
            raise FormatError(
                "unknown choice", where="side", expected="right, left", found=f"{rule.side!r:.60}"
            )
    if padding is not None and padding.multiple < 1:
        raise FormatError("out of range", where="multiple", expected="1 or more", found=str(padding.multiple))
    return truncation, padding


Rule = TypeVar("Rule", Truncation, Padding)


def _rule(usual: Rule, entry: Any, where: str) -> Rule | None:
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise FormatError("wrong type", where=where, expected="an object", found=f"{entry!r:.60}")
    for name, value in entry.items():
        kind: type = int if name == "length" else type(getattr(usual, name, None))
        fits = type(value) is kind and not (isinstance(value, int) and not 0 <= value < 2**31)
        if name not in usual._fields or not (fits or (name == "length" and value is None)):
            raise FormatError("wrong key or value", where=f"{where}.{name:.60}", found=f"{value!r:.60}")
    return usual._replace(**entry)


def most_of(max_length: int | None) -> int | None:
    """The `max_length` of a call as the native encoder takes it: None as it was set, -1 for any number."""
    if max_length is None:
        return None
    try:
        most = index(max_length)
    except TypeError:
        raise ArgumentTypeError(
            "not a number", where="max_length", expected="an integer", found=f"{max_length!r:.60}"
        ) from None
    if most < 0:
        raise ArgumentError("negative", where="max_length", expected="0 or more", found=str(most))
    return min(most, LENGTH_MAX) or -1
