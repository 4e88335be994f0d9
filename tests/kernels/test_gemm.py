"""The prepared-weight matrix product at every instruction set: against NumPy, and a row the same anywhere."""

from __future__ import annotations

import numpy as np
import pytest

from fastseq._core.native import ProbeMatrix, isas_available, kernel_isas
from fastseq.errors import FastseqError

Array = np.ndarray
ISAS = isas_available()
DTYPES = ("float32", "bfloat16", "int8")
EDGES = (*range(1, 18), 31, 33, 63, 65, 130)

# Errors allowed against float64, relative to the sum of the magnitudes of the products.
FLOAT32 = 1e-6
BFLOAT16 = 2.0**-8  # half a unit in the last place of a weight
INT8 = 0.52 / 127  # a half step of a row's and of a column's largest, times the other side


@pytest.fixture(params=ISAS)
def isa(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def floats(rng: np.random.Generator, *shape: int) -> Array:
    return rng.standard_normal(shape, dtype=np.float32)


def multiply(matrix: ProbeMatrix, x: Array, bias: Array | None = None, threads: int = 1) -> Array:
    y = np.full((len(x), matrix.columns), np.nan, np.float32)
    matrix.multiply(x, y, bias, threads=threads)
    return y


def bf16(w: Array) -> Array:
    """The nearest bfloat16 values, ties to even."""
    bits = w.view(np.uint32).astype(np.uint64)
    return (((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) << 16).astype(np.uint32).view(np.float32)


def quantized(w: Array) -> tuple[Array, Array]:
    """int8 weights (N, K) and their scale (N), rounded as fs_matrix_init says."""
    scale = np.abs(w).max(axis=1) / np.float32(127)
    with np.errstate(invalid="ignore"):
        q = np.rint(w / scale[:, None])
    return np.where(scale[:, None] == 0, 0, q).astype(np.int8), scale


def assert_near(y: Array, x: Array, w: Array, tolerance: float, start: Array | float = 0.0) -> None:
    exact = x.astype(np.float64) @ w.astype(np.float64).T + start
    room = np.abs(x).astype(np.float64) @ np.abs(w).astype(np.float64).T + np.abs(start)
    assert (np.abs(y - exact) <= tolerance * room + 1e-30).all()


def test_vector_sets_have_their_own_products() -> None:
    for name in ISAS:
        slots = {slot: owner for slot, owner in kernel_isas(name).items() if slot.startswith("gemm_")}
        assert name == "portable" or "portable" not in slots.values()
    assert "avx512_vnni" not in ISAS or kernel_isas("avx512_vnni")["gemm_s8"] == "avx512_vnni"


@pytest.mark.parametrize("columns", EDGES)
def test_float_products_around_tile_edges(isa: str, columns: int) -> None:
    rng = np.random.default_rng(columns)
    for depth in EDGES:
        w = floats(rng, columns, depth)
        exact, rounded = ProbeMatrix(w, isa=isa), ProbeMatrix(w, "bfloat16", isa=isa)
        for rows in (1, 2, 5, 14, 17):
            x = floats(rng, rows, depth)
            assert_near(multiply(exact, x), x, w, FLOAT32)
            assert_near(multiply(rounded, x), x, bf16(w), FLOAT32)
            assert_near(multiply(rounded, x), x, w, BFLOAT16)


@pytest.mark.parametrize("rows", EDGES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_number_of_rows(isa: str, dtype: str, rows: int) -> None:
    rng = np.random.default_rng(rows)
    w, x, bias = floats(rng, 130, 65), floats(rng, rows, 65), floats(rng, 130)
    if dtype == "int8":
        a, b = np.abs(x), np.abs(w)
        room = a.max(axis=1)[:, None] * b.sum(axis=1) + a.sum(axis=1)[:, None] * b.max(axis=1)
        y = multiply(ProbeMatrix(w, dtype, isa=isa), x, bias)
        assert (np.abs(y - (x @ w.T + bias)) <= room * INT8).all()
        return
    used = w if dtype == "float32" else bf16(w)
    assert_near(multiply(ProbeMatrix(w, dtype, isa=isa), x, bias), x, used, FLOAT32, bias)


@pytest.mark.parametrize("columns", [1, 7, 16, 33, 65, 130])
def test_integer_sums_are_exact(isa: str, columns: int) -> None:
    rng = np.random.default_rng(columns)
    for depth in (*EDGES, 1087, 1090, 2500):
        q = rng.integers(-128, 128, (columns, depth), dtype=np.int8)
        matrix = ProbeMatrix(q, scale=np.ones(columns, np.float32), isa=isa)
        for rows in (1, 3, 6, 15):
            x = rng.integers(1, 256, (rows, (depth + 63) // 64 * 64), dtype=np.uint8)
            y = np.empty((rows, columns), np.float32)
            matrix.multiply_quantized(x, np.ones(rows, np.float32), y)
            exact = (x[:, :depth].astype(np.int64) - 128) @ q.T.astype(np.int64)
            np.testing.assert_array_equal(y, exact.astype(np.float32))


@pytest.mark.parametrize("accumulate", [False, True])
def test_int8_is_its_formula_to_the_bit(isa: str, accumulate: bool) -> None:
    rng = np.random.default_rng(5)
    for columns, depth, rows in ((1, 1, 1), (33, 70, 3), (130, 256, 19), (70, 3000, 6)):
        w, x = floats(rng, columns, depth), floats(rng, rows, depth)
        bias, before = floats(rng, columns), floats(rng, rows, columns)
        matrix, y = ProbeMatrix(w, "int8", isa=isa), before.copy()
        matrix.multiply(x, y, bias, accumulate)
        (q, w_scale), (xq, x_scale) = quantized(w), matrix.quantize(x)
        sums = (xq[:, :depth].astype(np.int64) - 128) @ q.T.astype(np.int64)
        wanted = (x_scale[:, None] * w_scale) * sums.astype(np.float32) + bias
        np.testing.assert_array_equal(y, before + wanted if accumulate else wanted)
        again = before.copy()
        matrix.multiply_quantized(xq, x_scale, again, bias, accumulate)
        np.testing.assert_array_equal(y, again)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_sums_start_from_y_and_bias(isa: str, dtype: str) -> None:
    rng = np.random.default_rng(6)
    for columns, depth, rows in ((5, 3, 2), (33, 300, 7), (130, 700, 61)):
        w, x = floats(rng, columns, depth), floats(rng, rows, depth)
        bias, before = floats(rng, columns), floats(rng, rows, columns)
        matrix, used = ProbeMatrix(w, dtype, isa=isa), w if dtype == "float32" else bf16(w)
        y = before.copy()
        matrix.multiply(x, y, bias, True)
        assert_near(y, x, used, FLOAT32, before + bias)
        y = before.copy()
        matrix.multiply(x, y, accumulate=True)
        assert_near(y, x, used, FLOAT32, before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_has_the_same_bits_in_any_batch(isa: str, dtype: str) -> None:
    """Alone, in batches of every size, at two threads; over K and N that take several parts and strips."""
    rng = np.random.default_rng(7)
    for columns, depth in ((33, 17), (100, 600), (520, 1100)):
        x, bias = floats(rng, 300, depth), floats(rng, columns)
        matrix = ProbeMatrix(floats(rng, columns, depth), dtype, isa=isa)
        whole = multiply(matrix, x, bias)
        for rows in (1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 29, 43, 57, 200):
            for first in (0, 300 - rows):
                part = multiply(matrix, x[first : first + rows], bias)
                np.testing.assert_array_equal(part, whole[first : first + rows])
        np.testing.assert_array_equal(multiply(matrix, x, bias, threads=2), whole)
        np.testing.assert_array_equal(multiply(matrix, x[:3], bias, threads=2), whole[:3])


@pytest.mark.parametrize("dtype", DTYPES)
def test_vector_sets_agree(dtype: str) -> None:
    """int8 has the same bits everywhere, floats wherever steps are fused: not in portable C."""
    rng = np.random.default_rng(8)
    w, x, bias = floats(rng, 77, 1200), floats(rng, 19, 1200), floats(rng, 77)
    names = ISAS if dtype == "int8" else [name for name in ISAS if name != "portable"]
    results = [multiply(ProbeMatrix(w, dtype, isa=name), x, bias) for name in names]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_strides_and_unaligned_starts(isa: str, dtype: str) -> None:
    rng = np.random.default_rng(9)
    w, bias = floats(rng, 45, 50), floats(rng, 45)
    matrix, plain = ProbeMatrix(w, dtype, isa=isa), floats(rng, 9, 50)
    wanted = multiply(matrix, plain, bias)
    for start in (1, 3, 7):
        x, y = np.empty((9, 71), np.float32), np.full((9, 80), 7, np.float32)
        x[:, start : start + 50] = plain
        matrix.multiply(x[:, start : start + 50], y[:, start : start + 45], bias)
        np.testing.assert_array_equal(y[:, start : start + 45], wanted)
        assert (y[:, :start] == 7).all()
        assert (y[:, start + 45 :] == 7).all()


def test_nan_and_infinity_reach_their_rows_only(isa: str) -> None:
    rng = np.random.default_rng(10)
    w, x = np.abs(floats(rng, 40, 30)) + 1, floats(rng, 6, 30)
    x[1, 3], x[4, 29] = np.nan, np.inf
    for dtype in ("float32", "bfloat16"):
        y = multiply(ProbeMatrix(w, dtype, isa=isa), x)
        assert np.isnan(y[1]).all()
        assert (y[4] == np.inf).all()
        assert np.isfinite(y[[0, 2, 3, 5]]).all()
    y = multiply(ProbeMatrix(w, "int8", isa=isa), x)
    assert np.isnan(y[[1, 4]]).all()
    assert np.isfinite(y[[0, 2, 3, 5]]).all()


def test_rows_and_columns_of_zeros_are_zero(isa: str) -> None:
    rng = np.random.default_rng(11)
    w, x = floats(rng, 20, 9), floats(rng, 4, 9)
    w[3], x[2] = 0, 0
    for dtype in DTYPES:
        y = multiply(ProbeMatrix(w, dtype, isa=isa), x)
        assert (y[:, 3] == 0).all()
        assert (y[2] == 0).all()


def test_no_rows(isa: str) -> None:
    for dtype in DTYPES:
        matrix = ProbeMatrix(np.ones((3, 2), np.float32), dtype, isa=isa)
        assert multiply(matrix, np.empty((0, 2), np.float32)).shape == (0, 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_must_be_finite(dtype: str, bad: float) -> None:
    w = np.ones((3, 5), np.float32)
    w[1, 4] = bad
    with pytest.raises(FastseqError, match=r"\(1, 4\)"):
        ProbeMatrix(w, dtype)


def test_a_weight_beyond_bfloat16_is_refused() -> None:
    with pytest.raises(FastseqError, match=r"\(0, 0\)"):
        ProbeMatrix(np.full((1, 1), 3.4e38, np.float32), "bfloat16")


def test_a_scale_must_be_finite() -> None:
    with pytest.raises(FastseqError, match="row 1"):
        ProbeMatrix(np.ones((2, 3), np.int8), scale=np.array([1, np.nan], np.float32))
