"""The layers in plain NumPy, float64, one sequence at a time: the truth that the engine is tested against.

Written from the papers and from the formulas in docs/native-format.md. Letters: T tokens, D width, H hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray
State = list[tuple[Array, Array | None]]  # a layer: h (H), and c (H) of an LSTM


def sigmoid(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * x))


ACTIVATIONS = {
    "none": lambda x: x,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": sigmoid,
}


def log_softmax(x: Array) -> Array:
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def linear(weights: Mapping[str, Array], prefix: str, x: Array) -> Array:
    """X W^T + b, b where there is one."""
    return x @ weights[f"{prefix}.weight"].T + weights.get(f"{prefix}.bias", 0.0)


def cell(block: Mapping[str, Any], w: Mapping[str, Array], at: str, x: Array, h: Array, c: Array | None):
    """One step of one layer: x (input), h and c (H) to the next h and c. `at` is "l0", "l0_reverse", ..."""
    p = block["weights"]
    wi, wh = w[f"{p}.weight_ih_{at}"], w[f"{p}.weight_hh_{at}"]
    bi, bh = (w.get(f"{p}.bias_{side}_{at}", np.zeros(len(wi))) for side in ("ih", "hh"))
    n = len(h)
    if block["cell"] in ("tanh", "relu"):
        return ACTIVATIONS[block["cell"]](wi @ x + bi + wh @ h + bh), None
    if block["cell"] == "lstm":
        i, f, g, o = np.split(wi @ x + bi + wh @ h + bh, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    r, z = np.split(sigmoid((wi @ x + bi + wh @ h + bh)[: 2 * n]), 2)
    new = (wi @ x + bi)[2 * n :]
    if block.get("reset", "after") == "after":
        new = np.tanh(new + r * (wh @ h + bh)[2 * n :])
    else:
        new = np.tanh(new + wh[2 * n :] @ (r * h) + bh[2 * n :])
    return (1 - z) * new + z * h, None


def zero_state(block: Mapping[str, Any], layers: int) -> State:
    def zeros() -> Array:
        return np.zeros(block["hidden"])

    return [(zeros(), zeros() if block["cell"] == "lstm" else None) for _ in range(layers)]


def rnn(block: Mapping[str, Any], w: Mapping[str, Array], x: Array) -> tuple[Array, State]:
    """Rows (T, input) to rows (T, H or 2 H), and the final state of each layer, directions side by side."""
    final: State = []
    ends = ("", "_reverse") if block.get("bidirectional") else ("",)
    for layer in range(block.get("layers", 1)):
        columns, finals = [], []
        for end in ends:
            h, c = zero_state(block, 1)[0]
            rows = np.zeros((len(x), block["hidden"]))
            for t in range(len(x)) if end == "" else reversed(range(len(x))):
                h, c = cell(block, w, f"l{layer}{end}", x[t], h, c)
                rows[t] = h
            columns.append(rows)
            finals.append((h, c))
        x = np.concatenate(columns, 1)
        cells = None if finals[0][1] is None else np.concatenate([c for _, c in finals])
        final.append((np.concatenate([h for h, _ in finals]), cells))
    return x, final


def rnn_step(block: Mapping[str, Any], w: Mapping[str, Array], x: Array, state: State) -> tuple[Array, State]:
    """One token through every layer: x (input) to (H), and the next state."""
    following: State = []
    for layer, (h, c) in enumerate(state):
        h, c = cell(block, w, f"l{layer}", x, h, c)
        following.append((h, c))
        x = h
    return x, following


def attend(block: Mapping[str, Any], w: Mapping[str, Array], q: Array, memory: Array) -> tuple[Array, Array]:
    """Query (Q) over memory rows (S, D): the output (O), and the weights (S)."""
    p = block["weights"]
    if block["score"] == "dot":
        scores = memory @ q
    elif block["score"] == "general":
        scores = memory @ (w[f"{p}.query.weight"] @ q)
    else:
        mixed = np.tanh(linear(w, f"{p}.query", q) + memory @ w[f"{p}.key.weight"].T)
        scores = mixed @ w[f"{p}.score.weight"][0]
    weights = np.exp(log_softmax(scores)) if len(scores) else scores  # nothing to attend to: no context
    context = weights @ memory
    first = block.get("order", "context_first") == "context_first"
    joined = np.concatenate([context, q] if first else [q, context])
    return ACTIVATIONS[block.get("activation", "tanh")](linear(w, f"{p}.output", joined)), weights


def pool(kind: str, rows: Array, final: State) -> Array:
    """Rows (T, D) of a text to one (D)."""
    if kind == "final":
        return final[-1][0]
    return (
        {"mean": rows.mean, "max": rows.max}[kind](0)
        if kind in ("mean", "max")
        else rows[{"last": -1, "first": 0}[kind]]
    )
