"""Marian's binary model file: named arrays behind one table (marian's common/binary.cpp, version 1).

    u64 version, n; n x (u64 name length, type, dimensions, data length); names; int32 shapes;
    u64 gap, that many zeros; data. Little-endian throughout.

An int8 matrix ("intgemm8") is its bytes, row by row of outputs, and one float32: 127 / the largest weight.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastseq.errors import FormatError, UnsupportedError
from fastseq.files import mapped

VERSION = 1
ITEMS_MAX = 100_000
NAME_MAX = 1000
FLOAT32, INT8, INTGEMM8 = 0x404, 0x101, 0x4101
_TYPES = {
    FLOAT32: "float32",
    INT8: "int8",
    INTGEMM8: "int8 with a scale",
    0x402: "float16",
    0x4102: "int16 with a scale",
    0x802: "packed for one kind of processor",
    0x1801: "packed for one kind of processor",
    0x2801: "packed for one kind of processor",
}


class Item(NamedTuple):
    """One array: its type, its shape as the file has it, and its bytes."""

    kind: int
    shape: tuple[int, ...]
    data: memoryview
    place: str

    @property
    def floats(self) -> NDArray[np.float32]:
        """A float32 array of its shape, a view where it lies aligned."""
        if self.kind != FLOAT32:
            raise UnsupportedError(
                "not an array of this type", where=self.place, expected="float32", found=self.kind_name
            )
        return _numbers(self.data[: 4 * math.prod(self.shape)], "<f4").reshape(self.shape)

    @property
    def scale(self) -> float:
        """What int8 weights are multiplied with, from the quotient behind them."""
        size = math.prod(self.shape)
        quotient = float(np.frombuffer(self.data[size : size + 4], "<f4")[0])
        if not 0 < quotient < math.inf:
            raise FormatError("bad scale", where=self.place, expected="a number above 0", found=str(quotient))
        return float(np.float32(1) / np.float32(quotient))

    @property
    def kind_name(self) -> str:
        return _TYPES.get(self.kind, f"type {self.kind:#x}")

    def bytes_as(self, rows: int, columns: int) -> NDArray[np.int8]:
        """int8 weights as rows of outputs, a view."""
        return np.frombuffer(self.data[: rows * columns], np.int8).reshape(rows, columns)


def is_marian(path: Path) -> bool:
    """Whether a file begins like one: version 1, a number of items that it has room for."""
    try:
        with open(path, "rb") as file:
            head = file.read(16)
    except OSError:
        return False
    version, count = (int.from_bytes(head[i : i + 8], "little") for i in (0, 8))
    return (
        len(head) == 16 and version == VERSION and 0 < count <= ITEMS_MAX and path.stat().st_size > 32 * count
    )


def load(path: Path) -> dict[str, Item]:
    """The arrays of a file by name, as views of its mapping. FormatError names the place of what is wrong."""
    data, where = mapped(path, 16), str(path)
    version, count = _u64(data, 0, 2, where, "header")
    if version != VERSION:
        raise UnsupportedError("another version", where=where, expected=str(VERSION), found=str(version))
    if count > min(ITEMS_MAX, len(data) // 32):
        raise FormatError("more items than the file has room for", where=where, found=str(count))
    table = _u64(data, 16, 4 * count, where, "table of items")
    heads = [table[i : i + 4] for i in range(0, 4 * count, 4)]
    at = 16 + 32 * count
    names, at = _names(data, at, heads, where)
    shapes, at = _shapes(data, at, heads, names, where)
    (gap,) = _u64(data, at, 1, where, "gap")
    at += 8 + _fits(data, at + 8, gap, where, "gap")
    items: dict[str, Item] = {}
    for (_, kind, _, size), name, shape in zip(heads, names, shapes, strict=True):
        place = f"{where}: {name!r:.80}"
        _check_size(kind, shape, _fits(data, at, size, place, "data"), place)
        if name in items:
            raise FormatError("the same name twice", where=place)
        items[name] = Item(kind, shape, data[at : at + size], place)
        at += size
    if at != len(data):
        raise FormatError(
            "bytes behind the last item", where=where, expected=f"{at} bytes", found=str(len(data))
        )
    return items


def _fits(data: memoryview, at: int, size: int, where: str, what: str) -> int:
    if size > len(data) - at:
        raise FormatError(
            f"truncated: {what}",
            where=where,
            expected=f"{size} bytes at {at}",
            found=f"a file of {len(data)}",
        )
    return size


def _u64(data: memoryview, at: int, count: int, where: str, what: str) -> list[int]:
    _fits(data, at, 8 * count, where, what)
    return np.frombuffer(data[at : at + 8 * count], "<u8").tolist()  # type: ignore[no-any-return]


def _names(data: memoryview, at: int, heads: list[list[int]], where: str) -> tuple[list[str], int]:
    names = []
    for length, *_ in heads:
        if not 1 <= length <= NAME_MAX:
            raise FormatError(
                "bad length of a name", where=where, expected=f"1 to {NAME_MAX}", found=str(length)
            )
        raw = bytes(data[at : at + _fits(data, at, length, where, "names")])
        if raw[-1] != 0 or b"\0" in raw[:-1] or not raw[:-1].isascii():
            raise FormatError("not a name", where=where, expected="ASCII, then a zero", found=f"{raw!r:.60}")
        names.append(raw[:-1].decode("ascii"))
        at += length
    return names, at


def _shapes(
    data: memoryview, at: int, heads: list[list[int]], names: list[str], where: str
) -> tuple[list[tuple[int, ...]], int]:
    shapes = []
    for (_, _, dims, _), name in zip(heads, names, strict=True):
        if not 1 <= dims <= 4:
            raise FormatError(
                "bad number of dimensions", where=f"{where}: {name!r:.80}", expected="1 to 4", found=str(dims)
            )
        _fits(data, at, 4 * dims, where, "shapes")
        shape = tuple(np.frombuffer(data[at : at + 4 * dims], "<i4").tolist())
        if min(shape) < 1:
            raise FormatError(
                "bad shape", where=f"{where}: {name!r:.80}", expected="sides of 1 or more", found=str(shape)
            )
        shapes.append(shape)
        at += 4 * dims
    return shapes, at


def _check_size(kind: int, shape: tuple[int, ...], size: int, place: str) -> None:
    """Data may be padded, never short."""
    need = math.prod(shape) * (4 if kind == FLOAT32 else 1) + (4 if kind == INTGEMM8 else 0)
    if kind in (FLOAT32, INT8, INTGEMM8) and size < need:
        raise FormatError(
            "data shorter than its shape", where=place, expected=f"{need} bytes", found=str(size)
        )


def _numbers(data: memoryview, kind: str) -> NDArray[np.float32]:
    array: NDArray[np.float32] = np.frombuffer(data, kind)
    return array if array.flags.aligned else array.copy()
