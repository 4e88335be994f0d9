"""The row kernels of kernels.def in plain NumPy, float64: the truth for every instruction set.

Each function takes float32 rows as the kernel does and gives what it should have written, in float64.
"""

from __future__ import annotations

import math

import numpy as np

Array = np.ndarray


def exp(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.exp(x.astype(np.float64))


def tanh(x: Array) -> Array:
    return np.tanh(x.astype(np.float64))


def sigmoid(x: Array) -> Array:
    """From e^-|x|, which neither overflows nor loses the small values."""
    x = x.astype(np.float64)
    e = np.exp(-np.abs(x))
    return np.where(np.signbit(x), e, 1.0) / (1 + e)


def silu(x: Array) -> Array:
    return x * sigmoid(x)


def gelu(x: Array) -> Array:
    """X times the normal distribution up to x."""
    return np.array([0.5 * v * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])


def gelu_tanh(x: Array) -> Array:
    x = x.astype(np.float64)
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def log_sum_exp(x: Array) -> float:
    top = x.max().astype(np.float64)
    return float(top + np.log(np.exp(x - top).sum()))


def log_softmax(x: Array) -> Array:
    return x - log_sum_exp(x)


def softmax(x: Array) -> Array:
    return np.exp(log_softmax(x))


def order(x: Array) -> Array:
    """Indices from the largest element to the smallest, ties by rising index, NaN last."""
    return np.lexsort((np.arange(len(x)), -x, np.isnan(x)))


def lstm(x: Array, h_part: Array, c: Array) -> tuple[Array, Array]:
    """Gates i, f, g, o of H each, and c (H), to the next c and h."""
    i, f, g, o = np.split(x.astype(np.float64) + h_part, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return c, sigmoid(o) * np.tanh(c)


def gru(x: Array, h_part: Array, h: Array) -> Array:
    """Gates r, z, n of H each, and h (H), to the next h."""
    x_r, x_z, x_n = np.split(x.astype(np.float64), 3)
    h_r, h_z, h_n = np.split(h_part.astype(np.float64), 3)
    z = sigmoid(x_z + h_z)
    return (1 - z) * np.tanh(x_n + sigmoid(x_r + h_r) * h_n) + z * h


def bfloat16(x: Array) -> Array:
    """The upper halves of x rounded half to even, as uint16; a NaN keeps its upper half, made quiet."""
    bits = x.view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(x), (bits >> 16) | 0x40, rounded).astype(np.uint16)


def quantize(x: Array) -> tuple[np.float32, Array]:
    """Scale and bytes of a row, in the float32 operations that kernels.def prescribes."""
    padded = np.full((len(x) + 3) // 4 * 4, 128, np.uint8)
    top = np.abs(x).max(initial=np.float32(0))
    if not np.isfinite(top):
        return np.float32(np.nan), padded
    if top < np.float32(2.0**-100):
        return np.float32(0), padded
    padded[: len(x)] = np.rint(x * (np.float32(127) / top)) + 128
    return top / np.float32(127), padded


def layer_norm(x: Array, weight: Array, bias: Array, epsilon: float) -> Array:
    x = x.astype(np.float64)
    return (x - x.mean()) / np.sqrt(x.var() + epsilon) * weight + bias


def rms_norm(x: Array, weight: Array, epsilon: float) -> Array:
    x = x.astype(np.float64)
    return x / np.sqrt((x**2).mean() + epsilon) * weight


def attend(
    q: Array,
    k: Array,
    v: Array,
    scale: float,
    place: int = -1,
    window: int = 0,
    cap: float = 0.0,
    bias: Array | None = None,
) -> Array:
    """Y (M, H, d) of queries (M, H, d) over keys and values (T, KH, d).

    `place`: of the first query among the keys; each sees those up to its own, -1: all keys. Only
    those nearer than `window` are seen, above 0. `bias` (H, 2 reach + 1): by key's place less query's.
    """
    y = np.empty(q.shape)
    apart = np.arange(len(k)) - np.arange(len(q))[:, None] - max(place, 0)
    hidden = np.abs(apart) >= (window or math.inf)
    if place >= 0:
        hidden |= apart > 0
    for head in range(q.shape[1]):
        at = head // (q.shape[1] // k.shape[1])
        scores = scale * q[:, head].astype(np.float64) @ k[:, at].T
        if cap:
            scores = cap * np.tanh(scores / cap)
        if bias is not None:
            reach = bias.shape[1] // 2
            scores = scores + bias[head][np.clip(apart, -reach, reach) + reach]
        weights = np.exp(scores - scores.max(1, keepdims=True)) * ~hidden
        y[:, head] = weights / weights.sum(1, keepdims=True) @ v[:, at]
    return y
