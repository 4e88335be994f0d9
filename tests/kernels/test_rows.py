"""Every row kernel at every instruction set: against NumPy, at its edges, the same bits in every place."""

from __future__ import annotations

import numpy as np
import pytest

from fastseq._core.native import Kernels, isas_available, kernel_isas
from fastseq.errors import ArgumentError
from tests.kernels.rows import CASES, LENGTHS, floats

ISAS = isas_available()
INFINITY = np.float32(np.inf)


@pytest.fixture(params=ISAS)
def k(request: pytest.FixtureRequest) -> Kernels:
    return Kernels(request.param)


def row(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_every_slot_has_a_case() -> None:
    """The matrix product's slots are walked in test_gemm.py."""
    assert set(CASES) == {slot for slot in kernel_isas() if not slot.startswith("gemm_")}


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa != "portable"])
def test_vector_sets_have_their_own_row_kernels(isa: str) -> None:
    assert "portable" not in {kernel_isas(isa)[slot] for slot in CASES}


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("slot", CASES)
def test_against_numpy(k: Kernels, slot: str, n: int) -> None:
    for start in (0, 1, 3):
        CASES[slot](k, np.random.default_rng([n, start]), n, start)


@pytest.mark.parametrize("n", [74, 1030, 4097, 32000])
def test_long_rows(k: Kernels, n: int) -> None:
    for slot in ("softmax", "log_softmax", "log_sum_exp", "argmax", "top_k"):
        CASES[f"{slot}_f32"](k, np.random.default_rng(n), n, 1)


def test_sums_over_a_large_vocabulary_stay_exact(k: Kernels) -> None:
    """A quarter of a million equal terms: a plain float32 sum would be off by 1e-3."""
    x = np.full(250_000, 3.25, np.float32)
    assert abs(k.log_sum_exp_f32(x) - (3.25 + np.log(250_000))) < 2e-6


def test_dot_has_the_same_bits_wherever_the_rows_start(k: Kernels) -> None:
    x, y = (floats(np.random.default_rng(seed), 300) for seed in (1, 2))
    wanted = k.dot_f32(x, y)
    for start in range(1, 16):
        moved = floats(np.random.default_rng(1), 300, start)
        assert k.dot_f32(moved, y) == wanted


@pytest.mark.parametrize("gates", [1, 3, 4])
def test_a_unit_of_a_cell_does_not_depend_on_its_place(k: Kernels, gates: int) -> None:
    """The same gate values in every unit give the same state in each, in whole vectors and in the tail."""
    n, rng = 150, np.random.default_rng(gates)
    x, h_part = (np.repeat(rng.standard_normal(gates).astype(np.float32), n) for _ in range(2))
    c, h = (np.full(n, value, np.float32) for value in rng.standard_normal(2))
    if gates == 4:
        k.lstm_f32(x, h_part, c, h)
    else:
        (k.gru_f32 if gates == 3 else k.rnn_tanh_f32)(x, h_part, h)
    assert len(set(h.tolist())) == len(set(c.tolist())) == 1


