"""GGUF files: a bounded reader of their metadata and of where their tensors lie (see gguf_tensors.py).

::

    "GGUF"  u32 version (2, 3)  u64 tensors  u64 entries          all numbers little-endian
    entries x { string key; u32 type; value }                     string: u64 size, UTF-8
    tensors x { string name; u32 n; u64 shape[n], fastest first; u32 type; u64 offset }
    padding to general.alignment (32); offsets count from here

A value is a number, a string, or an array {u32 type; u64 count; values}, also of arrays.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fastseq._core import native
from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.files import mapped

_NUMBERS = ("u1", "i1", "<u2", "<i2", "<u4", "<i4", "<f4", "?", None, None, "<u8", "<i8", "<f8")
_BOOL, _STRING, _ARRAY = 7, 8, 9
_STRINGS_MAX = 2**24  # of an array
_DEPTH_MAX = 3  # of arrays in arrays
_DIMENSIONS_MAX = 8
_ALIGNMENT = "general.alignment"


class TensorPlace(NamedTuple):
    """Where a tensor lies."""

    shape: tuple[int, ...]
    """As NumPy has it: slowest first."""
    type: int
    """As ggml numbers it."""
    start: int
    """Byte of the file."""


class Gguf(NamedTuple):
    """What a file says of itself."""

    metadata: dict[str, Any]
    """Numbers, strings (bytes where not UTF-8), NumPy arrays, `native.CountedStrings`, lists of these."""
    tensors: dict[str, TensorPlace]
    data: memoryview
    """The whole file, mapped."""


def read(path: Path) -> Gguf:
    """Metadata and places of the tensors; `FormatError` names the place of any damage."""
    data = mapped(path, at_least=24)
    try:
        return parse(data)
    except FastseqError as error:
        raise error.within(str(path)) from None


def parse(data: memoryview) -> Gguf:
    """The same of a file in memory."""
    reader = _Reader(data)
    tensor_count, entry_count = _head(reader)
    metadata: dict[str, Any] = {}
    for _ in range(entry_count):
        key = reader.name("key")
        if key in metadata:
            raise FormatError("a key comes twice", where=f"{key!r:.80}", expected="each key once")
        metadata[key] = reader.value(reader.number("<u4"), key)
    tensors: dict[str, TensorPlace] = {}
    for _ in range(tensor_count):
        name = reader.name("tensor")
        if name in tensors:
            raise FormatError("a tensor comes twice", where=f"{name!r:.80}", expected="each once")
        tensors[name] = reader.tensor(name)
    alignment = metadata.get(_ALIGNMENT, 32)
    if type(alignment) is not int or not 8 <= alignment <= 2**16 or alignment & (alignment - 1):
        raise FormatError(
            "not an alignment", where=_ALIGNMENT, expected="a power of two from 8", found=f"{alignment!r:.40}"
        )
    base = -(-reader.at // alignment) * alignment
    for name, tensor in tensors.items():
        if tensor.start % alignment or base + tensor.start > len(data):
            raise FormatError(
                "outside the file",
                where=f"tensor {name!r:.80}",
                expected=f"an offset below {len(data) - base}, aligned to {alignment}",
                found=str(tensor.start),
            )
        tensors[name] = tensor._replace(start=base + tensor.start)
    return Gguf(metadata, tensors, data)


def _head(reader: _Reader) -> tuple[int, int]:
    """How many tensors and entries there are."""
    if bytes(reader.take(4)) != b"GGUF":
        raise FormatError("not a GGUF file", where="byte 0", expected="GGUF")
    version = reader.number("<u4")
    if version not in (2, 3):
        found = f"{version >> 24}, big-endian" if version in (2 << 24, 3 << 24) else str(version)
        raise UnsupportedError(
            "not supported", where="version", expected="2 or 3, little-endian", found=found
        )
    tensors, entries = reader.number("<u8"), reader.number("<u8")
    reader.room(tensors, 24, "tensors")
    reader.room(entries, 13, "entries")
    return tensors, entries


class _Reader:
    """Goes through the bytes once; every size is checked against what is left."""

    def __init__(self, data: memoryview) -> None:
        self._data, self.at = data, 0

    def room(self, count: int, size: int, where: str) -> None:
        """That so many elements of that size fit into what is left."""
        if count * size > len(self._data) - self.at:
            raise FormatError(
                "more than the file has",
                where=f"byte {self.at}: {where:.80}",
                expected=f"at most {(len(self._data) - self.at) // size}",
                found=str(count),
            )

    def take(self, size: int, where: str = "the file") -> memoryview:
        self.room(size, 1, where)
        self.at += size
        return self._data[self.at - size : self.at]

    def number(self, dtype: str, where: str = "the file") -> Any:
        kind = np.dtype(dtype)
        value = np.frombuffer(self.take(kind.itemsize, where), kind)[0]
        return value.item()

    def name(self, where: str) -> str:
        text = self.take(self.number("<u8", where), where)
        if not 0 < len(text) < 65536:
            raise FormatError(
                "not a name", where=where, expected="1 to 65535 bytes", found=f"{len(text)} bytes"
            )
        try:
            return str(text, "utf-8")
        except UnicodeDecodeError:
            raise FormatError("not UTF-8", where=where, found=repr(bytes(text[:40]))) from None

    def value(self, kind: int, where: str, depth: int = 0) -> Any:
        if kind == _STRING:
            return _text(self.take(self.number("<u8", where), where))
        if kind == _ARRAY:
            return self._array(where, depth)
        dtype = self._dtype(kind, where)
        return bool(self.number("u1", where)) if kind == _BOOL else self.number(dtype, where)

    def _dtype(self, kind: int, where: str) -> str:
        dtype = _NUMBERS[kind] if kind < len(_NUMBERS) else None
        if dtype is None:
            raise FormatError("no such type", where=where, expected="0 to 12", found=str(kind))
        return dtype

    def _array(self, where: str, depth: int) -> Any:
        kind, count = self.number("<u4", where), self.number("<u8", where)
        if kind == _STRING:
            return self._strings(count, where)
        if kind == _ARRAY:
            self.room(count, 12, where)
            if depth == _DEPTH_MAX or count > _STRINGS_MAX:
                raise FormatError("arrays too deep or too many", where=where, expected=f"{_DEPTH_MAX} deep")
            return [self._array(where, depth + 1) for _ in range(count)]
        dtype = np.dtype("u1" if kind == _BOOL else self._dtype(kind, where))
        self.room(count, dtype.itemsize, where)
        values = np.frombuffer(self.take(count * dtype.itemsize, where), dtype)
        return values != 0 if kind == _BOOL else values.copy()

    def _strings(self, count: int, where: str) -> native.CountedStrings:
        self.room(count, 8, where)
        if count > _STRINGS_MAX:
            raise FormatError("too many strings", where=where, expected=f"{_STRINGS_MAX}", found=str(count))
        texts = native.CountedStrings(self._data, self.at, count)
        if len(texts) < count:
            raise FormatError("truncated", where=f"{where:.80}[{len(texts)}]", expected="a string")
        self.at = texts.end
        return texts

    def tensor(self, name: str) -> TensorPlace:
        where = f"tensor {name!r:.80}"
        count = self.number("<u4", where)
        if count > _DIMENSIONS_MAX:
            raise FormatError(
                "too many dimensions", where=where, expected=f"at most {_DIMENSIONS_MAX}", found=str(count)
            )
        shape = [self.number("<u8", where) for _ in range(count)]
        elements = 1
        for extent in shape:
            elements *= extent
        if elements >= 2**60:
            raise FormatError(
                "the shape is too large", where=where, expected="less than 2**60", found=str(shape)
            )
        return TensorPlace(tuple(shape[::-1]), self.number("<u4", where), self.number("<u8", where))


def _text(data: memoryview) -> str | bytes:
    """A string; as bytes where it is not UTF-8."""
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        return bytes(data)
