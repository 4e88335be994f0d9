"""Two texts in one list of ids, as a post-processor puts them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastseq.errors import ArgumentError, FormatError, UnsupportedError
from fastseq.text.lengths import Truncation

if TYPE_CHECKING:
    from fastseq.text.tokenizer import Tokenizer

Part = int | str
"""An id, or "A" or "B": the first or the second text."""


def encode_pair(
    tokenizer: Tokenizer,
    texts: tuple[str | bytes, str | bytes],
    add_special_tokens: bool,
    modes: bytes | None,
    max_length: int | None,
) -> list[int]:
    """The ids of two texts. See `Tokenizer.encode`; `modes`: of `AddedTokens.modes`."""
    if not tokenizer.pair:
        raise UnsupportedError("the file does not say how two texts are put together", where="pair")
    first, second = (tokenizer._native.encode_one(each, bare=True, modes=modes, most=-1) for each in texts)
    parts: Sequence[Part] = tokenizer.pair if add_special_tokens else ["A", "B"]
    limit = _limit(tokenizer.truncation, max_length)
    if limit is not None:
        room = limit.max_length - sum(isinstance(part, int) for part in parts)
        if room < 0:
            raise ArgumentError(
                "no room for the tokens around the texts", where="max_length", found=str(limit.max_length)
            )
        keep = limit.lengths(len(first), len(second), room)
        first, second = (
            ids[max(len(ids) - n, 0) :] if limit.side == "left" else ids[:n]
            for ids, n in zip((first, second), keep, strict=True)
        )
    out: list[int] = []
    for part in parts:
        out += [part] if isinstance(part, int) else first if part == "A" else second
    return out


def _limit(truncation: Truncation | None, max_length: int | None) -> Truncation | None:
    """The truncation of a call; `max_length`: as the native encoder takes it, -1 for any number."""
    if max_length is None:
        return truncation
    return None if max_length < 0 else (truncation or Truncation(0))._replace(max_length=max_length)


def pair_of(entry: list[Part]) -> list[Part]:
    """What config.json says of two texts; `FormatError` for what cannot be."""
    ids = [part for part in entry if part not in ("A", "B")]
    if entry and (entry.count("A"), entry.count("B")) != (1, 1):
        raise FormatError(
            "not two texts", where="pair", expected='"A" and "B", each once', found=f"{entry!r:.60}"
        )
    if not all(type(id) is int and 0 <= id < 2**24 for id in ids):
        raise FormatError("not ids", where="pair", expected="integers below 16777216", found=f"{entry!r:.60}")
    return entry
