"""Marian's recurrent models (type s2s) in plain NumPy, one text at a time, float64.

Written from the formulas alone, as marian's models/s2s.h, rnn/cells.h and rnn/attention.h have them, by the
names of its arrays. Products are x W, W (in, out).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray
State = tuple[Array, Array]  # output and cell


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


class Recurrent:
    """`form` has the options of the same names: cell, enc_type, enc_depth, ..., norm, skip."""

    def __init__(self, items: Mapping[str, Array], form: Any) -> None:
        self.items = {name: array.astype(np.float64) for name, array in items.items()}
        self.form = form
        self.hidden = len(self.items["decoder_cell1_U"])

    def norm(self, x: Array, gain: str, bias: Array | float = 0.0) -> Array:
        centred = x - x.mean()
        return centred / np.sqrt((centred**2).mean() + 1e-9) * self.items[gain][0] + bias

    def cell(self, name: str, x: Array | None, state: State, final: bool = False) -> State:
        """One step of a cell; without x a transition."""
        w, (h, c) = self.items, state
        ends = ("", "x") if self.form.cell == "gru" else ("",)
        matrices = {
            one: np.hstack([w[f"{name}_{one}{end}"] for end in ends]) for one in "UW"[: 1 + (x is not None)]
        }
        bias = np.hstack([w[f"{name}_b{end}"] for end in ends])[0]
        inputs = np.zeros(len(bias)) if x is None else x @ matrices["W"]
        states = h @ matrices["U"]
        if self.form.norm:
            inputs = inputs if x is None else self.norm(inputs, f"{name}_gamma1")
            states = self.norm(states, f"{name}_gamma2")
        if self.form.cell == "lstm":
            f, i, g, o = np.split(inputs + states + bias, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            return sigmoid(o) * np.tanh(c), c
        (xr, xz, xn), (sr, sz, sn), (br, bz, bn) = (np.split(one, 3) for one in (inputs, states, bias))
        r, z = sigmoid(xr + sr + br), sigmoid(xz + sz + bz)
        new = np.tanh(xn + (sn + bn) * r) if final else np.tanh(xn + sn * r + bn)
        return (1 - z) * new + z * h, c

    def _layer(self, names: list[str], rows: Array, backward: bool) -> Array:
        """Rows (T, in) through a layer of cells: rows (T, H)."""
        state = (np.zeros(self.hidden), np.zeros(self.hidden))
        out = np.zeros((len(rows), self.hidden))
        for t in reversed(range(len(rows))) if backward else range(len(rows)):
            state = self.cell(names[0], rows[t], state)
            for name in names[1:]:
                state = self.cell(name, None, state)
            out[t] = state[0]
        return out

    def _stack(self, prefix: str, layers: range, rows: Array, direction: int, bare: bool) -> Array:
        """A stack of layers. `bare`: the first one's first cell has the prefix for a name."""
        for layer in layers:
            first = layer == layers[0]
            names = [
                prefix
                + (f"_l{layer}" if layer > 1 else "")
                + ("" if bare and first and j == 1 else f"_cell{j}")
                for j in range(1, self.form.enc_cell_depth + 1)
            ]
            turned = self.form.enc_type == "alternating" and layer % 2 == 0
            out = self._layer(names, rows, bool(direction) != turned)
            rows = out + rows if self.form.skip and not first else out
        return rows

    def encode(self, ids: list[int]) -> Array:
        """Rows (T, D) of the source, its end token among the ids."""
        table = self.items["Wemb" if "Wemb" in self.items else "encoder_Wemb"][ids]
        depth = self.form.enc_depth
        both = range(1, 2 if self.form.enc_type == "bi-unidirectional" else depth + 1)
        rows = np.hstack(
            [
                self._stack(name, both, table, direction, True)
                for direction, name in enumerate(("encoder_bi", "encoder_bi_r"))
            ]
        )
        if len(both) < depth:
            rows = self._stack("encoder", range(2, depth + 1), rows, 0, False)
        return rows

    def dense(self, name: str, inputs: list[Array]) -> Array:
        """The tanh of products added up, each with a norm of its own where there are norms."""
        total: Array | float = 0.0
        for i, x in enumerate(inputs):
            number = str(i) if len(inputs) > 1 else ""
            product, bias = x @ self.items[f"{name}_W{number}"], self.items[f"{name}_b{number}"][0]
            if self.form.norm:
                total = total + self.norm(product, f"{name}_gamma{number}", bias)
            else:
                total = total + product + bias
        return np.tanh(total)

    def start(self, memory: Array) -> list[State]:
        h = self.dense("decoder_ff_state", [memory.mean(0)])
        return [(h, h)] * self.form.dec_depth

    def look(self, h: Array, memory: Array) -> Array:
        """The context (D) for a state."""
        w, bias = self.items, self.items["decoder_b_att"][0]
        query, keys = h @ w["decoder_W_comb_att"], memory @ w["decoder_Wc_att"]
        if self.form.norm:
            query = self.norm(query, "decoder_att_gamma2")
            keys = np.array([self.norm(key, "decoder_att_gamma1", bias) for key in keys])
        else:
            keys = keys + bias
        scores = np.tanh(query + keys) @ w["decoder_U_att"][:, 0]
        weights = np.exp(scores - scores.max())
        return weights / weights.sum() @ memory

    def step(self, token: int | None, place: int, states: list[State], memory: Array) -> Array:
        """Logits (V) after `token` (None at the start); `states` move on."""
        table = self.items["Wemb" if "Wemb" in self.items else "decoder_Wemb"]
        x = np.zeros(table.shape[1]) if token is None else table[token]
        state = self.cell("decoder_cell1", x, states[0])
        context = self.look(state[0], memory)
        for i in range(2, self.form.dec_cell_base_depth + 1):
            state = self.cell(f"decoder_cell{i}", context if i == 2 else None, state, final=True)
        states[0], row = state, state[0]
        for layer in range(2, self.form.dec_depth + 1):
            state = states[layer - 1]
            for j in range(1, self.form.dec_cell_high_depth + 1):
                state = self.cell(f"decoder_l{layer}_cell{j}", row if j == 1 else None, state)
            states[layer - 1] = state
            row = state[0] + row if self.form.skip else state[0]
        deep = self.dense("decoder_ff_logit_l1", [x, row, context])
        head = self.items.get("decoder_ff_logit_l2_Wt", table)
        return deep @ head.T + self.items["decoder_ff_logit_l2_b"][0]

    def translate(self, ids: list[int], factor: float = 3.0) -> list[int]:
        """The likeliest token again and again until the end token (0), never the unknown one (1)."""
        memory = self.encode(ids)
        states = self.start(memory)
        out: list[int] = []
        for place in range(int(factor * len(ids))):
            logits = self.step(out[-1] if out else None, place, states, memory)
            logits[1] = -np.inf
            if (token := int(logits.argmax())) == 0:
                break
            out.append(token)
        return out
