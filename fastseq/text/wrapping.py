"""Cutting a sentence that has more tokens than a model is made for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_PAUSES = frozenset(",;:)]}-–—،؛、，；：）」』…")  # noqa: RUF001


def wrapped(text: str, starts: Sequence[int], longest: int) -> Iterator[tuple[int, int]]:
    """Spans of pieces of at most `longest` tokens, without the whitespace around them.

    starts: where each token begins, in characters. A piece ends behind a pause of its second half, or else
    at a space, the last one in either case; without both it ends where it has to.
    """
    first = 0
    while len(starts) - first > longest:
        cut = _cut(text, starts, first, first + longest)
        yield from _trimmed(text, starts[first], starts[cut])
        first = cut
    if first < len(starts):
        yield from _trimmed(text, starts[first], len(text))


def _cut(text: str, starts: Sequence[int], first: int, last: int) -> int:
    """The token that the next piece begins with, above `first` and at most `last`."""
    space = 0
    for token in range(last, max(first + (last - first) // 2, first), -1):
        at = starts[token]
        if at <= starts[first]:
            break
        before = text[at - 1]
        if before.isspace() or text[at].isspace():
            space = space or token
            before = _last(text, at)
        if before in _PAUSES:
            return token
    return space or last


def _last(text: str, at: int) -> str:
    """The last character before `at` that is no whitespace."""
    while at > 0 and text[at - 1].isspace():
        at -= 1
    return text[at - 1 : at]


def _trimmed(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    if begin < end:
        yield begin, end