def test_saturated_cells(k: Kernels) -> None:
    """Gates wide open or shut, for any finite pre-activation, and states beyond the usual."""
    big = np.float32(3e38)
    c, h, nothing = row(5e8, 5e8, 5e8), row(0, 0, 0), np.zeros(12, np.float32)
    k.lstm_f32(row(-big, -big, big, big, -big, big, 0, 0, -big, big, -big, big), nothing, c, h)
    np.testing.assert_allclose(c, [5e8, 0, 5e8], rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(h, [1, 0, 1], atol=1e-6)
    h = row(2, 2, 2)
    k.gru_f32(row(0, 0, 0, big, -big, -big, 0, big, -big), nothing[:9], h)
    np.testing.assert_allclose(h, [2, 1, -1], atol=1e-6)


def test_a_nan_stays_in_its_unit(k: Kernels) -> None:
    for gate in range(4):
        x, c, h = np.zeros(4 * 70, np.float32), np.zeros(70, np.float32), np.zeros(70, np.float32)
        x[gate * 70 + 66] = np.nan
        k.lstm_f32(x, np.zeros_like(x), c, h)
        assert np.flatnonzero(np.isnan(h)).tolist() == [66]
        h[:] = 0
        k.gru_f32(x[: 3 * 70], np.zeros(3 * 70, np.float32), h)
        assert np.flatnonzero(np.isnan(h)).tolist() == ([66] if gate < 3 else [])
    for cell in (k.rnn_tanh_f32, k.rnn_relu_f32):
        h = row(0, 0, 0)
        cell(row(1, np.nan, 2), row(0, 0, 0), h)
        assert np.flatnonzero(np.isnan(h)).tolist() == [1]


def test_rows_with_infinities(k: Kernels) -> None:
    y = np.zeros(3, np.float32)
    k.softmax_f32(row(1, -INFINITY, 1), y)
    assert y.tolist() == [0.5, 0, 0.5]
    k.log_softmax_f32(row(-INFINITY, 2, -INFINITY), y)
    assert y.tolist() == [-INFINITY, 0, -INFINITY]
    for bad in (row(1, INFINITY, 2), row(1, np.nan, 2), np.full(3, -INFINITY)):
        for slot in (k.softmax_f32, k.log_softmax_f32):
            slot(bad, y)
            assert np.isnan(y).all()
    assert k.log_sum_exp_f32(row(1, INFINITY, -INFINITY)) == INFINITY
    assert k.log_sum_exp_f32(np.full(70, -INFINITY)) == -INFINITY
    for other in (0, INFINITY, -INFINITY):
        assert np.isnan(k.log_sum_exp_f32(row(*[other] * 69, np.nan)))
    assert k.log_sum_exp_f32(row(3e38, 3e38)) == np.float32(3e38)


def test_argmax_at_its_edges(k: Kernels) -> None:
    nan = np.nan
    assert k.argmax_f32(row()) == -1
    assert k.argmax_f32(row(nan, nan)) == -1
    assert k.argmax_f32(row(nan, -INFINITY, nan, -INFINITY)) == 1
    assert k.argmax_f32(row(*[nan] * 100, -5, nan, 3, nan, 3)) == 102
    assert k.argmax_f32(row(-0.0, 0.0)) == 0
    x = np.zeros(9000, np.float32)
    x[[4095, 4096, 8999]] = 1  # a tie across the blocks it is cut in
    assert k.argmax_f32(x) == 4095
    x[:] = nan
    x[8999] = -INFINITY
    assert k.argmax_f32(x) == 8999


def test_top_k_puts_nan_last(k: Kernels) -> None:
    x = row(np.nan, 1, -INFINITY, np.nan, INFINITY, 1, *[np.nan] * 30, 7)
    index, value = np.zeros(7, np.int32), np.zeros(7, np.float32)
    k.top_k_f32(x, index, value)
    assert index.tolist() == [4, 36, 1, 5, 2, 0, 3]


@pytest.mark.parametrize("rising", [False, True])
def test_top_k_of_sorted_rows(k: Kernels, rising: bool) -> None:
    """Rising values replace the whole heap at every element: the slowest case."""
    x = np.sort(floats(np.random.default_rng(5), 3000))
    x = x if rising else x[::-1].copy()
    index, value = np.zeros(1024, np.int32), np.zeros(1024, np.float32)
    k.top_k_f32(x, index, value)
    np.testing.assert_array_equal(value, np.sort(x)[::-1][:1024])
    np.testing.assert_array_equal(x[index], value)


@pytest.mark.parametrize("bad", [np.nan, INFINITY, -INFINITY])
def test_quantize_tells_of_what_is_not_finite(k: Kernels, bad: float) -> None:
    x = floats(np.random.default_rng(0), 70)
    for at in (0, 31, 69):
        damaged, y = x.copy(), np.zeros(72, np.uint8)
        damaged[at] = bad
        assert np.isnan(k.quantize_u8(damaged, y))
        assert (y == 128).all()


def test_quantize_rounds_half_to_even_and_keeps_within_bytes(k: Kernels) -> None:
    x = row(127, -127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5)
    y = np.zeros(12, np.uint8)
    assert k.quantize_u8(x, y) == 1
    assert y.tolist() == [255, 1, 128, 130, 130, 128, 126, 126, 254, 128, 128, 128]
    for top in np.random.default_rng(3).uniform(1e-3, 1e3, 200).astype(np.float32):
        k.quantize_u8(row(top, -top), y)
        assert y[:2].tolist() == [255, 1]


def test_the_probe_checks_lengths_and_names() -> None:
    k, short = Kernels(), np.zeros(7, np.float32)
    with pytest.raises(ArgumentError, match="expected 8 or more, found 7"):
        k.exp_f32(np.zeros(8, np.float32), short)
    with pytest.raises(ArgumentError, match="no such instruction set"):
        Kernels("abacus")
