"""Tokenizers in plain Python, character by character: what csrc/text must give."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Mapped(NamedTuple):
    """A character as the splitter sees it, and which character of the original it comes from."""

    character: str
    place: int


class Piece(NamedTuple):
    """A piece as it is looked up, and [begin, end) of the original text, in characters."""

    text: str
    begin: int
    end: int


KEEP: dict[str, Callable[[str], bool]] = {
    "all": lambda c: True,
    "ascii_letters": lambda c: c.isascii() and c.isalpha(),
    "ascii_alphanumeric": lambda c: c.isascii() and c.isalnum(),
    "letters": lambda c: category(c) in "LM",
    "alphanumeric": lambda c: category(c) in "LMN",
}


def category(c: str) -> str:
    """The first letter of the general category."""
    return unicodedata.category(c)[0]


def mapped(text: str, lowercase: bool = False, keep: str = "all") -> list[Mapped]:
    """The text lower-cased and filtered; `str.lower` is given one character and its neighbours at a time."""
    found = []
    lower = text.lower() if lowercase else text
    at = 0
    for place, c in enumerate(text):
        # Only the sigma depends on its neighbours, and it stays one character.
        size = len(c.lower()) if lowercase else 1
        found += [Mapped(x, place) for x in lower[at : at + size] if x.isspace() or KEEP[keep](x)]
        at += size
    assert at == len(lower)
    return found


def pieces(characters: list[Mapped], ends: Iterable[int]) -> list[Piece]:
    """The pieces that end before these places."""
    found, begin = [], 0
    for end in ends:
        run = characters[begin:end]
        found.append(Piece("".join(c for c, _ in run), run[0].place, run[-1].place + 1))
        begin = end
    return found


def split_characters(characters: list[Mapped]) -> list[Piece]:
    """A piece a character."""
    return pieces(characters, range(1, len(characters) + 1))


def split_at(characters: list[Mapped], separates: Callable[[str], bool]) -> list[Piece]:
    """The runs of characters that do not separate."""
    ends = [
        i + 1
        for i, (c, _) in enumerate(characters)
        if i + 1 == len(characters) or separates(c) != separates(characters[i + 1].character)
    ]
    return [piece for piece in pieces(characters, ends) if not separates(piece.text[0])]
