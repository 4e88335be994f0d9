"""Bringing a corpus to a counter, part by part: texts from an iterable, or the lines of files."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError, UnsupportedError
from fastseq.files import regular_size
from fastseq.progress import progress_bar

_TEXTS_AT_ONCE = 4096
_BLOCK_BYTES = 2**20


_LINE = re.compile(r"[^\n]*\n|[^\n]+")

Cut = Callable[[str], Any]
"""Where the pieces of a text begin and end, in characters (n, 2)."""


class Counter(Protocol):
    """What counts: `native.PieceCounter`, `native.CorpusCounter`."""

    def add(self, texts: Any, first: int = 0) -> None:
        """Texts of a list; `first` is the place of its first one, for errors."""

    def add_lines(self, block: bytes) -> int:
        """Whole lines; -1, or the place of the first byte that is not UTF-8."""


class CutOutside:
    """A counter of texts that Python cuts into pieces first."""

    def __init__(self, counter: Counter, cut: Cut) -> None:
        self._counter, self._cut = counter, cut

    def add(self, texts: Any, first: int = 0) -> None:
        """See `Counter.add`."""
        if not isinstance(texts, list):
            raise UnsupportedError(
                "an array for a pattern without a scanner", where="texts", expected="a list of str"
            )
        self._add(_text(text, place) for place, text in enumerate(texts, first))

    def add_lines(self, block: bytes) -> int:
        """See `Counter.add_lines`."""
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            return error.start
        self._add(_LINE.findall(text))
        return -1

    def _add(self, texts: Iterable[str]) -> None:
        self._counter.add([text[begin:end] for text in texts for begin, end in self._cut(text).tolist()])


def _text(text: object, place: int) -> str:
    """One of texts, as str."""
    try:
        if isinstance(text, str):
            text.encode()
            return text
        if isinstance(text, bytes):
            return text.decode()
    except UnicodeError as error:
        raise ArgumentError("not Unicode", where=f"texts[{place}]", found=str(error)) from None
    raise ArgumentTypeError(
        "not a text", where=f"texts[{place}]", expected="str or bytes", found=type(text).__name__
    )


def count_texts(
    counter: Counter,
    texts: Iterable[str | bytes],
    progress: bool | None,
    title: str,
    *,
    after: Callable[[], object] = lambda: None,
) -> None:
    """Every text, one part after another, none kept; `after` is called behind each part."""
    if isinstance(texts, (str, bytes)) or not (hasattr(texts, "__iter__") or is_arrow(texts)):
        one = isinstance(texts, (str, bytes))
        raise ArgumentTypeError(
            "one text where many are expected" if one else "not texts",
            where="texts",
            expected="a list of str",
            found=type(texts).__name__,
        )
    if is_arrow(texts):
        counter.add(texts)  # read from its buffers, and never a list
        return
    total = len(texts) if isinstance(texts, Sequence) else None
    with progress_bar(progress, total=total, unit="text", title=title) as done:
        rest, first = iter(texts), 0
        while part := list(islice(rest, _TEXTS_AT_ONCE)):
            counter.add(part, first)
            first += len(part)
            done(len(part))
            after()


def is_arrow(texts: object) -> bool:
    """Whether they are read from an array's buffers."""
    return hasattr(texts, "__arrow_c_array__") or hasattr(texts, "__arrow_c_stream__")


def count_files(
    counter: Counter,
    paths: str | Path | Iterable[str | Path],
    progress: bool | None,
    title: str,
    *,
    start: tuple[int, int] = (0, 0),
    after: Callable[[int, int], object] = lambda file, byte: None,
) -> None:
    """Every line of files, those in .gz unpacked.

    start: from which byte of which file on. `after` is told behind each part where the next one begins.
    `FormatError` names the file and the byte where it is not UTF-8.
    """
    files = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    total = sum(regular_size(path) for path in files[start[0] :])
    with progress_bar(progress, total=total, unit="B", title=title) as done:
        for place in range(start[0], len(files)):
            path, read = files[place], 0
            for begin, block, position in _line_blocks(path, start[1] if place == start[0] else 0):
                wrong = counter.add_lines(block)
                if wrong >= 0:
                    raise FormatError(
                        "not UTF-8",
                        where=f"{path}: byte {begin + wrong}",
                        expected="text in UTF-8",
                        found=f"byte 0x{block[wrong]:02x}",
                    )
                done(position - read)
                read = position
                after(place, begin + len(block))


def _line_blocks(path: Path, start: int) -> Iterator[tuple[int, bytes, int]]:
    """The file from a byte on in blocks of whole lines: (place, block, bytes read of the file on disk).

    A byte order mark at the start is left out.
    """
    with open(path, "rb") as raw, _unpacked(path, raw) as file:
        try:
            if start == 0:
                start = 3 if file.read(3) == b"\xef\xbb\xbf" else 0
            file.seek(start)
            while block := file.read(_BLOCK_BYTES):
                block += file.readline()
                yield start, block, raw.tell()
                start += len(block)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FormatError("damaged", where=str(path), expected="gzip", found=str(error)) from None


def _unpacked(path: Path, raw: BinaryIO) -> Any:
    return gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else nullcontext(raw)
