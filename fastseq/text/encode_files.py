"""Files to ids, part by part: what is held at once is a block of text and its ids."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, FastseqError, FormatError
from fastseq.files import regular_size
from fastseq.progress import progress_bar
from fastseq.text.batch import Batch
from fastseq.text.npy_stream import NpyStream

_BLOCK_BYTES = 2**22
_TEXT_BYTES_MAX = 2**30  # FS_TEXT_MAX of csrc/text/text_view.h
_MARK = b"\xef\xbb\xbf"


class Encode(Protocol):
    """Texts to a batch: `Tokenizer.encode_batch` with its options."""

    def __call__(self, texts: Any) -> Batch: ...


def encode_files(
    encode: Encode,
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str] | None,
    separator: str | bytes | None,
    progress: bool | None,
) -> Batch:
    """The ids of the texts in files. See `Tokenizer.encode_files`."""
    ending = _separator(separator)
    files = [Path(paths)] if isinstance(paths, (str, os.PathLike)) else [Path(path) for path in paths]
    sizes = [regular_size(path) for path in files]
    if not ending:
        _check_sizes(files, sizes)
    total = sum(sizes)
    sink: _Arrays | _Files = _Arrays() if out is None else _Files(Path(out))
    with sink, progress_bar(progress, total=total, unit="B", title="encoding") as done:
        for part in _parts(files, ending):
            sink.add(part.encoded(encode))
            done(part.bytes)
        return sink.finish()


def offsets_path(out: str | os.PathLike[str]) -> Path:
    """Where the offsets go that belong to a file of ids: beside ids.npy, ids.offsets.npy."""
    path = Path(out)
    return path.with_name(f"{path.name.removesuffix('.npy')}.offsets.npy")


def _check_sizes(files: list[Path], sizes: list[int]) -> None:
    """That each file can be one text, before any is read."""
    for path, size in zip(files, sizes, strict=True):
        if size > _TEXT_BYTES_MAX:
            raise ArgumentError(
                "too long for one text",
                where=str(path),
                expected=f"at most {_TEXT_BYTES_MAX} bytes, or a separator",
                found=f"{size} bytes",
            )


def _separator(separator: str | bytes | None) -> bytes:
    """As bytes; none for None, as then it separates nothing."""
    if separator is None:
        return b""
    if not isinstance(separator, (str, bytes)):
        raise ArgumentTypeError(
            "not a separator", where="separator", expected="str or bytes", found=type(separator).__name__
        )
    try:
        made = separator.encode() if isinstance(separator, str) else separator
        made.decode()
    except UnicodeError:
        raise ArgumentError("not UTF-8", where="separator", found=f"{separator!r:.60}") from None
    if not made:
        raise ArgumentError("empty", where="separator", expected="None where a file is one text")
    return made


class _Block(NamedTuple):
    """A part of a file."""

    path: Path
    start: int
    """Where in the file it begins."""
    first: int
    """The first of its texts."""


class _Part:
    """The texts of some blocks, which are encoded together."""

    def __init__(self) -> None:
        self.texts = native.Documents()
        self.blocks: list[_Block] = []
        self.bytes = 0

    def add(self, path: Path, start: int, block: bytes, separator: bytes, last: bool) -> int:
        """How many bytes were used."""
        first = len(self.texts)
        used, valid = self.texts.add(block, separator, last)
        if valid < used:
            raise FormatError(
                "not UTF-8",
                where=f"{path}: byte {start + valid}",
                expected="text in UTF-8",
                found=f"byte 0x{block[valid]:02x}",
            )
        self.blocks.append(_Block(path, start, first))
        self.bytes += used
        return used

    def encoded(self, encode: Encode) -> Batch:
        """Its ids; an error names the file and the byte."""
        try:
            return encode(self.texts)
        except FastseqError as error:
            found = re.fullmatch(r"texts\[(\d+)\](?:, (byte|character) (\d+))?(.*)", error.where, re.DOTALL)
            if found is None:
                raise
            where = self._place(int(found[1]), found[2], int(found[3] or 0)) + found[4]
            raise type(error)(error.what, where=where, expected=error.expected, found=error.found) from None

    def _place(self, text: int, unit: str | None, at: int) -> str:
        block = [block for block in self.blocks if block.first <= text][-1]
        if unit == "character":
            at = len(self.texts[text].decode()[:at].encode())
        return f"{block.path}: byte {block.start + self.texts.place(text) + at}"


def _parts(files: list[Path], separator: bytes) -> Iterator[_Part]:
    """All texts of all files, in parts of some _BLOCK_BYTES, or of one text that is longer."""
    part = _Part()
    for path in files:
        try:
            with open(path, "rb") as file:
                start = len(_MARK) if file.read(len(_MARK)) == _MARK else 0
                file.seek(start)
                rest, last = b"", False
                while not last:
                    wanted = max(_BLOCK_BYTES, len(rest)) if separator else -1
                    more = file.read(wanted)
                    last = len(more) < wanted or wanted < 0
                    block = rest + more
                    used = part.add(path, start, block, separator, last)
                    start, rest = start + used, block[used:]
                    if part.bytes >= _BLOCK_BYTES:
                        yield part
                        part = _Part()
        except OSError as error:
            raise ArgumentError(
                "cannot be read", where=str(path), found=error.strerror or str(error)
            ) from None
    if part.blocks:
        yield part


class _Arrays:
    """Keeps the ids."""

    def __init__(self) -> None:
        self._parts: list[Batch] = []

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        self._parts.clear()

    def add(self, batch: Batch) -> None:
        self._parts.append(batch)

    def finish(self) -> Batch:
        return Batch.concatenated(self._parts)


class _Files:
    """Writes the ids and, beside them, the offsets; both get their names when all is written."""

    def __init__(self, path: Path) -> None:
        if path.suffix != ".npy":
            raise ArgumentError(
                "unknown ending", where="out", expected="a name in .npy", found=repr(str(path))
            )
        self._paths = path, offsets_path(path)
        self._ids = NpyStream(path, np.int32)
        self._offsets = NpyStream(self._paths[1], np.int64)
        self._total = 0

    def __enter__(self) -> None:
        self._offsets.write(np.zeros(1, np.int64))

    def __exit__(self, *exception: object) -> None:
        self._ids.close()
        self._offsets.close()

    def add(self, batch: Batch) -> None:
        self._ids.write(batch.ids)
        self._offsets.write(batch.offsets[1:] + self._total)
        self._total += len(batch.ids)

    def finish(self) -> Batch:
        self._offsets.finish()
        self._ids.finish()
        ids, offsets = (np.load(path, mmap_mode="r") for path in self._paths)
        return Batch(ids, offsets)
