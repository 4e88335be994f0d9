"""Whole sequences through graphs: against plain NumPy, and bit for bit however they are batched."""

import numpy as np
import pytest

from fastseq import errors
from fastseq._core import native
from tests.nn.networks import Maker
from tests.reference import graph as reference

ISAS = native.isas_available()
CELLS = ["tanh", "relu", "gru", "lstm"]


def encoder(make: Maker, cell: str, vocabulary=23, width=9, hidden=13, **more):
    return [make.embedding("e", vocabulary, width), make.rnn("r", cell, width, hidden, **more)]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_rnn_equals_reference(cell, layers, bidirectional, isa):
    make = Maker(layers + 2 * bidirectional)
    blocks = encoder(make, cell, layers=layers, bidirectional=bidirectional)
    ids, offsets = make.ragged(70, 23)
    got = native.Graph(blocks, make.tensors, isa=isa).forward(ids, offsets)
    want = reference.Graph(blocks, make.tensors).forward(ids, offsets)
    for mine, theirs in zip(got, want, strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_large_vocabulary_is_multiplied_not_tabled(cell):
    """An embedding too large for a table takes another path to the same numbers."""
    make = Maker(5)
    blocks = encoder(make, cell, vocabulary=90_000, hidden=21, bidirectional=True)
    ids, offsets = make.ragged(70, 90_000, longest=90)
    rows, hidden, _ = native.Graph(blocks, make.tensors).forward(ids, offsets)
    want, want_hidden, _ = reference.Graph(blocks, make.tensors).forward(ids, offsets)
    np.testing.assert_allclose(rows, want, atol=2e-5)
    np.testing.assert_allclose(hidden, want_hidden, atol=2e-5)


def test_gru_reset_before():
    make = Maker(6)
    blocks = encoder(make, "gru", reset="before", layers=2, bidirectional=True)
    ids, offsets = make.ragged(30, 23)
    got = native.Graph(blocks, make.tensors).forward(ids, offsets)[0]
    np.testing.assert_allclose(got, reference.Graph(blocks, make.tensors).forward(ids, offsets)[0], atol=1e-5)


@pytest.mark.parametrize("kind", ["final", "mean", "max", "last", "first"])
def test_classifier(kind):
    make = Maker(7)
    blocks = [
        *encoder(make, "lstm", bidirectional=kind != "final"),
        {"block": "pool", "kind": kind},
        make.linear("hidden", 13 * (1 + (kind != "final")), 11, activation="relu"),
        make.linear("head", 11, 3),
    ]
    ids, offsets = make.ragged(40, 23, shortest=1)
    graph = native.Graph(blocks, make.tensors)
    assert graph.pooled
    assert graph.width == 3
    logits = graph.forward(ids, offsets)[0]
    np.testing.assert_allclose(
        logits, reference.Graph(blocks, make.tensors).forward(ids, offsets)[0], atol=1e-5
    )


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("cell", CELLS)
def test_same_bits_alone_and_in_any_batch(cell, dtype):
    make = Maker(8)
    blocks = encoder(make, cell, vocabulary=50_000, width=40, hidden=48, layers=2, bidirectional=True)
    graph = native.Graph(blocks, make.tensors, dtype=dtype)
    ids, offsets = make.ragged(200, 50_000, longest=40)
    rows, hidden, _ = graph.forward(ids, offsets, threads=1)
    for threads in (2, 3):
        again, finals, _ = graph.forward(ids, offsets, threads=threads)
        assert np.array_equal(rows, again)
        assert np.array_equal(hidden, finals)
    for size in (1, 7, 64):
        for first in (0, 60, 199 - size):
            part = offsets[first : first + size + 1]
            alone, finals, _ = graph.forward(ids[part[0] : part[-1]], part - part[0], threads=1)
            assert np.array_equal(alone, rows[part[0] : part[-1]])
            assert np.array_equal(finals, hidden[first : first + size])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("bfloat16", 0.02), ("int8", 0.06)])
def test_smaller_types_stay_near(dtype, tolerance, isa):
    make = Maker(9, spread=0.1)
    blocks = encoder(make, "lstm", hidden=64, layers=2)
    ids, offsets = make.ragged(20, 23, longest=30)
    want = reference.Graph(blocks, make.tensors).forward(ids, offsets)[0]
    got = native.Graph(blocks, make.tensors, dtype=dtype, isa=isa).forward(ids, offsets)[0]
    worst = np.abs(got - want).max()
    assert 0 < worst < tolerance


def test_log_probs():
    make = Maker(10)
    blocks = [*encoder(make, "lstm", layers=2), make.linear("head", 13, 23)]
    ids, offsets = make.ragged(90, 23, longest=70)
    got = native.Graph(blocks, make.tensors).log_probs(ids, offsets, start=4)
    want = reference.Graph(blocks, make.tensors).log_probs(ids, offsets, start=4)
    np.testing.assert_allclose(got, want, atol=1e-4)


