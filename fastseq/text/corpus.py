"""Bringing a corpus to a counter, part by part: texts from an iterable, or the lines of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from fastseq.errors import ArgumentTypeError, FormatError
from fastseq.files import regular_size
from fastseq.progress import progress_bar

_TEXTS_AT_ONCE = 4096
_BLOCK_BYTES = 2**20


class Counter(Protocol):
    """What counts: `native.PieceCounter`, `native.CorpusCounter`."""

    def add(self, texts: Any, first: int = 0) -> None:
        """Texts of a list; `first` is the place of its first one, for errors."""

    def add_lines(self, block: bytes) -> int:
        """Whole lines; -1, or the place of the first byte that is not UTF-8."""


def count_texts(counter: Counter, texts: Iterable[str | bytes], progress: bool | None, title: str) -> None:
    """Every text, one part after another, none kept."""
    if isinstance(texts, (str, bytes)):
        raise ArgumentTypeError(
            "one text where many are expected",
            where="texts",
            expected="a list of str",
            found=type(texts).__name__,
        )
    if hasattr(texts, "__arrow_c_array__") or hasattr(texts, "__arrow_c_stream__"):
        counter.add(texts)  # read from its buffers, and never a list
        return
    total = len(texts) if isinstance(texts, Sequence) else None
    with progress_bar(progress, total=total, unit="text", title=title) as done:
        rest, first = iter(texts), 0
        while part := list(islice(rest, _TEXTS_AT_ONCE)):
            counter.add(part, first)
            first += len(part)
            done(len(part))


def count_files(
    counter: Counter, paths: str | Path | Iterable[str | Path], progress: bool | None, title: str
) -> None:
    """Every line of files; `FormatError` names the file and the byte where it is not UTF-8."""
    files = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    total = sum(regular_size(path) for path in files)
    with progress_bar(progress, total=total, unit="B", title=title) as done:
        for path in files:
            for start, block in _line_blocks(path):
                wrong = counter.add_lines(block)
                if wrong >= 0:
                    raise FormatError(
                        "not UTF-8",
                        where=f"{path}: byte {start + wrong}",
                        expected="text in UTF-8",
                        found=f"byte 0x{block[wrong]:02x}",
                    )
                done(len(block))


def _line_blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """The file in blocks of whole lines, each with its place; a byte order mark at the start is left out."""
    start = 0
    with open(path, "rb") as file:
        if file.read(3) == b"\xef\xbb\xbf":
            start = 3
        file.seek(start)
        while block := file.read(_BLOCK_BYTES):
            block += file.readline()
            yield start, block
            start += len(block)
