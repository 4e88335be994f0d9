"""The native module's Graph, Memory, Stepper and translate in plain NumPy: same names, same shapes, slow.

Weights are widened to float64; int8 ones are multiplied out, activations are never quantized.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tests.reference import layers as ref

Array = np.ndarray


class Memory:
    def __init__(self, states, offsets, hidden, cell) -> None:
        self.states, self.offsets, self.hidden, self.cell = states, offsets, hidden, cell


class Decoded:
    def __init__(
        self, sequences: list[list[tuple[int, float]]], stops: list[float | None], steps: int
    ) -> None:
        pairs = [pair for sequence in sequences for pair in sequence]
        self.ids = np.array([token for token, _ in pairs], np.int32)
        self.logprobs = np.array([logprob for _, logprob in pairs], np.float32)
        self.offsets = np.cumsum([0, *map(len, sequences)]).astype(np.int64)
        self.ended = np.array([stop is not None for stop in stops], np.uint8)
        self.stop_logprobs = np.array([stop or 0.0 for stop in stops], np.float32)
        self.steps = steps


def widened(tensors: Mapping[str, Array]) -> dict[str, Array]:
    wide = {}
    for name, array in tensors.items():
        if array.dtype == np.uint16:  # bfloat16
            wide[name] = (array.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
        elif array.dtype == np.int8:
            wide[name] = array.astype(np.float64) * tensors[name + ".scale"][:, None]
        else:
            wide[name] = array.astype(np.float64)
    return wide


class Graph:
    def __init__(self, blocks: Sequence[Mapping[str, Any]], tensors, *, dtype="float32", isa=None) -> None:
        self.blocks = [dict(block) for block in blocks]
        self.w = widened(tensors)
        self.weight_bytes = sum(array.nbytes for array in tensors.values())
        rnns = self._of("rnn")
        self.layers = rnns[-1].get("layers", 1) if rnns else 0
        self.hidden = rnns[-1]["hidden"] * (2 if rnns[-1].get("bidirectional") else 1) if rnns else 0
        self.has_cell = bool(rnns) and rnns[-1]["cell"] == "lstm"
        self.attends = bool(self._of("attention"))
        self.pooled = bool(self._of("pool"))
        self.closed = False

    def _of(self, kind: str) -> list[dict[str, Any]]:
        return [block for block in self.blocks if block["block"] == kind]

    @property
    def width(self) -> int:
        for block in reversed(self.blocks):
            if block["block"] in ("linear", "attention"):
                return block["output"]
            if block["block"] == "rnn":
                return self.hidden
            if block["block"] == "embedding":
                return block["width"]
        raise ValueError("no blocks")

    def close(self) -> None:
        self.closed = True

    def _embed(self, block: Mapping[str, Any], ids: Array) -> Array:
        if len(ids) and not (ids.min() >= 0 and ids.max() < block["vocabulary"]):
            raise ValueError("id out of range")
        return self.w[f"{block['weights']}.weight"][ids] * block.get("scale", 1.0)

    def _one(self, ids: Array) -> tuple[Array, ref.State]:
        """A text through an encoder: rows (T, D) or one row (D), and the final state."""
        x, final = ids, []
        for block in self.blocks:
            kind = block["block"]
            if kind == "embedding":
                x = self._embed(block, ids)
            elif kind == "rnn":
                x, final = ref.rnn(block, self.w, x)
            elif kind == "pool":
                x = ref.pool(block["kind"], x, final)
            elif kind == "linear":
                x = ref.ACTIVATIONS[block.get("activation", "none")](ref.linear(self.w, block["weights"], x))
            else:
                raise ValueError(f"{kind} in forward")
        return x, final

    def forward(self, ids, offsets, *, threads=None, rows=True):
        assert ids.dtype == np.int32
        assert offsets.dtype == np.int64
        texts = [self._one(ids[a:b]) for a, b in pairwise(offsets)]
        out = None
        if rows and texts:
            parts = [x[None] if self.pooled else x for x, _ in texts]
            out = np.concatenate(parts).astype(np.float32)
        elif rows:
            out = np.zeros((0, self.width), np.float32)
        if not self.layers:
            return out, None, None
        shape = (len(texts), self.layers, self.hidden)
        hidden = np.array([[h for h, _ in final] for _, final in texts], np.float32).reshape(shape)
        cell = None
        if self.has_cell:
            cell = np.array([[c for _, c in final] for _, final in texts], np.float32).reshape(shape)
        return out, hidden, cell

    def log_probs(self, ids, offsets, *, start, threads=None):
        out = np.zeros(len(ids), np.float32)
        for a, b in pairwise(offsets):
            stepper = Stepper(self, None, 1)
            last = start
            for t in range(a, b):
                out[t] = stepper.step(np.array([last], np.int32))[0, ids[t]]
                last = ids[t]
        return out

    def stepper(self, memory, batch) -> Stepper:
        return Stepper(self, memory, batch)

    def decode(self, memory, prompts, *, stop, max_new_tokens, threads=None, rows=0) -> Decoded:
        ids, offsets = prompts
        limits = np.broadcast_to(np.asarray(max_new_tokens), len(offsets) - 1)
        sequences, stops, steps = [], [], 0
        for b in range(len(offsets) - 1):
            stepper = Stepper(self, memory, 1, only=b)
            for token in ids[offsets[b] : offsets[b + 1]]:
                scores = stepper.step(np.array([token], np.int32))[0]
            said: list[tuple[int, float]] = []
            ended = None
            while len(said) < limits[b]:
                token = int(scores.argmax())
                if token in stop:
                    ended = float(scores[token])
                    break
                said.append((token, float(scores[token])))
                steps += 1
                scores = stepper.step(np.array([token], np.int32))[0]
            sequences.append(said)
            stops.append(ended)
        return Decoded(sequences, stops, steps)


class Stepper:
    def __init__(self, graph: Graph, memory, batch: int, only: int | None = None) -> None:
        self.graph = graph
        chosen = range(batch) if only is None else [only]
        self.memory = [self._rows(memory, b) for b in chosen]
        self.state = [self._begin(memory, b) for b in chosen]
        fed = [block for block in graph._of("attention") if block.get("input_feeding")]
        self.fed = [np.zeros(fed[0]["output"]) if fed else None for _ in chosen]
        self.weights: list[Array] = [np.zeros(0, np.float32) for _ in chosen]

    @staticmethod
    def _rows(memory, b: int) -> Array | None:
        if memory is None or memory.states is None:
            return None
        return memory.states[memory.offsets[b] : memory.offsets[b + 1]].astype(np.float64)

    def _begin(self, memory, b: int) -> ref.State:
        g = self.graph
        block = g._of("rnn")[-1]
        bridge = next(iter(g._of("bridge")), {"kind": "zero"})
        state = ref.zero_state(block, g.layers)
        if bridge["kind"] == "zero" or memory is None or memory.hidden is None:
            return state
        hidden = memory.hidden[b].astype(np.float64)
        cells = None if memory.cell is None else memory.cell[b].astype(np.float64)
        if bridge["kind"] == "linear":
            start = np.tanh(ref.linear(g.w, bridge["weights"], hidden[-1]))
            return [(start, None if c is None else start) for _, c in state]
        last = range(len(hidden) - g.layers, len(hidden))
        return [
            (hidden[i], None if c is None else (cells[i] if cells is not None else c))
            for i, (_, c) in zip(last, state, strict=True)
        ]

    def step(self, tokens) -> Array:
        return np.stack([self._one(b, int(token)) for b, token in enumerate(tokens)]).astype(np.float32)

    def _one(self, b: int, token: int) -> Array:
        g = self.graph
        x = np.zeros(0)
        for block in g.blocks:
            kind = block["block"]
            if kind == "embedding":
                x = g._embed(block, np.array([token]))[0]
            elif kind == "rnn":
                if self.fed[b] is not None:
                    x = np.concatenate([x, self.fed[b]])
                x, self.state[b] = ref.rnn_step(block, g.w, x, self.state[b])
            elif kind == "attention":
                x, weights = ref.attend(block, g.w, x, self.memory[b])
                self.weights[b] = weights.astype(np.float32)
                if block.get("input_feeding"):
                    self.fed[b] = x
            elif kind == "linear":
                x = ref.ACTIVATIONS[block.get("activation", "none")](ref.linear(g.w, block["weights"], x))
        return ref.log_softmax(x)

    def attention(self) -> list[Array]:
        return self.weights

    def reorder(self, rows) -> None:
        self.memory = [self.memory[r] for r in rows]
        self.state = [self.state[r] for r in rows]
        self.fed = [self.fed[r] for r in rows]
        self.weights = [self.weights[r] for r in rows]


def translate(
    encoder, decoder, ids, offsets, *, start, stop, max_new_tokens, threads=None, progress=None
) -> Decoded:
    states, hidden, cell = encoder.forward(ids, offsets, rows=decoder.attends)
    batch = len(offsets) - 1
    prompts = np.full(batch, start, np.int32), np.arange(batch + 1, dtype=np.int64)
    memory = Memory(states, offsets, hidden, cell)
    decoded = decoder.decode(memory, prompts, stop=stop, max_new_tokens=max_new_tokens)
    if progress is not None:
        progress(batch)
    return decoded
