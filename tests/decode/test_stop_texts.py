"""Texts that end an answer, across the borders of its tokens; alternatives beside each token."""

import itertools

import numpy as np
import pytest

from fastseq._core import native
from fastseq.errors import ArgumentError
from fastseq.text.pieces import strings
from tests.decode.test_sampling import graph

PIECES = [b"a", b"b", b"ab", b"", b"bba"]
V, DEPTH = len(PIECES), 6


def answered(tokens, stops, **search):
    """What is left of an answer of these tokens."""
    tree = np.zeros((1, sum(V**level for level in range(DEPTH + 1)), V), np.float32)
    node = 0
    for token in tokens:
        tree[0, node, token] = 5
        node = node * V + 1 + token
    texts = {"stop_text": strings(stops), "pieces": strings(PIECES)} if stops else {}
    options = {"stop": (), "max_new_tokens": len(tokens), "beam_search": False} | texts | search
    return native.probe_search(graph(V), tree, **options)


def test_wherever_the_borders_are():
    rng = np.random.default_rng(1)
    for _ in range(300):
        tokens = rng.integers(0, V, DEPTH).tolist()
        stops = [bytes(rng.choice([97, 98], rng.integers(1, 6)).tolist()) for _ in range(rng.integers(1, 3))]
        texts = itertools.accumulate(PIECES[token] for token in tokens)
        met = next((i for i, text in enumerate(texts) if any(stop in text for stop in stops)), None)
        found = answered(tokens, stops)
        assert found.ids.tolist() == tokens[: DEPTH if met is None else met + 1]
        assert found.ended[0] == (met is not None)
        assert found.stop_logprobs[0] == 0


def test_pieces_have_to_be_those_of_the_vocabulary():
    with pytest.raises(ArgumentError, match="pieces"):
        answered([1], [b"a"], pieces=strings(PIECES[1:]))
    with pytest.raises(ArgumentError, match="offsets"):
        native.Strings(np.zeros(3, np.uint8), np.array([0, 2]))


@pytest.mark.parametrize("allowed", [None, [0, 2, 3]])
def test_alternatives(allowed):
    rng = np.random.default_rng(2)
    tree = rng.normal(0, 2, (3, 31, V)).astype(np.float32)
    tree[1, 0, 2:] = -np.inf
    search = {"stop": (), "max_new_tokens": 2, "beam_search": False, "alternatives": 4}
    if allowed:
        search["allowed"] = np.array(allowed, np.int32)
    found = native.probe_search(graph(V), tree, **search)
    for i in range(3):
        at = found.offsets[i]
        row = tree[i, 0].astype(np.float64)
        row[[t for t in range(V) if allowed and t not in allowed]] = -np.inf
        row -= np.log(np.exp(row).sum())
        best = [token for token in np.argsort(-row, kind="stable")[:4].tolist() if row[token] > -np.inf]
        assert found.others[at].tolist() == best + [-1] * (4 - len(best))
        np.testing.assert_allclose(found.other_logprobs[at, : len(best)], row[best], atol=1e-5)
        assert found.ids[at] == best[0]
        assert found.logprobs[at] == found.other_logprobs[at, 0]


def test_where_nothing_may_follow():
    found = native.probe_search(
        graph(V), np.full((1, 31, V), -np.inf), stop=(), max_new_tokens=3, beam_search=False
    )
    assert (found.ids.tolist(), found.ended.tolist()) == ([], [0])
