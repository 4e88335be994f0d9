"""A tensor as a file holds it: the name of its type, and a NumPy view of its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastseq.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from fastseq.formats.gguf_tensors import GgufTensor

Array = NDArray[Any]

# NumPy has no bfloat16 and no 8-bit floats: their arrays hold the bits as unsigned integers.
NUMPY_TYPES: dict[str, np.dtype[Any]] = {
    "bool": np.dtype("?"),
    "uint8": np.dtype("u1"),
    "int8": np.dtype("i1"),
    "float8_e5m2": np.dtype("u1"),
    "float8_e4m3": np.dtype("u1"),
    "int16": np.dtype("<i2"),
    "uint16": np.dtype("<u2"),
    "float16": np.dtype("<f2"),
    "bfloat16": np.dtype("<u2"),
    "int32": np.dtype("<i4"),
    "uint32": np.dtype("<u4"),
    "float32": np.dtype("<f4"),
    "int64": np.dtype("<i8"),
    "uint64": np.dtype("<u8"),
    "float64": np.dtype("<f8"),
}
REAL = ("float16", "bfloat16", "float32", "float64")
CHUNK = 1 << 20  # elements looked at in one go


@dataclass(frozen=True)
class Tensor:
    """`dtype`: a key of NUMPY_TYPES. `array`: C-contiguous; read-only when it is a view of a mapped file."""

    dtype: str
    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    def rows(self, begin: int, end: int) -> Tensor:
        """Rows [begin, end), as a view."""
        return Tensor(self.dtype, self.array[begin:end])

    def check_finite(self, where: str) -> None:
        """Refuses NaN and infinity, naming the first."""
        if self.dtype not in REAL:
            return
        flat = self.array.reshape(-1)
        for start in range(0, flat.size, CHUNK):
            part = flat[start : start + CHUNK]
            bad = part & 0x7F80 == 0x7F80 if self.dtype == "bfloat16" else ~np.isfinite(part)
            if bad.any():
                at = start + int(bad.argmax())
                place = list(map(int, np.unravel_index(at, self.shape))) if self.shape else []
                raise FormatError(
                    "a weight is not a number",
                    where=where,
                    expected="finite numbers",
                    found=f"NaN or infinity at {place}",
                )

    def float32(self, where: str = "tensor") -> NDArray[np.float32]:
        """The values as float32; a view where the bytes allow it."""
        if self.dtype == "bfloat16":
            return (self.array.astype(np.uint32) << 16).view(np.float32)
        if self.dtype not in REAL:
            raise UnsupportedError(
                "not a tensor of real numbers",
                where=where,
                expected="float32, float16, bfloat16",
                found=self.dtype,
            )
        with np.errstate(over="ignore"):
            result: NDArray[np.float32] = self.array.astype(np.float32, copy=False)
        return result


@dataclass(frozen=True)
class BlockTensor(Tensor):
    """A matrix in blocks of ggml's. `dtype`: the name of their type; `array`: their bytes, one dimension."""

    blocks: GgufTensor

    @property
    def shape(self) -> tuple[int, ...]:
        return self.blocks.shape

    def rows(self, begin: int, end: int) -> BlockTensor:
        part = self.blocks.rows(begin, end)
        return BlockTensor(self.dtype, np.frombuffer(part.data, np.uint8), part)

    def float32(self, where: str = "tensor") -> NDArray[np.float32]:
        """The values as ggml computes them."""
        return self.blocks.float32()


def view(buffer: memoryview, dtype: str, shape: tuple[int, ...]) -> Tensor:
    """`shape` elements over exactly the bytes of `buffer`; copied only where they lie misaligned."""
    array = np.frombuffer(buffer, NUMPY_TYPES[dtype]).reshape(shape)
    return Tensor(dtype, array if array.flags.aligned else array.copy())


def numpy_tensor(array: Array) -> Tensor:
    """A NumPy array as a tensor."""
    contiguous = np.ascontiguousarray(array).reshape(array.shape)
    name = _name_of(contiguous.dtype)
    if name is None:
        raise UnsupportedError(
            "no tensor type for this array", expected=", ".join(NUMPY_TYPES), found=str(array.dtype)
        )
    return Tensor(name, contiguous)


@cache
def _name_of(kind: np.dtype[Any]) -> str | None:
    """What files call NumPy's type."""
    names = (one for one in NUMPY_TYPES if not one.startswith(("float8", "bfloat")))
    return next((one for one in names if kind == NUMPY_TYPES[one]), None)
