"""Ids of a text that may go on: those that stay what they are, and which ones the rest may become.

A text's last piece is another one when more follows: its bytes, and those of blank tokens before it, are
unstable. What follows may begin inside a token that also holds the last of these bytes, so every token is
tried that begins with an end of them, behind the bytes before that end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLANK = b" \n\t"
NOT_WHITE_SPACE = "\x1c\x1d\x1e\x1f"  # that str.isspace has beyond Unicode's White_Space
BATCH = 1 << 14  # texts that are encoded together


class Unstable:
    """What of an encoding is asked for this.

    Its tokenizer, the same for bytes that are not cut, its tokens with their ranks, and the bytes of ids.
    """

    def __init__(
        self,
        tokenizer: Any,
        merged: Callable[[bytes], list[int]],
        ranks: Mapping[bytes, int],
        bytes_of: Callable[[list[int]], bytes],
    ) -> None:
        self._tokenizer, self._merged, self._ranks, self._bytes_of = tokenizer, merged, ranks, bytes_of

    @cached_property
    def _sorted(self) -> list[bytes]:
        return sorted(token for token in self._ranks if token)

    def last_of(self, ids: list[int], special: set[int]) -> int:
        """How many ids at the end are not stable."""
        begin = next((place for place in reversed(range(len(ids))) if ids[place] in special), -1) + 1
        if begin == len(ids):
            return 0
        batch = self._tokenizer.encode_batch([self._bytes_of(ids[begin:])], spans="words")
        words: list[int] = batch.spans[:, 0].tolist()
        last = words.count(words[-1])
        while last < len(ids) and self._is_blank(ids[-last]) and self._is_blank(ids[-last - 1]):
            last += 1
        return last

    def _is_blank(self, id: int) -> bool:
        return not self._bytes_of([id]).strip(BLANK)

    def completions(self, rest: bytes) -> list[list[int]]:
        """The ids that the last bytes may become: the first ones that hold them all. Sorted."""
        found: set[tuple[int, ...]] = {(self._ranks[token],) for token in self._beginning(rest)}
        texts: list[bytes] = []
        for at in range(1, len(rest)):
            texts += [rest[:at] + token for token in self._beginning(rest[at:])]
        for first in range(0, len(texts), BATCH):
            found.update(self._held(texts[first : first + BATCH], len(rest)))
        character = _last_character(rest)
        if 0 < len(character) < len(rest) and _is_space(character):
            before = rest[: len(rest) - len(character)]
            found.add((*self._merged(before), *self._merged(character)))
        return [list(ids) for ids in sorted(found)]

    def _beginning(self, bytes_: bytes) -> list[bytes]:
        """The tokens that begin with these bytes."""
        first = last = bisect_left(self._sorted, bytes_)
        while last < len(self._sorted) and self._sorted[last].startswith(bytes_):
            last += 1
        return self._sorted[first:last]

    def _held(self, texts: list[bytes], size: int) -> set[tuple[int, ...]]:
        """Of each text's ids the first ones that hold so many bytes."""
        batch = self._tokenizer.encode_batch([text for text in texts if _is_utf8(text)])
        odd = [self._merged(text) for text in texts if not _is_utf8(text)]
        ids = np.concatenate([batch.ids, *(np.array(each, np.int32) for each in odd)])
        counts = np.concatenate([np.diff(batch.offsets), np.array([len(each) for each in odd], np.int64)])
        sizes = self._sizes[ids]
        held = np.cumsum(sizes) - sizes  # before each id, in all texts and then in its own
        held -= np.repeat(held[np.cumsum(counts) - counts], counts)
        first = held < size
        texts_of = np.repeat(np.arange(len(counts)), counts)[first]
        kept, ends = ids[first].tolist(), np.cumsum(np.bincount(texts_of)).tolist()
        return {tuple(kept[begin:end]) for begin, end in pairwise([0, *ends])}

    @cached_property
    def _sizes(self) -> NDArray[np.int64]:
        """Bytes of each id."""
        sizes = np.zeros(max(self._ranks.values()) + 1, np.int64)
        sizes[list(self._ranks.values())] = [len(token) for token in self._ranks]
        return sizes


def _is_utf8(bytes_: bytes) -> bool:
    try:
        bytes_.decode()
    except UnicodeDecodeError:
        return False
    return True


def _last_character(bytes_: bytes) -> bytes:
    """The bytes of the last character; none where it is no whole one."""
    for size in range(1, min(4, len(bytes_)) + 1):
        if bytes_[-size] & 0xC0 != 0x80:
            return bytes_[-size:] if _is_utf8(bytes_[-size:]) else b""
    return b""


def _is_space(character: bytes) -> bool:
    text = character.decode()
    return text.isspace() and text not in NOT_WHITE_SPACE
