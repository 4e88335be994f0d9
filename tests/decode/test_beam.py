"""Beam search: over a table against every sequence there is, and over decoders against plain Python."""

import itertools
from math import inf

import numpy as np
import pytest

from fastseq import errors
from fastseq._core import native
from fastseq.text.pieces import strings
from tests.decode.test_greedy import STOP, V_IN, V_OUT, network, pair
from tests.nn.networks import Maker
from tests.reference import beam as reference

V, LIMIT = 3, 4
NODES = sum(V**depth for depth in range(LIMIT))
ALPHAS = [0.0, 0.6, 1.0, -0.5]


def toy(seed, sources=6, spread=2.0):
    rng = np.random.default_rng(seed)
    return (spread * rng.standard_normal((sources, NODES, V))).astype(np.float32)


def graph():
    """Any model of V tokens: the kernels are its."""
    make = Maker(0)
    return native.Graph([make.embedding("e", V, 2), make.linear("h", 2, V)], make.tensors)


def next_of(table, never=(), allowed=None):
    """Log-probabilities after some tokens, as the engine makes them of logits."""

    def look(ids):
        node = 0
        for token in ids:
            node = node * V + 1 + token
        logits = table[node].astype(np.float64)
        logits[[token for token in range(V) if token in never or (allowed and token not in allowed)]] = -inf
        return logits - np.logaddexp.reduce(logits)

    return look


def search(logits, **more):
    options = {"stop": [0], "max_new_tokens": LIMIT, "beam": 100, "results": 100} | more
    return native.probe_search(graph(), logits, **options)


def results(decoded, count):
    """For each sequence (ids, score, stopped), best first."""
    scores = [decoded.logprobs[a:b].sum(dtype=np.float64) for a, b in itertools.pairwise(decoded.offsets)]
    all_of = [
        (tuple(decoded.ids[a:b].tolist()), scores[i] + decoded.stop_logprobs[i], decoded.ended[i] == 1)
        for i, (a, b) in enumerate(itertools.pairwise(decoded.offsets))
    ]
    each = len(all_of) // count
    return [
        [all_of[i] for i in range(s * each, (s + 1) * each) if decoded.ended[i] != 3] for s in range(count)
    ]


def agree(mine, theirs):
    assert [one[0] for one in mine] == [one.ids for one in theirs]
    assert [one[2] for one in mine] == [one.stopped for one in theirs]
    np.testing.assert_allclose([one[1] for one in mine], [one.score for one in theirs], atol=1e-5)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("rows", [100, 256])
def test_a_wide_beam_finds_every_sequence(alpha, rows):
    tables = toy(1)
    found = results(search(tables, length_penalty=alpha, rows=rows), len(tables))
    for table, mine in zip(tables, found, strict=True):
        wanted = reference.exhaustive(next_of(table), [0], LIMIT, alpha)
        assert len(wanted) == 31  # 1 + 2 + 4 + 8 that stopped, 16 at the limit
        agree(mine, wanted)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_equals_plain_python(alpha, size):
    tables = toy(2, sources=40)
    for count in {1, size}:  # asking for fewer results ends the search earlier, and changes nothing
        found = search(tables, beam=size, results=count, length_penalty=alpha, rows=max(size, 20))
        for table, mine in zip(tables, results(found, 40), strict=True):
            agree(mine, reference.beam(next_of(table), [0], LIMIT, alpha, size)[:count])


def test_what_is_impossible():
    tables = toy(3, sources=20)
    for more, of in [({"never": [1]}, {"never": [1]}), ({"allowed": [0, 2]}, {"allowed": [0, 2]})]:
        found = results(search(tables, **more), 20)
        for table, mine in zip(tables, found, strict=True):
            agree(mine, reference.exhaustive(next_of(table, **of), [0], LIMIT, 1.0))
    for one in results(search(tables, never=[0, 1, 2]), 20):  # nothing may follow: an empty output
        assert one == [((), 0.0, False)]


@pytest.mark.parametrize("alpha", ALPHAS)
def test_texts_that_end_an_output(alpha):
    pieces = [b"", b"a", b"ba"]
    texts = {"stop_text": strings([b"ab", b"aaa"]), "pieces": strings(pieces)}
    tables = toy(6, sources=20)

    def ends(ids):
        text = b"".join(pieces[token] for token in ids)
        return b"ab" in text or b"aaa" in text

    found = results(search(tables, length_penalty=alpha, **texts), 20)
    for table, mine in zip(tables, found, strict=True):
        agree(mine, reference.exhaustive(next_of(table), [0], LIMIT, alpha, ends))


def test_equals_go_by_lowest_id_and_first_hypothesis():
    (mine,) = results(search(np.zeros((1, NODES, V), np.float32), beam=3, results=3), 1)
    assert [ids for ids, _, _ in mine] == [(), (1, 1, 1, 1), (1, 1, 1, 2)] or mine[0][0] == ()
    (mine,) = results(search(np.zeros((1, NODES, V), np.float32), beam=2, results=2, stop=[]), 1)
    assert [ids for ids, _, _ in mine] == [(0, 0, 0, 0), (0, 0, 0, 1)]


def test_limits_one_a_sequence():
    limits = np.array([0, 1, 2, 3, 4, 0], np.int32)
    tables = toy(4)
    found = results(search(tables, max_new_tokens=limits, beam=50, results=50), 6)
    for table, limit, mine in zip(tables, limits.tolist(), found, strict=True):
        if limit:
            agree(mine, reference.exhaustive(next_of(table), [0], limit, 1.0))
        else:
            assert mine == [((), 0.0, False)]


