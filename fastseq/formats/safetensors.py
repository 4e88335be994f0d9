"""safetensors files: a bounded reader that maps the file, and a writer.

::

    8 bytes          header length N, little-endian
    N bytes          JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
    the rest         the tensors' bytes, one after the other without holes; offsets count from here
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.files import mapped, strict_json, write_whole
from fastseq.formats.tensor import NUMPY_TYPES, Tensor, view

HEADER_BYTES_MAX = 100_000_000
RANK_MAX = 32
ALIGNMENT = 64  # of the first tensor in what we write

TYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3": "float8_e4m3",
    "I16": "int16",
    "U16": "uint16",
    "F16": "float16",
    "BF16": "bfloat16",
    "I32": "int32",
    "U32": "uint32",
    "F32": "float32",
    "I64": "int64",
    "U64": "uint64",
    "F64": "float64",
}
CODES = {name: code for code, name in TYPES.items()}


def load(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Every tensor of a file, as read-only views of it. FormatError names the place of any damage."""
    data = mapped(Path(path), at_least=8)
    try:
        return parse(data)
    except FastseqError as error:
        raise error.within(str(path)) from None


def parse(data: memoryview) -> dict[str, Tensor]:
    """Tensors of a whole file in memory, as views."""
    header, body = _header(data)
    tensors: dict[str, Tensor] = {}
    end = 0
    for name, entry in sorted(header.items(), key=_by_offsets):
        place = f"header: {name[:80]!r}"
        dtype, shape, size = _described(entry, place)
        start, stop = entry["data_offsets"]
        if start != end:
            raise FormatError(
                "tensors overlap or leave a hole",
                where=place,
                expected=f"data_offsets from {end}",
                found=str(start),
            )
        if stop - start != size:
            raise FormatError(
                "data_offsets contradict dtype and shape",
                where=place,
                expected=f"{size} bytes",
                found=f"{stop - start} bytes",
            )
        if stop > len(body):
            raise FormatError(
                "truncated", where=place, expected=f"{stop} bytes of data", found=f"{len(body)} bytes"
            )
        tensors[name] = view(body[start:stop], dtype, shape)
        end = stop
    if end != len(body):
        raise FormatError(
            "bytes after the last tensor", expected=f"{end} bytes of data", found=f"{len(body)} bytes"
        )
    return {name: tensors[name] for name in header}


def _header(data: memoryview) -> tuple[dict[str, Any], memoryview]:
    """The entries of the header without its metadata, and the data behind it."""
    if len(data) < 8:
        raise FormatError(
            "truncated", where="byte 0", expected="a length of 8 bytes", found=f"{len(data)} bytes"
        )
    length = int.from_bytes(data[:8], "little")
    if length > min(HEADER_BYTES_MAX, len(data) - 8):
        raise FormatError(
            "the header does not fit",
            where="byte 0",
            expected=f"at most {min(HEADER_BYTES_MAX, len(data) - 8)} bytes",
            found=f"{length} bytes",
        )
    try:
        header = strict_json(bytes(data[8 : 8 + length]))
    except FormatError as error:
        raise error.within("header") from None
    if not isinstance(header, dict):
        raise FormatError(
            "not an object", where="header", expected="tensors by name", found=type(header).__name__
        )
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise FormatError(
            "not texts by name", where="header: '__metadata__'", expected="an object of strings"
        )
    for name, entry in header.items():
        _check_entry(entry, f"header: {name[:80]!r}")
    return header, data[8 + length :]


def _check_entry(entry: object, place: str) -> None:
    """The kinds of an entry's values; sizes come later."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise FormatError(
            "not a tensor",
            where=place,
            expected="dtype, shape, data_offsets",
            found=", ".join(map(str, entry))[:60] if isinstance(entry, dict) else type(entry).__name__,
        )
    if not isinstance(entry["dtype"], str):
        raise FormatError(
            "dtype is no string", where=place, expected=", ".join(TYPES), found=str(entry["dtype"])[:60]
        )
    for key in ("shape", "data_offsets"):
        sizes = entry[key]
        if not isinstance(sizes, list) or not all(type(one) is int and 0 <= one < 2**63 for one in sizes):
            raise FormatError(
                f"bad {key}", where=place, expected="integers, 0 or more", found=str(sizes)[:60]
            )
    if len(entry["data_offsets"]) != 2:
        raise FormatError(
            "bad data_offsets",
            where=place,
            expected="a start and an end",
            found=f"{len(entry['data_offsets'])} numbers",
        )


def _by_offsets(item: tuple[str, Any]) -> tuple[int, int]:
    start, stop = item[1]["data_offsets"]
    return start, stop


def _described(entry: Any, place: str) -> tuple[str, tuple[int, ...], int]:
    """Type, shape and bytes of a tensor."""
    dtype = TYPES.get(entry["dtype"])
    if dtype is None:
        raise UnsupportedError(
            "unknown dtype", where=place, expected=", ".join(TYPES), found=entry["dtype"][:60]
        )
    shape = tuple(entry["shape"])
    if len(shape) > RANK_MAX:
        raise FormatError(
            "too many dimensions", where=place, expected=f"at most {RANK_MAX}", found=str(len(shape))
        )
    size = NUMPY_TYPES[dtype].itemsize
    for extent in shape:  # Python integers do not overflow; the bound keeps them small
        size *= extent
        if size >= 2**63:
            raise FormatError(
                "the shape is too large", where=place, expected="less than 2**63 bytes", found=str(shape)[:60]
            )
    if max((*shape, 0)) >= 2**63 // 8:  # NumPy refuses such extents even where another is 0
        raise FormatError(
            "the shape is too large", where=place, expected="less than 2**60", found=str(shape)[:60]
        )
    return dtype, shape, size


def save(
    path: str | os.PathLike[str], tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Writes a file, whole or not at all."""
    blob, order = _header_bytes(tensors, metadata)
    data = (tensors[name].array.reshape(-1).view(np.uint8).data for name in order)
    write_whole(Path(path), chain([len(blob).to_bytes(8, "little"), blob], data))


def _header_bytes(
    tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None
) -> tuple[bytes, list[str]]:
    """The header, padded with spaces, and the order of the data: wide types first, so all are aligned."""
    order = sorted(tensors, key=lambda name: (-NUMPY_TYPES[tensors[name].dtype].itemsize, name))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name in order:
        tensor = tensors[name]
        start, end = end, end + tensor.array.nbytes
        header[name] = {
            "dtype": CODES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    blob = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    return blob + b" " * (-(8 + len(blob)) % ALIGNMENT), order
