"""Writing a .npy file of one dimension whose length is not known before its end."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastseq.errors import ArgumentError

_HEADER_BYTES = 128  # magic, version and length of the header among them; the data begins aligned


class NpyStream:
    """A file that has its name only once it is whole; readers see the old one or the new one.

    What is written goes to a neighbour, which `finish` renames and `close` takes away if it is still there.
    """

    def __init__(self, path: Path, dtype: DTypeLike) -> None:
        self._path, self._dtype, self._count = path, np.dtype(dtype), 0
        self._scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            self._file = open(self._scratch, "wb")  # noqa: SIM115 (closed by close)
            self._file.write(self._header())
        except OSError as error:
            raise self._failed(error) from None

    def write(self, values: NDArray[Any]) -> None:
        """Adds values, which are of the type of the file."""
        try:
            self._file.write(np.ascontiguousarray(values, self._dtype).data)
        except OSError as error:
            raise self._failed(error) from None
        self._count += len(values)

    def finish(self) -> None:
        """Gives the file its length and its name."""
        try:
            self._file.seek(0)
            self._file.write(self._header())
            self._file.close()
            os.replace(self._scratch, self._path)
        except OSError as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """Leaves nothing behind that is not finished."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._scratch.unlink()

    def _header(self) -> bytes:
        facts = f"{{'descr': '{self._dtype.str}', 'fortran_order': False, 'shape': ({self._count},), }}"
        text = facts.encode().ljust(_HEADER_BYTES - 11) + b"\n"
        return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text

    def _failed(self, error: OSError) -> ArgumentError:
        return ArgumentError("cannot be written", where=str(self._path), found=error.strerror or str(error))
