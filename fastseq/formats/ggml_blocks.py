"""The types of ggml's tensors: how many numbers a block has, its bytes, and what they are as float32.

Blocks run along the last dimension. Sums and products are rounded to float32 in ggml's own order, so that the
numbers are its own bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastseq.errors import FormatError, UnsupportedError

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

_IQ4_NL = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], np.float32)
CHUNK = 1 << 14
"""Blocks that are made float32 in one go: what is needed besides the result stays small."""


class BlockType(NamedTuple):
    """A type of ggml."""

    number: int
    """As ggml gives it."""
    name: str
    size: int
    """Numbers of a block."""
    bytes: int
    """Of a block."""
    floats: Callable[[Bytes], Floats]
    """Blocks (n, bytes) to numbers (n, size)."""


def type_of(number: int, where: str) -> BlockType:
    """The type that ggml gives this number; `UnsupportedError` for those that are not read."""
    if number not in TYPES:
        raise UnsupportedError(
            "type not supported",
            where=where,
            expected=", ".join(kind.name for kind in TYPES.values()),
            found=f"type {number} ({_OTHERS[number]})" if number in _OTHERS else f"type {number}",
        )
    return TYPES[number]


def size_of(kind: BlockType, shape: tuple[int, ...], where: str) -> int:
    """The bytes of a tensor; `FormatError` when its rows are not whole blocks."""
    row = shape[-1] if shape else 1
    if row % kind.size:
        raise FormatError(
            "rows are not whole blocks",
            where=where,
            expected=f"a multiple of {kind.size} for {kind.name}",
            found=str(row),
        )
    count = 1
    for extent in shape:
        count *= extent
    return count // kind.size * kind.bytes


def to_float32(kind: BlockType, data: memoryview, shape: tuple[int, ...]) -> Floats:
    """The numbers of a tensor that lies in `data` (its `size_of` bytes)."""
    blocks = np.frombuffer(data, np.uint8).reshape(-1, kind.bytes)
    out = np.empty((len(blocks), kind.size), np.float32)
    with np.errstate(all="ignore"):  # scales of a damaged file may be infinite
        for begin in range(0, len(blocks), CHUNK):
            out[begin : begin + CHUNK] = kind.floats(blocks[begin : begin + CHUNK])
    return out.reshape(shape)


def _half(blocks: Bytes, at: int) -> Floats:
    """The float16 at a byte of each block, as a column."""
    return np.ascontiguousarray(blocks[:, at : at + 2]).view("<f2").astype(np.float32)


def _nibbles(packed: Bytes) -> Bytes:
    """Bytes (..., n) to (..., 2 n): the low halves, then the high ones."""
    return np.concatenate([packed & 15, packed >> 4], axis=-1)


def _fifth_bits(blocks: Bytes, at: int) -> Bytes:
    """The 32 bits from a byte on as 0 or 16 (n, 32)."""
    made: Bytes = np.unpackbits(blocks[:, at : at + 4], axis=-1, bitorder="little") << np.uint8(4)
    return made


def _plain(dtype: str) -> Callable[[Bytes], Floats]:
    def floats(blocks: Bytes) -> Floats:
        return np.ascontiguousarray(blocks).view(dtype).astype(np.float32)

    return floats


def _bf16(blocks: Bytes) -> Floats:
    return (np.ascontiguousarray(blocks).view("<u2").astype(np.uint32) << 16).view(np.float32)


def _q8_0(blocks: Bytes) -> Floats:
    return _half(blocks, 0) * blocks[:, 2:].view(np.int8).astype(np.float32)


def _q4_0(blocks: Bytes) -> Floats:
    made: Floats = _half(blocks, 0) * (_nibbles(blocks[:, 2:]).astype(np.float32) - np.float32(8))
    return made


def _q4_1(blocks: Bytes) -> Floats:
    return _half(blocks, 0) * _nibbles(blocks[:, 4:]).astype(np.float32) + _half(blocks, 2)


def _q5_0(blocks: Bytes) -> Floats:
    whole = _nibbles(blocks[:, 6:]) | _fifth_bits(blocks, 2)
    made: Floats = _half(blocks, 0) * (whole.astype(np.float32) - np.float32(16))
    return made


def _q5_1(blocks: Bytes) -> Floats:
    whole = _nibbles(blocks[:, 8:]) | _fifth_bits(blocks, 4)
    return _half(blocks, 0) * whole.astype(np.float32) + _half(blocks, 2)


def _iq4_nl(blocks: Bytes) -> Floats:
    return _half(blocks, 0) * _IQ4_NL[_nibbles(blocks[:, 2:])]


def _scales_of_k(packed: Bytes) -> tuple[Bytes, Bytes]:
    """The scales and minima (n, 8), 6 bits each, of 12 bytes.

    The first four of each are the low bits of a byte, whose upper bits belong to the last four.
    """
    first, second, rest = packed[:, 0:4], packed[:, 4:8], packed[:, 8:12]
    scales = np.concatenate([first & 63, (rest & 15) | (first >> 6) << 4], axis=-1)
    minima = np.concatenate([second & 63, (rest >> 4) | (second >> 6) << 4], axis=-1)
    return scales, minima


def _of_k(blocks: Bytes, values: Bytes) -> Floats:
    """Values (n, 8, 32) with the two-level scales of Q4_K and Q5_K."""
    scales, minima = _scales_of_k(blocks[:, 4:16])
    scale = _half(blocks, 0) * scales.astype(np.float32)
    least = _half(blocks, 2) * minima.astype(np.float32)
    made = scale[..., None] * values.astype(np.float32) - least[..., None]
    return made.reshape(len(blocks), 256)


def _q4_k(blocks: Bytes) -> Floats:
    packed = blocks[:, 16:].reshape(-1, 4, 1, 32)
    halves = np.concatenate([packed & 15, packed >> 4], axis=2)
    return _of_k(blocks, halves.reshape(-1, 8, 32))


def _q5_k(blocks: Bytes) -> Floats:
    packed = blocks[:, 48:].reshape(-1, 4, 1, 32)
    halves = np.concatenate([packed & 15, packed >> 4], axis=2).reshape(-1, 8, 32)
    bits = np.arange(8, dtype=np.uint8)[None, :, None]
    fifth = (blocks[:, None, 16:48] >> bits & 1) << np.uint8(4)
    return _of_k(blocks, halves | fifth)


def _q6_k(blocks: Bytes) -> Floats:
    low = blocks[:, :128].reshape(-1, 2, 1, 64)
    low = np.concatenate([low & 15, low >> 4], axis=2).reshape(-1, 2, 4, 32)
    pairs = np.arange(0, 8, 2, dtype=np.uint8)[None, None, :, None]
    high = (blocks[:, 128:192].reshape(-1, 2, 1, 32) >> pairs & 3) << np.uint8(4)
    values = (low | high).astype(np.float32) - np.float32(32)
    scale = _half(blocks, 208) * blocks[:, 192:208].view(np.int8).astype(np.float32)
    made: Floats = (scale[..., None] * values.reshape(-1, 16, 16)).reshape(-1, 256)
    return made


TYPES = {
    kind.number: kind
    for kind in (
        BlockType(0, "F32", 1, 4, _plain("<f4")),
        BlockType(1, "F16", 1, 2, _plain("<f2")),
        BlockType(2, "Q4_0", 32, 18, _q4_0),
        BlockType(3, "Q4_1", 32, 20, _q4_1),
        BlockType(6, "Q5_0", 32, 22, _q5_0),
        BlockType(7, "Q5_1", 32, 24, _q5_1),
        BlockType(8, "Q8_0", 32, 34, _q8_0),
        BlockType(12, "Q4_K", 256, 144, _q4_k),
        BlockType(13, "Q5_K", 256, 176, _q5_k),
        BlockType(14, "Q6_K", 256, 210, _q6_k),
        BlockType(20, "IQ4_NL", 32, 18, _iq4_nl),
        BlockType(30, "BF16", 1, 2, _bf16),
    )
}
"""By ggml's number."""

_OTHERS = {
    9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
    21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M",
    34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}  # fmt: skip