def test_a_beam_of_one_is_greedy():
    tables = toy(5, sources=50)
    beam = search(tables, beam=1, results=1, rows=7)
    greedy = search(tables, beam=1, results=1, rows=7, beam_search=False)
    for name in ("ids", "offsets", "logprobs", "ended", "stop_logprobs"):
        assert getattr(beam, name).tobytes() == getattr(greedy, name).tobytes()


# ---- over decoders ----


def of_network(parts, ids, offsets, **more):
    options = {"start": 2, "stop": STOP, "max_new_tokens": 12, "beam": 4, "results": 3} | more
    return native.translate(*pair(native, parts), ids, offsets, **options)


def slices(decoded, each=3):
    bounds = list(itertools.pairwise(decoded.offsets))
    rows = [
        (
            decoded.ids[a:b].tobytes(),
            decoded.logprobs[a:b].tobytes(),
            decoded.stop_logprobs[i],
            decoded.ended[i],
        )
        for i, (a, b) in enumerate(bounds)
    ]
    return [rows[i : i + each] for i in range(0, len(rows), each)]


@pytest.mark.parametrize(
    "form", [{"score": "dot", "feeding": True}, {"score": None, "cell": "gru", "layers": 2}]
)
def test_decoders_against_plain_python(form):
    make, _, _ = parts = network(21, **form)
    ids, offsets = make.ragged(6, V_IN, longest=9)
    found = results(of_network(parts, ids, offsets), 6)
    graphs = pair(native, parts)
    for i, mine in enumerate(found):
        states, hidden, cell = graphs[0].forward(
            ids[offsets[i] : offsets[i + 1]], [0, offsets[i + 1] - offsets[i]]
        )
        memory = native.Memory(states, [0, offsets[i + 1] - offsets[i]], hidden, cell)

        def look(tokens, memory=memory):
            stepper = graphs[1].stepper(memory, 1)
            for token in (2, *tokens):
                found = stepper.step(np.array([token], np.int32))[0]
            return found.astype(np.float64)

        agree(mine, reference.beam(look, STOP, 12, 1.0, 4)[:3])


def test_same_bits_in_every_batch_and_thread_count():
    make, _, _ = parts = network(22, score="additive", cell="gru")
    ids, offsets = make.ragged(300, V_IN, longest=15)

    def run(first, last, **more):
        part = offsets[first : last + 1]
        return slices(of_network(parts, ids[part[0] : part[-1]], part - part[0], **more))

    whole = run(0, 300, threads=1)
    assert len({tuple(one) for one in whole}) > 100
    assert run(0, 300, threads=2) == whole
    assert run(0, 300, threads=1, batch_tokens=50) == whole
    assert run(0, 300, threads=1, rows=9) == whole
    for first, size in [(0, 1), (299, 1), (100, 7), (20, 64)]:
        assert run(first, first + size, threads=1) == whole[first : first + size]


def test_prompts_and_their_scores():
    """What goes in before the output counts neither as tokens nor for the score."""
    make, _, _ = parts = network(23, score="general")
    ids, offsets = make.ragged(30, V_IN)
    whole = of_network(parts, ids, offsets, beam=1, results=1)
    lengths = np.diff(whole.offsets).clip(max=2) * (np.arange(30) % 3 > 0)
    rows = [[2, *whole.ids[a : a + n]] for a, n in zip(whole.offsets, lengths, strict=False)]
    prompts = np.concatenate(rows).astype(np.int32), np.cumsum([0, *map(len, rows)])
    for size in (1, 4):
        rest = of_network(parts, ids, offsets, prompts=prompts, beam=size, results=1, length_penalty=0.0)
        assert len(rest.offsets) == 31
        if size == 1:
            for i, n in enumerate(lengths.tolist()):
                a, b = whole.offsets[i], whole.offsets[i + 1]
                found = rest.ids[rest.offsets[i] : rest.offsets[i + 1]].tolist()
                assert found[: b - a - n] == whole.ids[a + n : b].tolist()


def test_arguments_out_of_range():
    parts = network(24)
    ids, offsets = parts[0].ragged(2, V_IN)
    for more in ({"beam": 0}, {"beam": 2000}, {"beam": 2, "results": 3}, {"results": 0}, {"beam": 1.5}):
        with pytest.raises(errors.ArgumentError):
            of_network(parts, ids, offsets, **more)
    assert V_OUT > 4


def test_a_deadline_gives_what_is_done():
    make = Maker(25)
    blocks = [make.embedding("e", 50, 64), make.rnn("r", "lstm", 64, 256), make.linear("h", 256, 50)]
    decoder = native.Graph(blocks, make.tensors)
    prompts = np.ones(3000, np.int32), np.arange(3001)
    for size in (1, 3):
        found = decoder.decode(None, prompts, stop=[], max_new_tokens=500, beam=size, deadline=0.1, threads=2)
        lengths = np.diff(found.offsets)
        assert found.late
        assert set(found.ended.tolist()) >= {2}
        assert 0 < lengths.sum() < 3000 * 500
        assert lengths[found.ended == 0].tolist() == [500] * int((found.ended == 0).sum())
    early = decoder.decode(None, prompts, stop=[], max_new_tokens=1, deadline=60)
    assert not early.late
    assert set(early.ended.tolist()) == {0}
