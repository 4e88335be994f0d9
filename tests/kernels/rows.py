"""What the row kernel tests share: a case a slot, which runs it and says how far off it may be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastseq._core.native import Kernels
from tests.reference import rows as truth

Array = np.ndarray
Case = Callable[[Kernels, np.random.Generator, int, int], None]
LENGTHS = (0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 256, 1023)

# Errors allowed, relative to 1 + |value|. exp, sigmoid and tanh are held to ulps in test_transcendental.py.
POINTWISE = 3e-7
CELL = 6e-7  # of the state, for states within 4
DISTRIBUTION = 2e-6
SUM = 3e-6  # relative to the sum of the magnitudes


def close(got: Array | float, wanted: Array | float, tolerance: float, scale: Array | float = 0.0) -> None:
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    error = np.abs(got - wanted) / (1 + np.abs(wanted) + scale)
    assert got.shape == wanted.shape
    assert not (error > tolerance).any(), f"off by {error.max():.3g} at {np.argmax(error)}"


def floats(rng: np.random.Generator, n: int, start: int = 0, scale: float = 2.0) -> Array:
    """Random values (n), beginning `start` elements after a 64-byte boundary."""
    block = np.empty(n + start + 16, np.float32)
    first = (-block.ctypes.data // 4) % 16 + start
    row = block[first : first + n]
    row[:] = rng.standard_normal(n) * scale
    return row


def pointwise(slot: str, wanted: Callable[[Array], Array], tolerance: float) -> Case:
    def case(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
        x, y = floats(rng, n, start), floats(rng, n, start + 1)
        expected = wanted(x) if n else x
        getattr(k, slot)(x, y)
        close(y, expected, tolerance)
        getattr(k, slot)(x, x)
        np.testing.assert_array_equal(x, y)  # in place, and from another start

    return case


def log_sum_exp(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    x = floats(rng, n, start)
    got = k.log_sum_exp_f32(x)
    close(got, truth.log_sum_exp(x), DISTRIBUTION) if n else close(np.exp(got), 0, 0)


def argmax(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    x = floats(rng, n, start)
    assert k.argmax_f32(x) == (np.argmax(x) if n else -1)
    x[:] = rng.integers(0, 3, n)  # ties
    assert k.argmax_f32(x) == (np.argmax(x) if n else -1)


def top_k(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    for values in (floats(rng, n, start), rng.integers(0, 5, n).astype(np.float32)):
        for count in {0, min(n, 1), min(n, 5), n // 2, n}:
            index, value = np.zeros(count, np.int32), np.zeros(count, np.float32)
            k.top_k_f32(values, index, value)
            np.testing.assert_array_equal(index, truth.order(values)[:count])
            np.testing.assert_array_equal(value, values[index])


def dot(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    x, y = floats(rng, n, start), floats(rng, n, start + 1)
    products = x.astype(np.float64) * y
    close(k.dot_f32(x, y), products.sum(), SUM, np.abs(products).sum())


def mul(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    x, y = floats(rng, n, start), floats(rng, n, start + 1)
    wanted = x * y
    k.mul_f32(x, y)
    np.testing.assert_array_equal(y, wanted)


def axpy(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    x, y = floats(rng, n, start), floats(rng, n, start + 1)
    wanted = y + np.float32(0.3) * x.astype(np.float64)
    k.axpy_f32(0.3, x, y)
    close(y, wanted, POINTWISE, np.abs(x))


def additive_score(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    q, key, v = (floats(rng, n, start + i) for i in range(3))
    terms = v * np.tanh(q.astype(np.float64) + key)
    close(k.additive_score_f32(q, key, v), terms.sum(), SUM, np.abs(terms).sum())


def rnn(slot: str, wanted: Callable[[Array], Array]) -> Case:
    def case(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
        x, h_part, h = (floats(rng, n, start + i) for i in range(3))
        getattr(k, slot)(x, h_part, h)
        close(h, wanted(x.astype(np.float64) + h_part), CELL)

    return case


def lstm(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    x, h_part = (floats(rng, 4 * n, start + i, 3) for i in range(2))
    c, h = (floats(rng, n, start + i) for i in range(2))
    next_c, next_h = truth.lstm(x, h_part, c)
    k.lstm_f32(x, h_part, c, h)
    close(c, next_c, CELL)
    close(h, next_h, CELL)


def gru(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    x, h_part = (floats(rng, 3 * n, start + i, 3) for i in range(2))
    h = floats(rng, n, start)
    wanted = truth.gru(x, h_part, h)
    k.gru_f32(x, h_part, h)
    close(h, wanted, CELL)


def to_bfloat16(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    x = rng.integers(0, 2**32, n, np.uint32).view(np.float32)  # every kind of value, NaN too
    y = np.zeros(n, np.uint16)
    k.f32_to_bf16(x, y)
    np.testing.assert_array_equal(y, truth.bfloat16(x))


def from_bfloat16(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    x = rng.integers(0, 2**16, n, np.uint16)
    y = floats(rng, n, start)
    k.bf16_to_f32(x, y)
    np.testing.assert_array_equal(y.view(np.uint32), x.astype(np.uint32) << 16)


def quantize(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    for scale in (1.0, 1e-30, 1e-33, 1e37, 0.0):
        x = floats(rng, n, start, scale)
        y = np.zeros((n + 3) // 4 * 4, np.uint8)
        wanted_scale, wanted = truth.quantize(x)
        assert np.float32(k.quantize_u8(x, y)) == wanted_scale
        np.testing.assert_array_equal(y, wanted)


def norm(slot: str, wanted: Callable[..., Array]) -> Case:
    def case(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
        x, add, weight, bias, y = (floats(rng, n, start + i) for i in range(5))
        others = (weight, bias) if slot == "layer_norm_f32" else (weight,)
        for more in (None, add) if n else ():
            expected = wanted(x if more is None else x + more, *others, 1e-5)
            getattr(k, slot)(x, more, *others, 1e-5, y)
            close(y, expected, 1e-5 if n > 1 else 1e-3)
        if n:
            getattr(k, slot)(x, add, *others, 1e-5, add)
            np.testing.assert_array_equal(add, y)  # in place

    return case


def ssru(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    x, c, h = floats(rng, 2 * n, start), floats(rng, n, start + 1), floats(rng, n)
    forget = truth.sigmoid(x[:n].astype(np.float64))
    wanted = forget * c + (1 - forget) * x[n:]
    k.ssru_f32(x, c, h)
    close(c, wanted, CELL)
    np.testing.assert_array_equal(h, np.maximum(c, 0))


def quantize_by(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    for multiplier in (1.0, 13.7, 1e30):
        x, y = floats(rng, n, start, 10), np.zeros((n + 3) // 4 * 4, np.uint8)
        x[:1] = 0.5 / np.float32(multiplier)  # a tie
        wanted = np.full_like(y, 128)
        wanted[:n] = np.clip(np.rint(x * np.float32(multiplier)), -127, 127) + 128
        k.quantize_by_u8(x, multiplier, y)
        np.testing.assert_array_equal(y, wanted)


def quantize_groups(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    """Each group as a row of its own that is filled up with zeros."""
    x = floats(rng, n, start)
    for group in (16, 32):
        groups = -(-n // group)
        q, sums = np.empty(groups * group, np.int8), np.empty(groups, np.int32)
        scale = np.empty(groups, np.float32)
        k.quantize_groups_s8(x, group, q, scale, sums)
        rows = np.zeros((groups, group), np.float32)
        rows.reshape(-1)[:n] = x
        top = np.abs(rows).max(1, initial=0)
        inverse = np.divide(np.float32(127), top, out=np.zeros_like(top), where=top > 0)
        wanted = np.rint(rows * inverse[:, None]).astype(np.int8)
        np.testing.assert_array_equal(q.reshape(groups, group), wanted)
        np.testing.assert_array_equal(scale, top / np.float32(127))
        np.testing.assert_array_equal(sums, wanted.sum(1, dtype=np.int32))


def attend(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    """N is the number of keys; heads share keys, widths have tails, queries go by fours and alone."""
    if not n or (n > 300 and start):
        return
    width, queries = 5 + 8 * start, min(n, 6)
    q, key, value = (
        rng.standard_normal((count, heads, width)).astype(np.float32)
        for count, heads in ((queries, 6), (n, 3), (n, 3))
    )
    whole, mean = k.attend_f32(q, key, value, scale=0.7), np.zeros(n, np.float32)
    close(whole, truth.attend(q, key, value, 0.7), 3e-6)
    for i in range(queries):  # alone: the same bits
        one = k.attend_f32(q[i : i + 1], key, value, scale=0.7, mean=mean, paged=True)
        np.testing.assert_array_equal(one[0], whole[i])
    close(mean.sum(), queries, 1e-5)
    bias = rng.standard_normal((6, 1 + 2 * (3 + n // 3))).astype(np.float32)
    for first in (0, n - queries):
        more = {"scale": 0.7, "window": 2 + n // 3 * start, "cap": 0.4, "bias": bias}
        causal = k.attend_f32(q, key, value, place=first, **more)
        close(causal, truth.attend(q, key, value, 0.7, first, more["window"], 0.4, bias), 3e-6)
        for i in range(queries):
            seen = first + i + 1
            alone = k.attend_f32(
                q[i : i + 1], key[:seen], value[:seen], place=first + i, paged=i == 1, **more
            )
            np.testing.assert_array_equal(causal[i], alone[0])


def dots(k: Kernels, rng: np.random.Generator, n: int, start: int) -> None:
    """N is the depth."""
    if not n:
        return
    w = rng.integers(-127, 128, (40, n)).astype(np.int8)
    x = np.full((n + 63) // 64 * 64, 128, np.uint8)
    x[:n] = rng.integers(1, 256, n)
    scale, bias = rng.random(40).astype(np.float32), floats(rng, 40)
    rows = np.sort(rng.choice(40, 1 + 12 * start, replace=False)).astype(np.int32)
    sums = w[rows].astype(np.int64) @ (x[:n].astype(np.int64) - 128)
    wanted = np.float32(0.03) * scale[rows] * sums.astype(np.float32) + bias[rows]
    np.testing.assert_array_equal(k.dots_s8(x, 0.03, w, scale, bias, rows), wanted)


CASES: dict[str, Case] = {
    "relu_f32": pointwise("relu_f32", lambda x: np.maximum(x, 0), 0),
    "silu_f32": pointwise("silu_f32", truth.silu, POINTWISE),
    "gelu_f32": pointwise("gelu_f32", truth.gelu, POINTWISE),
    "gelu_tanh_f32": pointwise("gelu_tanh_f32", truth.gelu_tanh, POINTWISE),
    "mul_f32": mul,
    "layer_norm_f32": norm("layer_norm_f32", truth.layer_norm),
    "rms_norm_f32": norm("rms_norm_f32", truth.rms_norm),
    "ssru_f32": ssru,
    "quantize_by_u8": quantize_by,
    "quantize_groups_s8": quantize_groups,
    "attend_f32": attend,
    "dots_s8": dots,
    "exp_f32": pointwise("exp_f32", truth.exp, POINTWISE),
    "sigmoid_f32": pointwise("sigmoid_f32", truth.sigmoid, POINTWISE),
    "tanh_f32": pointwise("tanh_f32", truth.tanh, POINTWISE),
    "softmax_f32": pointwise("softmax_f32", truth.softmax, DISTRIBUTION),
    "log_softmax_f32": pointwise("log_softmax_f32", truth.log_softmax, DISTRIBUTION),
    "log_sum_exp_f32": log_sum_exp,
    "argmax_f32": argmax,
    "top_k_f32": top_k,
    "dot_f32": dot,
    "axpy_f32": axpy,
    "additive_score_f32": additive_score,
    "rnn_tanh_f32": rnn("rnn_tanh_f32", np.tanh),
    "rnn_relu_f32": rnn("rnn_relu_f32", lambda x: np.maximum(x, 0)),
    "lstm_f32": lstm,
    "gru_f32": gru,
    "f32_to_bf16": to_bfloat16,
    "bf16_to_f32": from_bfloat16,
    "quantize_u8": quantize,
}
