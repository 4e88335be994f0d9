"""Counting a corpus in bounded memory, and so that it can go on after an interruption.

What the counter holds beyond its share of memory is written to a file as sorted runs, which are merged when
the counts are asked for. With a checkpoint the file stays: every now and then all counts go to it, and then
how far in the corpus they reach to the checkpoint's state.
"""

from __future__ import annotations

import mmap
import os
import re
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, Any

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, OutOfMemoryError
from fastseq.files import regular_size
from fastseq.text.checkpoint import Checkpoint
from fastseq.text.corpus import Counter, Cut, CutOutside, count_files, count_texts, is_arrow

Text = str | bytes
Files = str | Path | Iterable[str | Path]

SAVE_SECONDS = 30.0
_SHARE = 0.4
"""Of the memory allowed, what counts take before they are written away: sorting takes as much again."""
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30}


def bytes_of(amount: int | str | None, where: str = "max_memory") -> int | None:
    """An amount of memory: bytes, or a number with a unit ("500MB", "2 GiB")."""
    if amount is None:
        return None
    if isinstance(amount, str):
        parts = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]I?|T)?B?\s*", amount.upper())
        found = int(float(parts[1]) * _UNITS[parts[2] or ""]) if parts else 0
    else:
        found = amount if isinstance(amount, int) and not isinstance(amount, bool) else 0
    if found < 1:
        raise ArgumentError(
            "not an amount of memory", where=where, expected='bytes, or "2GB"', found=f"{amount!r:.60}"
        )
    return found


class Counting:
    """Counts of a corpus: a context manager that keeps and removes what is written away.

    `counter` has the counts once `count` is through. `cutter`: arguments of `native.CorpusCounter`;
    `outside`: what cuts texts before that, where no scanner does.
    """

    def __init__(
        self,
        *,
        max_memory: int | str | None,
        checkpoint: Checkpoint | None,
        outside: Cut | None = None,
        **cutter: Any,
    ) -> None:
        limit = bytes_of(max_memory)
        self._checkpoint, self._stack, self._outside = checkpoint, ExitStack(), outside
        self._runs: list[int] = []
        self._file: IO[bytes] | None = None
        self._saved = time.monotonic()
        most = None if limit is None else int(limit * _SHARE)
        self.counter = native.CorpusCounter(**cutter, most=most, full=None if limit is None else self._spill)

    def __enter__(self) -> Counting:
        if self._checkpoint:
            self._runs, self._file = self._checkpoint.open_runs()
            self._stack.enter_context(self._file)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _spill(self) -> None:
        try:
            if self._file is None:
                file = tempfile.TemporaryFile(prefix="fastseq-counts-")  # noqa: SIM115, the stack closes it
                self._file = self._stack.enter_context(file)
            self._runs += self.counter.spill(self._file)
            self._file.flush()
        except OSError as error:
            raise OutOfMemoryError(
                "counts cannot be written away",
                where=str(self._checkpoint.folder) if self._checkpoint else tempfile.gettempdir(),
                expected="room for them",
                found=error.strerror or str(error),
            ) from None

    def count(self, texts: Iterable[Text] | None, files: Files | None, progress: bool | None) -> None:
        """All of the corpus, or what a checkpoint leaves of it."""
        if (texts is None) == (files is None):
            raise ArgumentTypeError("either texts or files", where="texts", expected="one of the two")
        if files is not None:
            self._count_files(files, progress)
        elif texts is not None:
            self._count_texts(texts, progress)
        if self._runs or self._checkpoint:
            self._spill()
        if self._checkpoint:
            self._checkpoint.save(self._runs, {"whole": True})
        if self._runs:
            assert self._file is not None
            self.counter.attach(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ), self._runs)

    def _save_if_due(self, position: dict[str, Any]) -> None:
        if self._checkpoint and time.monotonic() - self._saved >= SAVE_SECONDS:
            self._spill()
            self._checkpoint.save(self._runs, position)
            self._saved = time.monotonic()

    def _sink(self) -> Counter:
        return self.counter if self._outside is None else CutOutside(self.counter, self._outside)

    def _count_files(self, files: Files, progress: bool | None) -> None:
        paths = [Path(files)] if isinstance(files, (str, Path)) else [Path(path) for path in files]
        start = (0, 0)
        if self._checkpoint:
            facts = [[str(path), regular_size(path), os.stat(path).st_mtime_ns] for path in paths]
            position = self._checkpoint.corpus({"files": facts})
            if position.get("whole"):
                return
            start = (position.get("file", 0), position.get("byte", 0))
        count_files(
            self._sink(),
            paths,
            progress,
            "counting",
            start=start,
            after=lambda file, byte: self._save_if_due({"file": file, "byte": byte}),
        )

    def _count_texts(self, texts: Iterable[Text], progress: bool | None) -> None:
        if self._checkpoint is None or isinstance(texts, (str, bytes)) or is_arrow(texts):
            count_texts(self._sink(), texts, progress, "counting")
            return
        position = self._checkpoint.corpus({"files": None})
        if position.get("whole"):
            return
        watched = _Watched(texts)
        watched.skip(position.get("texts", 0), position.get("sum", 0))
        count_texts(
            self._sink(),
            watched,
            progress,
            "counting",
            after=lambda: self._save_if_due({"texts": watched.count, "sum": watched.sum}),
        )


class _Watched:
    """Texts that are counted and summed up as they are taken."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self._texts, self.count, self.sum = iter(texts), 0, 0

    def __iter__(self) -> Iterator[Text]:
        for text in self._texts:
            self.count += 1
            data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
            self.sum = zlib.crc32(data, self.sum)
            yield text

    def skip(self, count: int, wanted: int) -> None:
        """Takes texts that were counted before; `ArgumentError` when they are others."""
        for _ in islice(self, count):
            pass
        if (self.count, self.sum) != (count, wanted):
            raise ArgumentError(
                "not the texts of the checkpoint",
                where="texts",
                expected=f"the same first {count} texts",
                found=f"{self.count} texts" if self.count < count else "others",
            )
