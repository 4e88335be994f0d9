"""Blocks of transformers in plain NumPy, float64, one sequence at a time, whole.

Written from the papers that csrc/nn names and docs/native-format.md. Letters: T tokens, E width, H heads,
d columns of a head.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.reference import layers, rows

Array = np.ndarray
Block = Mapping[str, Any]
Weights = Mapping[str, Array]
ACTIVATIONS = {
    **layers.ACTIVATIONS,
    "silu": rows.silu,
    "gelu": lambda x: rows.gelu(x.reshape(-1)).reshape(x.shape),
    "gelu_tanh": rows.gelu_tanh,
}


def run(blocks: list[Block], w: Weights, ids: Array, memory: Array | None = None) -> Array:
    """Rows (T, E) of ids (T); `memory`: rows of an encoder."""
    x = np.zeros((0, 0))
    for block in blocks:
        before = block.get("norm_place", "after") == "before"
        out = _block(block, w, _norm(block, w, x) if before else x, ids, memory)
        x = x + out if block.get("residual") else out
        x = x if before else _norm(block, w, x)
    return x


def _norm(block: Block, w: Weights, x: Array) -> Array:
    kind, at, epsilon = block.get("norm", "none"), block.get("weights", ""), block.get("epsilon", 1e-5)
    if kind == "layer":
        return np.stack(
            [rows.layer_norm(row, w[f"{at}.norm.weight"], w[f"{at}.norm.bias"], epsilon) for row in x]
        )
    if kind == "rms":
        return np.stack([rows.rms_norm(row, w[f"{at}.norm.weight"], epsilon) for row in x])
    return x


def _block(block: Block, w: Weights, x: Array, ids: Array, memory: Array | None) -> Array:
    kind, at = block["block"], block.get("weights", "")
    if kind == "embedding":
        return w[f"{at}.weight"][ids].astype(np.float64) * block.get("scale", 1.0)
    if kind == "position":
        return x + _positions(block, w, len(x))
    if kind == "linear":
        return ACTIVATIONS[block.get("activation", "none")](layers.linear(w, at, x))
    if kind == "feed_forward":
        return _feed_forward(block, w, x)
    if kind == "self_attention":
        return attention(block, w, x, x)
    if kind == "cross_attention":
        assert memory is not None
        return attention(block, w, x, memory)
    assert kind == "norm"
    return x


def _positions(block: Block, w: Weights, count: int) -> Array:
    first = block.get("offset", 0)
    if block.get("kind") == "learned":
        return w[f"{block['weights']}.weight"][first : first + count]
    half = block["width"] // 2
    rates = 10000.0 ** (-np.arange(half) / block.get("steps", half))
    angles = np.arange(first, first + count)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], 1)


def _feed_forward(block: Block, w: Weights, x: Array) -> Array:
    at, activation = block["weights"], ACTIVATIONS[block.get("activation", "relu")]
    if block.get("gated"):
        inner = activation(layers.linear(w, f"{at}.gate", x)) * layers.linear(w, f"{at}.up", x)
        return layers.linear(w, f"{at}.down", inner)
    x = activation(layers.linear(w, f"{at}.up", x))
    for i in range(1, block.get("depth", 2) - 1):
        x = activation(layers.linear(w, f"{at}.inner.{i}", x))
    return layers.linear(w, f"{at}.down", x)


def attention(block: Block, w: Weights, x: Array, memory: Array) -> Array:
    """Of rows x (T, E) over rows of memory, which for self-attention are x."""
    at, heads = block["weights"], block["heads"]
    d = block.get("head_width") or block["width"] // heads
    q, k, v = (
        layers.linear(w, f"{at}.{name}", source).reshape(len(source), -1, d)
        for name, source in (("query", x), ("key", memory), ("value", memory))
    )
    if block.get("query_key_norm", "none") == "rms":
        q, k = (
            one
            / np.sqrt((one**2).mean(-1, keepdims=True) + block.get("epsilon", 1e-5))
            * w[f"{at}.{side}_norm.weight"]
            for side, one in (("query", q), ("key", k))
        )
    q, k = _turned(block, q), _turned(block, k)
    mixed = rows.attend(
        q,
        k,
        v,
        block.get("scale", 1 / math.sqrt(d)),
        0 if block.get("causal") else -1,
        block.get("window", 0),
        block.get("cap", 0.0),
        _relative(block, w),
    )
    return layers.linear(w, f"{at}.output", mixed.reshape(len(x), -1))


def _turned(block: Block, x: Array) -> Array:
    """Rotary positions: x (T, heads, d) as complex numbers, times e^(i angle)."""
    dims = block.get("rotary", 0)
    if not dims:
        return x
    rates = block.get("rotary_base", 10000.0) ** (-2 * np.arange(dims // 2) / dims)
    if block.get("rotary_scaling") == "linear":
        rates = rates / block["rotary_factor"]
    turn = np.exp(1j * np.arange(len(x))[:, None, None] * rates)
    out = x.copy()
    if block.get("rotary_layout", "halves") == "pairs":
        z = (x[..., 0:dims:2] + 1j * x[..., 1:dims:2]) * turn
        out[..., 0:dims:2], out[..., 1:dims:2] = z.real, z.imag
    else:
        half = dims // 2
        z = (x[..., :half] + 1j * x[..., half:dims]) * turn
        out[..., :half], out[..., half:dims] = z.real, z.imag
    return out


def _relative(block: Block, w: Weights) -> Array | None:
    """What scores get by distance, (H, 2 reach + 1)."""
    if "relative" not in block:
        return None
    buckets, reach = block.get("buckets", 32), block.get("reach", 128)
    found = []
    for apart in range(-reach, reach + 1):
        count, base, far = buckets, 0, abs(apart) if apart < 0 or not block.get("causal") else 0
        if not block.get("causal"):
            count, base = buckets // 2, buckets // 2 * (apart > 0)
        near = count // 2
        if far >= near:
            far = near + int(math.log(far / near) / math.log(reach / near) * (count - near) + 1e-6)
        found.append(base + min(far, count - 1))
    return w[f"{block['relative']}.weight"][found].T
