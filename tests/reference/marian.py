"""Marian's transformers, with a decoder of self-attention or SSRU cells, in plain NumPy, one text at a time.

Written from the formulas alone: Marian's models/transformer.h and layers/generic.h say what the tensors are.
`int8=True` multiplies as the int8 engine does: activations become 8 bits by the file's multiplier, sums are
whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

Items = Mapping[str, np.ndarray]


class Quantized:
    """An int8 matrix (out, in) with its scale and the multiplier of its input."""

    def __init__(self, q: np.ndarray, scale: float, multiplier: float) -> None:
        self.q, self.scale, self.multiplier = q, np.float32(scale), np.float32(multiplier)

    @cached_property
    def floats(self) -> np.ndarray:
        return self.q.astype(np.float32) * self.scale

    def product(self, x: np.ndarray, int8: bool) -> np.ndarray:
        if not int8:
            return x @ self.floats.T
        rounded = np.clip(np.rint(x * self.multiplier), -127, 127).astype(np.int32)
        sums = (rounded.astype(np.float64) @ self.q.T.astype(np.float64)).astype(np.int64)  # whole, and exact
        each = np.float32(np.float32(1) / self.multiplier) * self.scale
        return each * sums.astype(np.float32)


class Student:
    """A model of items by Marian's names: matrices `Quantized`, the rest float32."""

    def __init__(
        self, items: Mapping[str, object], heads: int = 8, int8: bool = False, swish: bool = False
    ) -> None:
        self.items, self.heads, self.int8, self.swish = items, heads, int8, swish
        self.table = items["Wemb"].floats
        self.width = self.table.shape[1]
        self.before = "encoder_l1_self_Wo_ln_scale_pre" in items
        self.recurrent = "decoder_l1_rnn_W" in items

    def affine(self, x: np.ndarray, weight: str, bias: str | None) -> np.ndarray:
        y = self.items[weight].product(x, self.int8)
        return y if bias is None else y + self.items[bias].reshape(-1)

    def around(self, x: np.ndarray, name: str, block: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """A block with its norm, before it or behind, and the sum of what goes in and comes out."""
        if self.before:
            return x + block(self.norm(x, name, "_pre"))
        return self.norm(x + block(x), name)

    def top(self, x: np.ndarray, part: str) -> np.ndarray:
        return self.norm(x, f"{part}_top_ln") if f"{part}_top_ln_scale" in self.items else x

    def norm(self, x: np.ndarray, name: str, end: str = "") -> np.ndarray:
        mean = x.mean(-1, keepdims=True)
        spread = ((x - mean) ** 2).mean(-1, keepdims=True)
        scale, bias = (self.items[f"{name}_{kind}{end}"].reshape(-1) for kind in ("scale", "bias"))
        return (x - mean) / np.sqrt(spread + 1e-6) * scale + bias

    def positions(self, count: int, start: int = 0) -> np.ndarray:
        half = self.width // 2
        rates = np.exp(-np.arange(half) * np.log(10000.0) / (half - 1))
        angles = np.arange(start, start + count)[:, None] * rates
        return np.concatenate([np.sin(angles), np.cos(angles)], 1).astype(np.float32)

    def attention(self, queries: np.ndarray, memory: np.ndarray, name: str) -> np.ndarray:
        q = self.affine(queries, f"{name}_Wq", f"{name}_bq")
        k, v = (self.affine(memory, f"{name}_W{one}", f"{name}_b{one}") for one in "kv")
        size = self.width // self.heads
        mixed = np.empty_like(q)
        for h in range(self.heads):
            part = slice(h * size, (h + 1) * size)
            scores = q[:, part] @ k[:, part].T / np.sqrt(size)
            weights = np.exp(scores - scores.max(1, keepdims=True))
            mixed[:, part] = weights / weights.sum(1, keepdims=True) @ v[:, part]
        return self.affine(mixed, f"{name}_Wo", f"{name}_bo")

    def feed_forward(self, x: np.ndarray, name: str) -> np.ndarray:
        depth = sum(key.startswith(f"{name}_W") for key in self.items if "Mult" not in key)
        for i in range(1, depth):
            x = self.affine(x, f"{name}_W{i}", f"{name}_b{i}")
            x = x / (1 + np.exp(-x)) if self.swish else np.maximum(x, 0)
        return self.affine(x, f"{name}_W{depth}", f"{name}_b{depth}")

    def encode(self, ids: list[int]) -> np.ndarray:
        """Rows (T, width) of the source, its end token among the ids."""
        x = np.float32(np.sqrt(self.width)) * self.table[ids] + self.positions(len(ids))
        for layer in self._layers("encoder", "self_Wq"):
            x = self.around(x, f"{layer}_self_Wo_ln", lambda x, at=layer: self.attention(x, x, f"{at}_self"))
            x = self.around(x, f"{layer}_ffn_ffn_ln", lambda x, at=layer: self.feed_forward(x, f"{at}_ffn"))
        return self.top(x, "encoder")

    def step(self, token: int | None, place: int, cells: list[np.ndarray], memory: np.ndarray) -> np.ndarray:
        """Logits (V) after `token` (None at the start); `cells` move on."""
        y = self.positions(1, place)
        if token is not None:
            y = y + np.float32(np.sqrt(self.width)) * self.table[[token]]
        for i, layer in enumerate(self._layers("decoder", "context_Wq")):
            if self.recurrent:
                y = self.around(y, f"{layer}_rnn_ffn_ln", lambda y, i=i: self._cell(y, i, cells))
            else:
                y = self.around(y, f"{layer}_self_Wo_ln", lambda y, i=i: self._look_back(y, i, cells))
            y = self.around(
                y, f"{layer}_context_Wo_ln", lambda y, at=layer: self.attention(y, memory, f"{at}_context")
            )
            y = self.around(y, f"{layer}_ffn_ffn_ln", lambda y, at=layer: self.feed_forward(y, f"{at}_ffn"))
        y = self.top(y, "decoder")
        return (self._head(y) + self.items["decoder_ff_logit_out_b"].reshape(-1))[0]

    def _cell(self, y: np.ndarray, i: int, cells: list[np.ndarray]) -> np.ndarray:
        name = f"decoder_l{i + 1}_rnn"
        forget = 1 / (1 + np.exp(-self.affine(y, f"{name}_Wf", f"{name}_bf")))
        cells[i] = forget * cells[i] + (1 - forget) * self.affine(y, f"{name}_W", None)
        return np.maximum(cells[i], 0)

    def _look_back(self, y: np.ndarray, i: int, cells: list[np.ndarray]) -> np.ndarray:
        """All that went into the layer is kept, behind a first row of nothing."""
        cells[i] = np.concatenate([cells[i], y])
        return self.attention(y, cells[i][1:], f"decoder_l{i + 1}_self")

    def _head(self, y: np.ndarray) -> np.ndarray:
        for name, turn in (("decoder_ff_logit_out_Wt", True), ("decoder_ff_logit_out_W", False)):
            if name in self.items:
                matrix = self.items[name].floats  # as `affine` has matrices: its columns are inputs
                return y @ (matrix if turn else matrix.T)
        return self.items["Wemb"].product(y, self.int8)

    @property
    def layers(self) -> list[str]:
        """Names of the decoder's."""
        return self._layers("decoder", "rnn_W")

    def translate(self, ids: list[int], allowed: np.ndarray | None = None, factor: float = 3.0) -> list[int]:
        """The likeliest token again and again, of those allowed, until the end token (0)."""
        memory = self.encode(ids)
        cells = [np.zeros((1, self.width), np.float32) for _ in self._layers("decoder", "context_Wq")]
        out: list[int] = []
        columns = np.arange(len(self.table)) if allowed is None else allowed
        columns = columns[columns != 1]  # never the unknown token
        for place in range(int(factor * len(ids))):
            logits = self.step(out[-1] if out else None, place, cells, memory)[columns]
            token = int(columns[logits.argmax()])
            if token == 0:
                break
            out.append(token)
        return out

    def _layers(self, part: str, weight: str) -> list[str]:
        count = sum(name.startswith(f"{part}_l") and name.endswith(f"_{weight}") for name in self.items)
        return [f"{part}_l{i + 1}" for i in range(count)]


def candidates(
    offsets: np.ndarray, lists: np.ndarray, first: int, ids: list[int], vocabulary: int, shared: bool = False
) -> np.ndarray:
    """Target tokens that a shortlist allows for a source, as Marian's data/shortlist.h makes them."""
    kept = set(range(first)) | (set(ids) if shared else set())
    for id in ids:
        kept.update(lists[offsets[id] : offsets[id + 1]].tolist())
    more = first
    while len(kept) % 8 and more < vocabulary:
        kept.add(more)
        more += 1
    return np.array(sorted(kept))


def after(student: Student, ids: list[int], allowed: np.ndarray) -> Callable[[tuple[int, ...]], np.ndarray]:
    """Log-probabilities (V) after some tokens; -inf of the unknown one and of those not allowed."""
    memory = student.encode(ids)
    columns = allowed[allowed != 1]
    states: dict[tuple[int, ...], list[np.ndarray]] = {}

    def look(tokens: tuple[int, ...]) -> np.ndarray:
        begun = [np.zeros((1, student.width), np.float32) for _ in student.layers]
        cells = list(states.get(tokens[:-1], begun)) if tokens else begun
        logits = student.step(tokens[-1] if tokens else None, len(tokens), cells, memory).astype(np.float64)
        states[tokens] = cells
        kept = np.full(len(logits), -np.inf)
        kept[columns] = logits[columns] - np.logaddexp.reduce(logits[columns])
        return kept

    return look
