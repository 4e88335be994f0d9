"""Greedy decoding over recurrent decoders: against plain NumPy, and the same bits in every batch."""

import itertools
import os

import numpy as np
import pytest

from fastseq import errors
from fastseq._core import native
from tests.nn.networks import Maker
from tests.reference import graph as reference

V_IN, V_OUT, H = 19, 17, 12
STOP = (3, 5)


def network(
    seed=0,
    cell="lstm",
    layers=1,
    score=None,
    bridge="concat",
    feeding=False,
    order="context_first",
    encoder_layers=None,
):
    make = Maker(seed, spread=0.45)  # large enough to tell, small enough that float32 does not drift
    encoder_layers = encoder_layers or layers
    encoder = [
        make.embedding("ee", V_IN, 8),
        make.rnn("er", cell, 8, H // 2, layers=encoder_layers, bidirectional=True),
    ]
    decoder = [
        make.bridge(bridge, H, H),
        make.embedding("de", V_OUT, 7),
        make.rnn("dr", cell, 7 + (10 if feeding else 0), H, layers=layers),
    ]
    width = H
    if score:
        width = 10
        decoder.append(make.attention("da", score, H, H, width, order=order, input_feeding=feeding))
    decoder.append(make.linear("head", width, V_OUT))
    return make, encoder, decoder


def pair(module, parts):
    make, encoder, decoder = parts
    return module.Graph(encoder, make.tensors), module.Graph(decoder, make.tensors)


def translate(module, parts, ids, offsets, **more):
    options = {"start": 2, "stop": STOP, "max_new_tokens": 25} | more
    return module.translate(*pair(module, parts), ids, offsets, **options)


def same(mine, theirs):
    np.testing.assert_array_equal(mine.offsets, theirs.offsets)
    np.testing.assert_array_equal(mine.ids, theirs.ids)
    np.testing.assert_array_equal(mine.ended, theirs.ended)
    np.testing.assert_allclose(mine.logprobs, theirs.logprobs, atol=1e-4)
    np.testing.assert_allclose(mine.stop_logprobs, theirs.stop_logprobs, atol=1e-4)


FORMS = [
    {"score": score, "feeding": feeding, "cell": cell, "layers": layers}
    for score, feeding, cell, layers in itertools.product(
        [None, "dot", "general", "additive"], [False, True], ["gru", "lstm"], [1, 2]
    )
    if score or not feeding
]


@pytest.mark.parametrize("form", FORMS, ids=lambda f: "-".join(map(str, f.values())))
def test_equals_reference(form):
    parts = network(1, **form)
    ids, offsets = parts[0].ragged(80, V_IN, longest=12)
    same(translate(native, parts, ids, offsets), translate(reference, parts, ids, offsets))


@pytest.mark.parametrize("bridge", ["zero", "copy", "concat", "linear"])
@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
def test_bridges(cell, bridge):
    parts = network(2, cell=cell, bridge=bridge, encoder_layers=3, score="general", order="query_first")
    ids, offsets = parts[0].ragged(40, V_IN, longest=9)
    same(translate(native, parts, ids, offsets), translate(reference, parts, ids, offsets))


def slices(decoded):
    return [
        (decoded.ids[a:b].tobytes(), decoded.logprobs[a:b].tobytes(), decoded.stop_logprobs[i].tobytes())
        for i, (a, b) in enumerate(itertools.pairwise(decoded.offsets))
    ]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
def test_same_bits_in_every_batch_and_thread_count(dtype):
    make, encoder, decoder = network(3, score="additive", feeding=True, cell="gru", layers=2)
    graphs = (
        native.Graph(encoder, make.tensors, dtype=dtype),
        native.Graph(decoder, make.tensors, dtype=dtype),
    )
    ids, offsets = make.ragged(1000, V_IN, longest=15)

    def run(first, last, threads):
        part = offsets[first : last + 1]
        decoded = native.translate(
            *graphs,
            ids[part[0] : part[-1]],
            part - part[0],
            start=2,
            stop=STOP,
            max_new_tokens=20,
            threads=threads,
        )
        return slices(decoded)

    whole = run(0, 1000, 1)
    assert len(set(whole)) > 100
    assert run(0, 1000, 2) == whole
    for first, size in [(0, 1), (999, 1), (500, 7), (0, 64), (936, 64)]:
        assert run(first, first + size, 1) == whole[first : first + size]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_same_bits_in_a_forked_child():
    parts = network(4, score="dot")
    ids, offsets = parts[0].ragged(600, V_IN)
    before = slices(translate(native, parts, ids, offsets, threads=2))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        equal = False
        try:
            equal = slices(translate(native, parts, ids, offsets, threads=2)) == before
        finally:
            os.write(write, b"y" if equal else b"n")
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == b"y"
    os.waitpid(child, 0)


def test_limits_one_a_sequence():
    parts = network(5)
    ids, offsets = parts[0].ragged(130, V_IN)
    limits = np.arange(130, dtype=np.int32) % 7
    decoded = translate(native, parts, ids, offsets, max_new_tokens=limits)
    same(decoded, translate(reference, parts, ids, offsets, max_new_tokens=limits))
    assert (np.diff(decoded.offsets) <= limits).all()
    assert not decoded.ended[limits == 0].any()


def test_rows_are_refilled_until_none_waits():
    """Few rows and many sequences of very different lengths: every one comes out whole."""
    make, encoder, decoder = network(6, cell="gru")
    ids, offsets = make.ragged(300, V_IN, shortest=1)
    states, hidden, cell = native.Graph(encoder, make.tensors).forward(ids, offsets)
    graph = native.Graph(decoder, make.tensors)
    memory = native.Memory(states, offsets, hidden, cell)
    prompts = np.full(300, 2, np.int32), np.arange(301)
    limits = make.rng.integers(0, 40, 300)
    runs = [
        graph.decode(memory, prompts, stop=STOP, max_new_tokens=limits, rows=rows, threads=1)
        for rows in (1, 2, 3, 64)
    ]
    for run in runs[1:]:
        assert slices(run) == slices(runs[0])
    assert runs[0].steps > runs[3].steps
    same(
        runs[0],
        reference.Graph(decoder, make.tensors).decode(memory, prompts, stop=STOP, max_new_tokens=limits),
    )


def language_model(seed=7, layers=2):
    make = Maker(seed, spread=0.45)  # large enough to tell, small enough that float32 does not drift
    blocks = [
        make.embedding("e", V_OUT, 6),
        make.rnn("r", "lstm", 6, H, layers=layers),
        make.linear("h", H, V_OUT),
    ]
    return make, blocks


def test_language_model_prompts_of_many_lengths():
    make, blocks = language_model()
    prompts = make.ragged(100, V_OUT, shortest=1, longest=12)
    mine = native.Graph(blocks, make.tensors).decode(None, prompts, stop=STOP, max_new_tokens=15)
    same(mine, reference.Graph(blocks, make.tensors).decode(None, prompts, stop=STOP, max_new_tokens=15))


@pytest.mark.parametrize("score", ["dot", "general", "additive"])
def test_steps_show_what_greedy_does(score):
    make, encoder, decoder = network(8, score=score, feeding=True)
    ids, offsets = make.ragged(9, V_IN, shortest=1)
    states, hidden, cell = native.Graph(encoder, make.tensors).forward(ids, offsets)
    memory = native.Memory(states, offsets, hidden, cell)
    graph, twin = native.Graph(decoder, make.tensors), reference.Graph(decoder, make.tensors)
    mine, theirs = graph.stepper(memory, 9), twin.stepper(memory, 9)
    tokens = np.full(9, 2, np.int32)
    for step in range(6):
        if step == 3:
            rows = np.array([4, 4, 0, 1, 8, 7, 6, 5, 2], np.int32)
            mine.reorder(rows)
            theirs.reorder(rows)
            tokens = tokens[rows]
        logprobs = mine.step(tokens)
        np.testing.assert_allclose(logprobs, theirs.step(tokens), atol=1e-4)
        np.testing.assert_allclose(np.exp(logprobs).sum(axis=1), 1, atol=1e-5)
        for weights, expected in zip(mine.attention(), theirs.attention(), strict=True):
            np.testing.assert_allclose(weights, expected, atol=1e-4)
        tokens = logprobs.argmax(axis=1).astype(np.int32)


def test_progress_is_told_and_may_stop_the_work():
    parts = network(9, score="additive")
    ids, offsets = parts[0].ragged(4_000, V_IN)
    told = []
    translate(native, parts, ids, offsets, progress=told.append, threads=1)
    assert told == sorted(told)
    assert told

    def stop(done):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        translate(native, parts, ids, offsets, progress=stop)


# ---- what is refused ----


def test_parts_that_do_not_fit():
    make, encoder, decoder = network(10, score="dot")
    graph = native.Graph(decoder, make.tensors)
    prompts = np.full(1, 2, np.int32), np.arange(2)
    with pytest.raises(errors.ArgumentError, match="memory"):
        graph.decode(None, prompts, stop=STOP, max_new_tokens=3)
    narrow = native.Memory(
        np.zeros((2, 5), np.float32), [0, 2], np.zeros((1, 1, H), np.float32), np.zeros((1, 1, H), np.float32)
    )
    with pytest.raises(errors.FormatError, match="memory"):
        graph.decode(narrow, prompts, stop=STOP, max_new_tokens=3)
    no_cell = native.Memory(np.zeros((2, H), np.float32), [0, 2], np.zeros((1, 1, H), np.float32), None)
    with pytest.raises(errors.FormatError, match="cell"):
        graph.decode(no_cell, prompts, stop=STOP, max_new_tokens=3)
    with pytest.raises(errors.UnsupportedError):
        native.Graph(encoder, make.tensors).decode(None, prompts, stop=STOP, max_new_tokens=3)


def test_arguments_out_of_range():
    make, blocks = language_model()
    graph = native.Graph(blocks, make.tensors)
    good = np.array([1], np.int32), np.array([0, 1])
    for prompts, options in [
        ((np.empty(0, np.int32), np.array([0, 0])), {}),
        ((np.array([V_OUT], np.int32), np.array([0, 1])), {}),
        (good, {"stop": [V_OUT]}),
        (good, {"stop": [-1]}),
        (good, {"max_new_tokens": -1}),
    ]:
        with pytest.raises(errors.ArgumentError):
            graph.decode(None, prompts, **({"stop": STOP, "max_new_tokens": 3} | options))
    with pytest.raises(errors.ArgumentError):
        graph.stepper(None, 0)


def test_input_feeding_needs_both_ends():
    make, _, decoder = network(11, score="dot", feeding=True)
    decoder[3]["input_feeding"] = False
    with pytest.raises(errors.FormatError, match="attention"):
        native.Graph(decoder, make.tensors)
