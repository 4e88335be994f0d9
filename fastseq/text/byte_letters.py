"""GPT-2's alphabet of bytes, in which byte-level vocabularies are written."""

from __future__ import annotations


def _letters() -> list[str]:
    """A byte's character: itself where it is printable Latin-1, else the next from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


LETTERS = _letters()
"""The character of each byte."""

BYTE_OF = {letter: byte for byte, letter in enumerate(LETTERS)}
"""The other way round."""
