"""Self-attention whole and in steps: the same bits; what a decoder keeps of its tokens; long rows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from fastseq._core import native
from fastseq.models.blocks import Block, Embedding, FeedForward, Linear, Norm, Position, SelfAttention
from tests.nn.networks import Array, Maker
from tests.reference.layers import log_softmax

V, E = 23, 24


def decoder(seed: int = 0, heads: int = 4, **more: Any) -> native.Graph:
    """A language model of two layers."""
    before: dict[str, Any] = {"residual": True, "norm": "rms", "norm_place": "before"}
    layers: list[Block] = []
    for i in range(2):
        layers.append(SelfAttention(f"attention{i}", E, heads, causal=True, **before, **more))
        layers.append(FeedForward(f"feed_forward{i}", E, 3 * E, **before))
    make = Maker(seed)
    blocks = make.blocks(
        Embedding("embedding", V, E),
        Position(E, "learned", weights="position", length=400),
        *layers,
        Norm("norm", E, norm="layer"),
        Linear("head", E, V),
    )
    return native.Graph(blocks, make.tensors)


def sequences(*lengths: int, seed: int = 1) -> tuple[Array, Array]:
    ids = np.random.default_rng(seed).integers(0, V, sum(lengths)).astype(np.int32)
    return ids, np.cumsum([0, *lengths])


def steps(model: native.Graph, ids: Array) -> Array:
    """Log-probabilities (T, V) of one sequence, a token at a time."""
    stepper = model.stepper(None, 1)
    return np.concatenate([stepper.step(ids[t : t + 1]) for t in range(len(ids))])


@pytest.mark.parametrize("more", [{}, {"key_heads": 2}, {"window": 7, "cap": 2.0}], ids=str)
def test_a_step_has_the_bits_of_a_whole_pass(more: dict[str, Any]) -> None:
    model = decoder(**more)
    ids, offsets = sequences(1, 40, 17, 290)
    rows = model.forward(ids, offsets)[0]
    for first, last in pairwise(offsets):
        one_by_one = steps(model, ids[first:last])
        np.testing.assert_allclose(one_by_one, log_softmax(rows[first:last].astype(np.float64)), atol=3e-6)
        alone = model.forward(ids[first:last], np.array([0, last - first]))[0]
        np.testing.assert_array_equal(alone, rows[first:last])
    fed = model.stepper(None, 4)
    fed.feed(np.delete(ids, offsets[1:] - 1), offsets - np.arange(5))
    together = fed.step(ids[offsets[1:] - 1])
    for i, (first, last) in enumerate(pairwise(offsets)):
        np.testing.assert_array_equal(together[i], steps(model, ids[first:last])[-1])


def test_rows_that_join_and_leave() -> None:
    model = decoder()
    ids, offsets = sequences(*range(1, 30))
    limits = np.arange(29, 0, -1) % 13
    many = model.decode(None, (ids, offsets), stop=[3], max_new_tokens=limits, rows=4, threads=2)
    for i, (first, last) in enumerate(pairwise(offsets)):
        one = model.decode(
            None, (ids[first:last], np.array([0, last - first])), stop=[3], max_new_tokens=limits[i]
        )
        span = slice(many.offsets[i], many.offsets[i + 1])
        np.testing.assert_array_equal(many.ids[span], one.ids)
        np.testing.assert_array_equal(many.logprobs[span], one.logprobs)


def test_rows_that_become_of_one_row_part_again() -> None:
    model = decoder()
    stepper = model.stepper(None, 3)
    said = [[], [], []]
    rng = np.random.default_rng(5)
    for t in range(60):
        tokens = rng.integers(0, V, 3).astype(np.int32)
        got = stepper.step(tokens)
        said = [[*row, token] for row, token in zip(said, tokens, strict=True)]
        if t % 7 == 3:
            rows = rng.integers(0, 3, 3).astype(np.int32)
            stepper.reorder(rows)
            said = [said[row] for row in rows]
            got = got[rows]
    for row, ids in enumerate(said):
        np.testing.assert_array_equal(got[row], steps(model, np.array(ids, np.int32))[-1])


def test_a_prompt_past_the_last_position_is_refused() -> None:
    model = decoder()
    ids, offsets = sequences(402)
    with pytest.raises(ValueError, match="at most 400"):
        model.decode(None, (ids, offsets), stop=[], max_new_tokens=1)
    decoded = model.decode(None, (ids[:397], np.array([0, 397])), stop=[], max_new_tokens=50)
    assert len(decoded.ids) == 4  # the last of them goes in no more


def test_memory_grows_with_the_length_alone() -> None:
    slow = native.isa_chosen() == "portable" or native.build_info()["build"] != "release"
    length = 6_000 if slow else 20_000
    make = Maker()
    blocks = make.blocks(Embedding("embedding", V, 8), SelfAttention("attention", 8, 1, causal=True))
    model = native.Graph(blocks, make.tensors)
    ids, offsets = sequences(length)
    resource = pytest.importorskip("resource")  # not on Windows
    model.forward(ids[:100], np.array([0, 100]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = model.forward(ids, offsets)[0]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32_000  # KB; scores would be 1.6 GB
    np.testing.assert_array_equal(rows[:50], model.forward(ids[:50], np.array([0, 50]))[0])


def test_beams_have_the_scores_of_their_tokens() -> None:
    """Hypotheses fork and are given up; what each keeps of its tokens must go with it."""
    model = decoder(3)
    ids, offsets = sequences(1, 21, 40)
    found = model.decode(None, (ids, offsets), stop=[3], max_new_tokens=40, beam=5, results=5)
    assert len(found.offsets) == 1 + 3 * 5
    for i, (first, last) in enumerate(pairwise(found.offsets)):
        prompt = ids[offsets[i // 5] : offsets[i // 5 + 1]]
        whole = np.concatenate([prompt, found.ids[first:last]])
        stepper = model.stepper(None, 1)
        stepper.feed(whole[: len(prompt) - 1], np.array([0, len(prompt) - 1]))
        for t, token in enumerate(found.ids[first:last]):
            log_probs = stepper.step(whole[len(prompt) - 1 + t : len(prompt) + t])[0]
            np.testing.assert_allclose(found.logprobs[first + t], log_probs[token], atol=2e-6)
