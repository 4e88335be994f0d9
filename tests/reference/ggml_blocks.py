"""ggml's blocks, one number at a time."""

import numpy as np

IQ4_NL = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
f32 = np.float32


def half(block, at):
    return np.frombuffer(bytes(block[at : at + 2]), "<f2")[0].astype(f32)


def nibble(block, at, j, size):
    """Element j of `size` whose halves lie in size / 2 bytes."""
    return block[at + j % (size // 2)] >> (4 * (j >= size // 2)) & 15


def bit(block, at, j):
    return block[at + j // 8] >> j % 8 & 1


def signed(byte):
    return byte - 256 if byte > 127 else byte


def scale_of_k(s, i):
    """(scale, minimum) of sub-block i; s: the 12 bytes."""
    if i < 4:
        return s[i] & 63, s[i + 4] & 63
    return (s[i + 4] & 15) | s[i - 4] >> 6 << 4, s[i + 4] >> 4 | s[i] >> 6 << 4


def of_k(block, j, quarter, fifth):
    sub = j // 32
    q = block[quarter + 32 * (j // 64) + j % 32] >> (4 * (sub % 2)) & 15
    if fifth:
        q += 16 * (block[16 + j % 32] >> sub & 1)
    scale, least = scale_of_k(block[4:16], sub)
    return half(block, 0) * f32(scale) * f32(q) - half(block, 2) * f32(least)


def q6_k(block, j):
    h, k, at = j // 128, j % 128 // 32, j % 32
    low = block[64 * h + 32 * (k & 1) + at] >> (0 if k < 2 else 4) & 15
    high = block[128 + 32 * h + at] >> 2 * k & 3
    return half(block, 208) * f32(signed(block[192 + 8 * h + 2 * k + at // 16])) * f32((low | high << 4) - 32)


ELEMENT = {
    "F32": lambda b, j: np.frombuffer(bytes(b), "<f4")[0],
    "F16": lambda b, j: half(b, 0),
    "BF16": lambda b, j: np.array((b[0] | b[1] << 8) << 16, np.uint32).view(f32)[()],
    "Q8_0": lambda b, j: half(b, 0) * f32(signed(b[2 + j])),
    "Q4_0": lambda b, j: half(b, 0) * f32(nibble(b, 2, j, 32) - 8),
    "Q4_1": lambda b, j: half(b, 0) * f32(nibble(b, 4, j, 32)) + half(b, 2),
    "Q5_0": lambda b, j: half(b, 0) * f32(nibble(b, 6, j, 32) + 16 * bit(b, 2, j) - 16),
    "Q5_1": lambda b, j: half(b, 0) * f32(nibble(b, 8, j, 32) + 16 * bit(b, 4, j)) + half(b, 2),
    "IQ4_NL": lambda b, j: half(b, 0) * f32(IQ4_NL[nibble(b, 2, j, 32)]),
    "Q4_K": lambda b, j: of_k(b, j, 16, False),
    "Q5_K": lambda b, j: of_k(b, j, 48, True),
    "Q6_K": q6_k,
}
"""Element j of a block (a list of bytes), by the name of its type."""