def test_bfloat16_and_int8_tensors_as_stored():
    make = Maker(11)
    blocks = [*encoder(make, "gru"), make.linear("head", 13, 23)]
    stored = dict(make.tensors)
    for name, array in make.tensors.items():
        if array.ndim == 2 and "e." not in name:
            scale = np.abs(array).max(axis=1) / 127
            stored[name] = np.rint(array / scale[:, None]).astype(np.int8)
            stored[f"{name}.scale"] = scale
        elif array.ndim == 2:
            stored[name] = (array.view(np.uint32) >> 16).astype(np.uint16)
    ids, offsets = make.ragged(20, 23)
    want = reference.Graph(blocks, stored).forward(ids, offsets)[0]
    np.testing.assert_allclose(native.Graph(blocks, stored).forward(ids, offsets)[0], want, atol=1e-5)
    np.testing.assert_allclose(
        native.Graph(blocks, stored, dtype="int8").forward(ids, offsets)[0], want, atol=0.3
    )


def test_empty_batches_and_texts():
    make = Maker(12)
    graph = native.Graph(encoder(make, "lstm"), make.tensors)
    rows, hidden, cell = graph.forward(np.empty(0, np.int32), [0])
    assert (rows.shape, hidden.shape, cell.shape) == ((0, 13), (0, 1, 13), (0, 1, 13))
    rows, hidden, _ = graph.forward(np.empty(0, np.int32), [0, 0, 0])
    assert rows.shape == (0, 13)
    assert not hidden.any()


# ---- what is refused ----


def refused(blocks, tensors, error=errors.FormatError, **more):
    with pytest.raises(error) as raised:
        native.Graph(blocks, tensors, **more)
    return raised.value


def test_missing_and_misshapen_weights():
    make = Maker(13)
    blocks = encoder(make, "lstm")
    short = {k: v for k, v in make.tensors.items() if k != "r.weight_hh_l0"}
    assert refused(blocks, short).where == "r.weight_hh_l0"
    bent = make.tensors | {"r.weight_hh_l0": make.tensors["r.weight_hh_l0"][:, :-1]}
    problem = refused(blocks, bent)
    assert problem.where == "r.weight_hh_l0"
    assert problem.expected == "(52, 13)"
    assert problem.found == "(52, 12)"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["r.weight_hh_l0", "r.weight_ih_l0", "r.bias_ih_l0"])
def test_weights_that_are_not_finite(name, bad):
    make = Maker(14)
    blocks = encoder(make, "gru")
    make.tensors[name].flat[7] = bad
    problem = refused(blocks, make.tensors)
    assert problem.where == name
    assert "finite" in problem.what


@pytest.mark.parametrize(
    "change",
    [
        {"hidden": 0},
        {"hidden": -3},
        {"hidden": 2**40},
        {"hidden": 1.5},
        {"layers": 65},
        {"cell": "qrnn"},
        {"input": 8},
        {"input": 10},
        {"bidirectional": 7},
        {"reset": "never"},
        {"hidden": "wide"},
        {"hidden": float("nan")},
    ],
)
def test_options_out_of_range(change):
    make = Maker(15)
    blocks = encoder(make, "gru")
    blocks[1] |= change
    refused(blocks, make.tensors, (errors.FormatError, errors.UnsupportedError))


def test_blocks_that_do_not_meet():
    make = Maker(16)
    embedding, rnn = encoder(make, "gru")
    head = make.linear("head", 14, 5)
    assert "width" in refused([embedding, rnn, head], make.tensors).what
    refused([rnn], make.tensors)
    refused([embedding, embedding], make.tensors)
    refused([], make.tensors)
    refused([embedding, rnn, {"block": "wavelet"}], make.tensors, errors.UnsupportedError)
    refused([embedding, {"block": "pool", "kind": "final"}], make.tensors)


def test_ids_and_offsets_are_checked():
    make = Maker(17)
    graph = native.Graph(encoder(make, "gru"), make.tensors)
    for ids, offsets in [
        ([23], [0, 1]),
        ([-1], [0, 1]),
        ([1], [0, 2]),
        ([1], [1, 1]),
        ([1, 2], [0, 2, 1, 2]),
        ([1], []),
    ]:
        with pytest.raises(errors.ArgumentError):
            graph.forward(np.array(ids, np.int32), np.array(offsets, np.int64))
    with pytest.raises(errors.ArgumentTypeError):
        graph.forward(np.array([1.5]), [0, 1])
    with pytest.raises(errors.ArgumentError):
        graph.forward(np.array([2**40]), [0, 1])
    with pytest.raises(errors.ArgumentError):
        graph.forward(np.array([1], np.int32), [0, 1], threads=-1)


def test_closing():
    make = Maker(18)
    graph = native.Graph(encoder(make, "gru"), make.tensors)
    graph.close()
    graph.close()
    with pytest.raises(errors.ArgumentError, match="closed"):
        graph.forward(np.array([1], np.int32), [0, 1])
