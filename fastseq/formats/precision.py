"""Weights from one precision to another, for saving: float32, bfloat16, int8, int4.

int4, and int8 of most language models, are blocks of ggml's types Q4_0 and Q8_0 (`fastseq.models.rounding`);
a tensor's name is then followed by that of the type. Otherwise int8 has one symmetric scale a row (an
output channel): scale = max |w| / 127, q = round(w / scale), bit for bit as the engine quantizes float32
weights when it loads them. Embeddings are then bfloat16; biases and the score vector of additive
attention stay float32.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fastseq.errors import ArgumentError, FormatError
from fastseq.formats.ggml_blocks import TYPES, type_of
from fastseq.formats.gguf_tensors import GgufTensor
from fastseq.formats.tensor import REAL, BlockTensor, Tensor, numpy_tensor
from fastseq.models.spec import SHORTLIST, ModelSpec, tensor_role
from fastseq.models.weights import BlockMatrix, Weight

DTYPES = ("float32", "bfloat16", "int8", "int4")
AS_THEY_ARE = ("float16", "bfloat16", "int8", "int32", "int64")  # to the engine
BLOCKS = {kind.name: kind for kind in TYPES.values() if kind.size > 1}
SCALE = ".scale"  # what follows the name of an int8 tensor in the name of its scales
MULTIPLIER = (
    ".multiplier"  # and in that of the number that turns its input into 8 bits, where a file fixes it
)


def check_dtype(dtype: str | None) -> None:
    """Refuses a precision that is none of ours."""
    if dtype is not None and dtype not in DTYPES:
        raise ArgumentError("unknown dtype", where="dtype", expected=", ".join(DTYPES), found=str(dtype))


def converted(spec: ModelSpec, tensors: Mapping[str, Tensor], dtype: str) -> dict[str, Tensor]:
    """The weights with their matrices in `dtype`; what is there already is passed on as it is."""
    check_dtype(dtype)
    result: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.removesuffix(SCALE).removesuffix(MULTIPLIER) != name:
            continue
        if name in SHORTLIST:
            result[name] = tensor
            continue
        role = tensor_role(spec, name, len(tensor.shape))
        wanted = (
            "float32" if role == "vector" else "bfloat16" if role == "table" and dtype == "int8" else dtype
        )
        if tensor.dtype == wanted:
            result[name] = tensor
            if wanted == "int8":
                result |= {
                    name + part: tensors[name + part]
                    for part in (SCALE, MULTIPLIER)
                    if name + part in tensors
                }
            continue
        wide = widened(tensors, name)
        if wanted == "int8":
            result[name], result[name + SCALE] = to_int8(wide)
        else:
            result[name] = (
                Tensor("bfloat16", to_bfloat16(wide)) if wanted == "bfloat16" else Tensor("float32", wide)
            )
    return result


def widened(tensors: Mapping[str, Tensor], name: str) -> NDArray[np.float32]:
    """A tensor as float32, its scales applied."""
    tensor = tensors[name]
    if tensor.dtype != "int8":
        return tensor.float32(name)
    scale = tensors[name + SCALE].float32(name + SCALE)
    wide: NDArray[np.float32] = tensor.array.astype(np.float32) * scale[:, None]
    return wide


def to_bfloat16(wide: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Rounded to the nearest, ties to even; as bits."""
    bits = np.ascontiguousarray(wide).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def to_int8(wide: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
    """Rows (N, K) as int8, and their scales (N)."""
    scale = np.abs(wide).max(axis=1, initial=0).astype(np.float32) / np.float32(127)
    divisor = np.where(scale > 0, scale, np.float32(1))  # a row of zeros stays one
    q = np.clip(np.rint(wide / divisor[:, None]), -127, 127) * (scale > 0)[:, None]
    return Tensor("int8", q.astype(np.int8)), Tensor("float32", scale)


def check_weights(spec: ModelSpec, tensors: Mapping[str, Tensor]) -> None:
    """Refuses weights that are of no use as numbers: NaN, infinity, integers, scales that do not fit."""
    for name, tensor in tensors.items():
        tensor.check_finite(name)
        if name in SHORTLIST:
            if tensor.dtype not in ("int32", "int64"):
                raise FormatError(
                    "not whole numbers", where=name, expected="int32, int64", found=tensor.dtype
                )
            continue
        if isinstance(tensor, BlockTensor):
            if tensor_role(spec, name, len(tensor.shape)) == "vector":
                raise FormatError("no matrix", where=name, expected=", ".join(REAL), found=tensor.dtype)
            continue
        if tensor.dtype != "int8":
            if tensor.dtype not in REAL:
                raise FormatError("not a weight", where=name, expected=", ".join(REAL), found=tensor.dtype)
            continue
        if tensor_role(spec, name, tensor.array.ndim) != "matrix":
            raise FormatError(
                "only matrices may be int8", where=name, expected="float32, bfloat16", found="int8"
            )
        multiplier = tensors.get(name + MULTIPLIER)
        if multiplier is not None and (multiplier.shape != (1,) or not multiplier.float32(name)[0] > 0):
            raise FormatError(
                "bad multiplier of activations",
                where=name + MULTIPLIER,
                expected="one number above 0",
                found=str(multiplier.array)[:60],
            )
        scale = tensors.get(name + SCALE)
        rows = tensor.shape[:1]
        if scale is None or scale.shape != rows or scale.dtype != "float32":
            raise FormatError(
                "an int8 tensor needs its scales",
                where=name + SCALE,
                expected=f"float32 {rows}",
                found="none" if scale is None else f"{scale.dtype} {scale.shape}",
            )


def to_engine(tensors: Mapping[str, Tensor]) -> dict[str, Weight]:
    """As the engine takes them (`Weight`); views if possible."""
    return {name: _to_engine(name, tensor) for name, tensor in tensors.items()}


def _to_engine(name: str, tensor: Tensor) -> Weight:
    if isinstance(tensor, BlockTensor):
        return BlockMatrix(tensor.blocks.kind.number, tensor.array, tensor.shape)
    return tensor.array if tensor.dtype in AS_THEY_ARE else tensor.float32(name)


def from_engine(arrays: Mapping[str, Weight]) -> dict[str, Tensor]:
    """The other way round."""
    return {name: _from_engine(name, array) for name, array in arrays.items()}


def _from_engine(name: str, array: Weight) -> Tensor:
    if isinstance(array, BlockMatrix):
        kind = type_of(array.type, name)
        return BlockTensor(kind.name, array.data, GgufTensor(kind, array.shape, array.data.data))
    return Tensor("bfloat16", array) if array.dtype == np.uint16 else numpy_tensor(array)


def folded(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """For files that know no blocks: bytes (rows, bytes a row), the type behind the name."""
    made = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, BlockTensor):
            made[f"{name}.{tensor.dtype}"] = Tensor("uint8", tensor.array.reshape(tensor.shape[0], -1))
        else:
            made[name] = tensor
    return made


def unfolded(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The other way round."""
    made = {}
    for name, tensor in tensors.items():
        stem, _, behind = name.rpartition(".")
        kind = BLOCKS.get(behind)
        if kind is None or tensor.dtype != "uint8":
            made[name] = tensor
            continue
        if stem in tensors or len(tensor.shape) != 2 or tensor.shape[1] % kind.bytes:
            raise FormatError(
                "no matrix in blocks",
                where=name,
                expected=f"(rows, a multiple of {kind.bytes}), no {stem} beside it",
                found=str(tensor.shape),
            )
        shape = (tensor.shape[0], tensor.shape[1] // kind.bytes * kind.size)
        flat = tensor.array.reshape(-1)
        made[stem] = BlockTensor(behind, flat, GgufTensor(kind, shape, flat.data))
    return made
