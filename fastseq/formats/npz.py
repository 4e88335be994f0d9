"""NumPy's .npz: a zip file of .npy arrays, read without pickle and without trusting a size."""

from __future__ import annotations

import ast
import math
import os
import re
from pathlib import Path

import numpy as np

from fastseq.errors import FormatError, UnsupportedError
from fastseq.formats.tensor import Tensor, numpy_tensor, view
from fastseq.formats.zipped import Members

MAGIC = b"\x93NUMPY"
HEADER_BYTES_MAX = 10_000
_TYPE = re.compile(r"[<|=][biuf][1248]\Z|\|b1\Z")


def load(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Arrays of an .npz by name, as views of the mapped file where they are stored without compression."""
    members = Members(Path(path))
    return {name.removesuffix(".npy"): _npy(members[name], members.place(name)) for name in members.names()}


def names(path: str | os.PathLike[str]) -> list[str]:
    """The arrays' names."""
    return [name.removesuffix(".npy") for name in Members(Path(path)).names()]


def _npy(data: memoryview, place: str) -> Tensor:
    """One .npy: magic, version (2 bytes), header length (2 or 4 bytes), a Python literal, the array."""
    if len(data) < 12 or bytes(data[:6]) != MAGIC or data[6] not in (1, 2, 3):
        raise FormatError("not an .npy array", where=place, expected="magic number and version 1 to 3")
    width = 2 if data[6] == 1 else 4
    start = 8 + width
    length = int.from_bytes(data[8:start], "little")
    if length > min(HEADER_BYTES_MAX, len(data) - start):
        raise FormatError("the header does not fit", where=place, found=f"{length} bytes")
    dtype, shape = _header(bytes(data[start : start + length]), place)
    body = data[start + length :]
    if math.prod(shape) * dtype.itemsize != len(body):
        raise FormatError(
            "the size contradicts dtype and shape",
            where=place,
            expected=f"{math.prod(shape) * dtype.itemsize} bytes",
            found=f"{len(body)} bytes",
        )
    name = numpy_tensor(np.empty(0, dtype)).dtype
    return view(body, name, shape)


def _header(text: bytes, place: str) -> tuple[np.dtype[np.generic], tuple[int, ...]]:
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise FormatError("the header is no Python literal", where=place) from None
    if not isinstance(header, dict) or header.keys() != {"descr", "fortran_order", "shape"}:
        raise FormatError("bad header", where=place, expected="descr, fortran_order, shape")
    descr, shape = header["descr"], header["shape"]
    if not isinstance(descr, str) or not _TYPE.match(descr):
        raise UnsupportedError("not an array of plain numbers", where=place, found=str(descr)[:60])
    if not isinstance(shape, tuple) or len(shape) > 32:
        raise FormatError("bad shape", where=place, found=str(shape)[:60])
    if not all(type(extent) is int and 0 <= extent < 2**60 for extent in shape):
        raise FormatError("bad shape", where=place, expected="integers, 0 or more", found=str(shape)[:60])
    if header["fortran_order"] is not False and len(shape) > 1:
        raise UnsupportedError("column by column", where=place, expected="row by row (C order)")
    try:
        return np.dtype(descr), shape
    except TypeError:
        raise UnsupportedError("not an array of plain numbers", where=place, found=descr) from None
