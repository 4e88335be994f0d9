"""Weights as the engine takes them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class BlockMatrix(NamedTuple):
    """A matrix in blocks of a type of ggml's, as a GGUF file holds it."""

    type: int
    """As ggml numbers it."""
    data: NDArray[np.uint8]
    """All bytes, row by row."""
    shape: tuple[int, ...]
    """(rows, columns), in numbers."""

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)


Weight = NDArray[Any] | BlockMatrix
"""float32, bfloat16 as uint16, int8 (with a float32 ``NAME.scale`` beside it), or blocks."""
