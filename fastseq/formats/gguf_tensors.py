"""The tensors of a GGUF file: views of the mapped file, each checked to lie in it and apart from the rest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastseq.errors import FormatError
from fastseq.formats.ggml_blocks import BlockType, size_of, to_float32, type_of
from fastseq.formats.gguf import Gguf


class GgufTensor(NamedTuple):
    """A tensor as the file holds it."""

    kind: BlockType
    shape: tuple[int, ...]
    """As NumPy has it: slowest first."""
    data: memoryview
    """Its blocks, row by row."""

    def rows(self, begin: int, end: int) -> GgufTensor:
        """Rows [begin, end), of the same bytes."""
        each = len(self.data) // self.shape[0]
        return GgufTensor(self.kind, (end - begin, *self.shape[1:]), self.data[begin * each : end * each])

    def float32(self) -> NDArray[np.float32]:
        """Its numbers, as ggml computes them."""
        return to_float32(self.kind, self.data, self.shape)


def tensors(file: Gguf) -> dict[str, GgufTensor]:
    """All tensors of a file that `gguf.read` has read.

    Raises `UnsupportedError` for a type that is not known, and `FormatError` for a tensor that is not wholly
    in the file or shares bytes with another.
    """
    found: dict[str, GgufTensor] = {}
    for name, place in file.tensors.items():
        where = f"tensor {name!r:.80}"
        kind = type_of(place.type, where)
        size = size_of(kind, place.shape, where)
        if size > len(file.data) - place.start:
            raise FormatError(
                "outside the file",
                where=where,
                expected=f"{size} bytes from byte {place.start} on",
                found=f"{len(file.data) - place.start}",
            )
        found[name] = GgufTensor(kind, place.shape, file.data[place.start : place.start + size])
    _check_apart(file, found)
    return found


def _check_apart(file: Gguf, found: dict[str, GgufTensor]) -> None:
    end, before = 0, ""
    for name in sorted(found, key=lambda name: (file.tensors[name].start, len(found[name].data))):
        start = file.tensors[name].start
        if start < end and len(found[name].data):
            raise FormatError(
                "two tensors overlap",
                where=f"tensor {name!r:.80}",
                expected=f"a start from byte {end} on, behind {before!r:.80}",
                found=str(start),
            )
        end, before = max(end, start + len(found[name].data)), name
