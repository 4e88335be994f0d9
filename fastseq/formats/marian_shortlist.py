"""Marian's binary lexical shortlist (marian's data/shortlist.h): for each source token, target tokens.

u64 magic, checksum, first, best, n, m; u64 offsets[n]; u32 tokens[m]     little-endian
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fastseq._core import native
from fastseq.errors import FormatError
from fastseq.files import mapped
from fastseq.formats.tensor import Tensor, numpy_tensor

MAGIC = 0xF11A48D5013417F5
HEAD = 48


def load(path: Path) -> dict[str, Tensor]:
    """Tensors ``shortlist.offsets`` (n), ``.tokens`` (m) and ``.first`` (1), of whole numbers."""
    data, where = mapped(path, HEAD), str(path)
    magic, checksum, first, _, offsets, tokens = np.frombuffer(data[:HEAD], "<u8").tolist()
    if magic != MAGIC:
        raise FormatError("not a shortlist", where=where, expected=f"{MAGIC:#x}", found=f"{magic:#x}")
    if offsets > len(data) or tokens > len(data) or HEAD + 8 * offsets + 4 * tokens != len(data):
        raise FormatError(
            "the size contradicts the header",
            where=where,
            expected=f"{HEAD + 8 * offsets + 4 * tokens} bytes",
            found=str(len(data)),
        )
    found = native.shortlist_checksum(data[16:])
    if found != checksum:
        raise FormatError(
            "damaged: wrong checksum", where=where, expected=f"{checksum:#x}", found=f"{found:#x}"
        )
    if first >= 2**31:
        raise FormatError("more frequent tokens than there can be", where=where, found=str(first))
    ends = HEAD + 8 * offsets
    return {
        "shortlist.offsets": numpy_tensor(np.frombuffer(data[HEAD:ends], "<i8")),
        "shortlist.tokens": numpy_tensor(np.frombuffer(data[ends:], "<i4")),
        "shortlist.first": numpy_tensor(np.array([first], np.int32)),
    }
