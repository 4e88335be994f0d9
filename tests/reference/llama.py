"""Decoders of the Llama family over whole sequences, in NumPy (float64), from a GGUF file's tensors."""

from typing import Any, NamedTuple

import numpy as np

Array = Any


class Shape(NamedTuple):
    """Sizes, and what differs from family to family."""

    layers: int
    heads: int
    key_heads: int
    base: float
    epsilon: float
    pairs: bool
    """Rotary positions turn neighbouring columns, not those half a head apart."""


def rms(x: Array, weight: Array, epsilon: float) -> Array:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def rotate(x: Array, shape: Shape) -> Array:
    """Of x (tokens, heads, width)."""
    tokens, _, width = x.shape
    angle = np.arange(tokens)[:, None, None] * shape.base ** (-2.0 * np.arange(width // 2) / width)
    u, v = (x[..., ::2], x[..., 1::2]) if shape.pairs else np.split(x, 2, axis=-1)
    turned = u * np.cos(angle) - v * np.sin(angle), v * np.cos(angle) + u * np.sin(angle)
    if not shape.pairs:
        return np.concatenate(turned, axis=-1)
    return np.stack(turned, axis=-1).reshape(x.shape)


def attend(x: Array, w: dict[str, Array], at: str, shape: Shape) -> Array:
    def project(name: str, heads: int) -> Array:
        y = x @ w[f"{at}.attn_{name}.weight"].T + w.get(f"{at}.attn_{name}.bias", 0.0)
        y = y.reshape(len(x), heads, -1)
        norm = w.get(f"{at}.attn_{name}_norm.weight")
        return y if norm is None else rms(y, norm, shape.epsilon)

    q = rotate(project("q", shape.heads), shape)
    k = rotate(project("k", shape.key_heads), shape)
    v = project("v", shape.key_heads)
    out = np.empty_like(q)
    for head in range(shape.heads):
        key_head = head // (shape.heads // shape.key_heads)
        scores = q[:, head] @ k[:, key_head].T / np.sqrt(q.shape[-1])
        scores[np.triu_indices(len(x), 1)] = -np.inf
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        out[:, head] = weights / weights.sum(-1, keepdims=True) @ v[:, key_head]
    return out.reshape(len(x), -1) @ w[f"{at}.attn_output.weight"].T


def logits(ids: Array, weights: dict[str, Array], shape: Shape) -> Array:
    """(tokens, vocabulary)."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    x = w["token_embd.weight"][ids]
    for layer in range(shape.layers):
        at = f"blk.{layer}"
        x = x + attend(rms(x, w[f"{at}.attn_norm.weight"], shape.epsilon), w, at, shape)
        h = rms(x, w[f"{at}.ffn_norm.weight"], shape.epsilon)
        gate = h @ w[f"{at}.ffn_gate.weight"].T
        inner = gate / (1 + np.exp(-gate)) * (h @ w[f"{at}.ffn_up.weight"].T)
        x = x + inner @ w[f"{at}.ffn_down.weight"].T
    head = w.get("output.weight", w["token_embd.weight"])
    return rms(x, w["output_norm.weight"], shape.epsilon) @ head.T
