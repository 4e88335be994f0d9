"""Every form of the transformers' blocks against plain NumPy, in ragged batches, at every instruction set."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from fastseq._core import native
from fastseq.models.blocks import (
    Block,
    CrossAttention,
    Embedding,
    FeedForward,
    Linear,
    Norm,
    Position,
    SelfAttention,
)
from tests.nn.networks import Maker
from tests.reference import transformer as reference
from tests.reference.layers import log_softmax

V, E, H = 19, 20, 4
LENGTHS = (3, 1, 45, 18)
AROUND = [
    {"residual": True, "norm": "layer"},
    {"residual": True, "norm": "rms", "norm_place": "before"},
    {"residual": True},
    {"norm": "rms"},
]
ATTENTION: dict[str, dict[str, Any]] = {
    "plain": {},
    "causal, shared keys": {"causal": True, "key_heads": 2, "bias": False},
    "wide heads": {"head_width": 7, "scale": 0.5, "cap": 1.5},
    "window": {"causal": True, "window": 5},
    "window both ways": {"window": 3},
    "rotary": {"rotary": 4, "rotary_base": 100.0},
    "rotary pairs": {"rotary": 2, "rotary_layout": "pairs", "key_heads": 1, "causal": True},
    "rotary linear": {"head_width": 8, "rotary": 8, "rotary_scaling": "linear", "rotary_factor": 3.0},
    "relative": {"relative": "distances", "buckets": 12, "reach": 30},
    "relative causal": {"relative": "distances", "buckets": 8, "reach": 20, "causal": True},
    "norms": {"query_key_norm": "rms", "rotary": 4, "causal": True},
}
FEED_FORWARD: dict[str, dict[str, Any]] = {
    **{
        name: {"activation": name}
        for name in ("relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid", "none")
    },
    "gated": {"activation": "silu", "gated": True, "bias": False},
    "gated gelu": {"activation": "gelu", "gated": True},
    "depth 3": {"depth": 3},
    "depth 4": {"depth": 4, "activation": "gelu_tanh"},
}


def sequences(make: Maker) -> tuple[np.ndarray, np.ndarray]:
    return make.rng.integers(0, V, sum(LENGTHS)).astype(np.int32), np.cumsum([0, *LENGTHS])


def compare(*blocks: Block) -> None:
    make = Maker()
    made = make.blocks(*blocks)
    ids, offsets = sequences(make)
    wanted = np.concatenate([reference.run(made, make.tensors, ids[a:b]) for a, b in pairwise(offsets)])
    for isa in native.isas_available():
        rows = native.Graph(made, make.tensors, isa=isa).forward(ids, offsets)[0]
        np.testing.assert_allclose(rows, wanted, atol=3e-5, rtol=3e-5)


@pytest.mark.parametrize("form", ATTENTION)
def test_self_attention(form: str) -> None:
    compare(Embedding("e", V, E, 2.0), SelfAttention("a", E, H, **ATTENTION[form]), Linear("o", E, 5))


@pytest.mark.parametrize("form", FEED_FORWARD)
def test_feed_forward(form: str) -> None:
    compare(Embedding("e", V, E), FeedForward("f", E, 23, **FEED_FORWARD[form]))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_texts_without_tokens(count: int) -> None:
    make = Maker(2)
    around: dict[str, Any] = {"residual": True, "norm": "layer"}
    blocks = [Embedding("e", V, E), SelfAttention("a", E, H, **around), FeedForward("f", E, 8, **around)]
    graph = native.Graph(make.blocks(*blocks), make.tensors)
    assert graph.forward(np.empty(0, np.int32), np.zeros(count + 1, np.int64))[0].shape == (0, E)


@pytest.mark.parametrize("around", AROUND, ids=str)
def test_what_stands_around(around: dict[str, Any]) -> None:
    blocks = [SelfAttention("a", E, H, **around), FeedForward("f", E, 30, **around)]
    compare(Embedding("e", V, E), *blocks, Norm("n", E, norm="layer"))


@pytest.mark.parametrize(
    "position",
    [
        Position(E),
        Position(E, steps=E / 2 - 1, offset=2),
        Position(E, "learned", weights="p", length=50, offset=3, norm="layer"),
    ],
    ids=str,
)
def test_positions(position: Position) -> None:
    compare(Embedding("e", V, E), position)


@pytest.mark.parametrize("isa", native.isas_available())
def test_a_decoder_over_a_memory(isa: str) -> None:
    """Self- and cross-attention a step at a time, sources of several lengths beside each other."""
    make = Maker(3)
    before: dict[str, Any] = {"residual": True, "norm": "layer", "norm_place": "before"}
    encoder = make.blocks(Embedding("source", V, 12), Position(12), SelfAttention("s", 12, 3, **before))
    decoder = make.blocks(
        Embedding("target", V, E),
        SelfAttention("a", E, H, causal=True, rotary=4, **before),
        CrossAttention("c", E, 12, H, 2, cap=3.0, **before),
        FeedForward("f", E, 30, "gelu", **before),
        Linear("head", E, V),
    )
    ids, offsets = sequences(make)
    rows = native.Graph(encoder, make.tensors, isa=isa).forward(ids, offsets)[0]
    stepper = native.Graph(decoder, make.tensors, isa=isa).stepper(
        native.Memory(rows, offsets, None, None), len(LENGTHS)
    )
    said = make.rng.integers(0, V, (20, len(LENGTHS))).astype(np.int32)
    found = np.stack([stepper.step(tokens) for tokens in said])
    for i, (first, last) in enumerate(pairwise(offsets)):
        memory = reference.run(encoder, make.tensors, ids[first:last])
        wanted = log_softmax(reference.run(decoder, make.tensors, said[:, i], memory))
        np.testing.assert_allclose(found[:, i], wanted, atol=3e-5)
