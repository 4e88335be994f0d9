"""Weights as the engine takes them."""

from __future__ import annotations

import math
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from fastseq._core import native
from fastseq.errors import FormatError

Q4_0, Q8_0 = 2, 8  # of ggml's types
GROUP = 32
"""Numbers of a block of these two, which have one scale."""
BYTES = {Q4_0: 18, Q8_0: 34}
"""Of such a block."""
AT_ONCE = 1 << 22  # numbers that are widened in one go


class BlockMatrix:
    """A matrix in blocks of a type of ggml's, as a GGUF file holds it."""

    __slots__ = ("__weakref__", "_data", "shape", "type")

    def __init__(self, type: int, data: NDArray[np.uint8] | None, shape: tuple[int, ...]) -> None:
        self.type, self._data, self.shape = type, data, tuple(shape)

    @property
    def data(self) -> NDArray[np.uint8]:
        """All bytes, row by row."""
        assert self._data is not None
        return self._data

    @property
    def origin(self) -> Any:
        """The array that is read."""
        return self._data

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)


class RoundedMatrix(BlockMatrix):
    """A matrix that is rounded to blocks when they are asked for, and not kept."""

    __slots__ = ("_made", "_name", "_scale", "_source")

    def __init__(self, name: str, type: int, source: Weight, scale: NDArray[Any] | None = None) -> None:
        """source: float32, bfloat16 as uint16, float16, int8 with its scales, or blocks."""
        super().__init__(type, None, source.shape)
        self._name, self._source, self._scale = name, source, scale
        self._made: ref[NDArray[np.uint8]] | None = None

    @property
    def origin(self) -> Any:
        return self._source.origin if isinstance(self._source, BlockMatrix) else self._source

    @property
    def data(self) -> NDArray[np.uint8]:
        made = self._made() if self._made else None
        if made is None:
            made = np.empty(self.size // GROUP * BYTES[self.type], np.uint8)
            self._round(made)
            self._made = ref(made)
        return made

    def _round(self, to: NDArray[np.uint8]) -> None:
        source = self._source
        if isinstance(source, BlockMatrix) or source.dtype != np.float16:
            native.round_to_blocks(self._name, source, self.type, to, scale=self._scale)
            return
        row = self.shape[1] // GROUP * BYTES[self.type]
        step = max(AT_ONCE // self.shape[1], 1)
        for at in range(0, self.shape[0], step):
            part = source[at : at + step].astype(np.float32)
            try:
                native.round_to_blocks(self._name, part, self.type, to[at * row : (at + len(part)) * row])
            except FormatError as error:
                raise error.within(f"rows from {at} on") from None


Weight = NDArray[Any] | BlockMatrix
"""float32, bfloat16 as uint16, int8 (with a float32 ``NAME.scale`` beside it), or blocks; float16 is widened,
or rounded, by `fastseq.models.rounding.held`."""
