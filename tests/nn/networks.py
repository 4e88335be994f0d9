"""Random networks as block lists and tensors, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastseq.models.blocks import Block, block_dict

Array = np.ndarray
GATES = {"tanh": 1, "relu": 1, "gru": 3, "lstm": 4}


class Maker:
    """Draws weights as it is asked for blocks; `tensors` holds what it drew."""

    def __init__(self, seed: int = 0, spread: float = 0.3) -> None:
        self.rng = np.random.default_rng(seed)
        self.spread = spread
        self.tensors: dict[str, Array] = {}

    def draw(self, name: str, *shape: int) -> None:
        self.tensors[name] = (self.rng.standard_normal(shape) * self.spread).astype(np.float32)

    def blocks(self, *blocks: Block) -> list[dict[str, Any]]:
        """The blocks as the engine takes them, their weights drawn; norms' weights lie around 1."""
        for block in blocks:
            for name, shape in block.shapes().items():
                if name not in self.tensors:
                    self.draw(name, *shape)
                    self.tensors[name] += name.endswith("norm.weight")
        return [block_dict(block) for block in blocks]

    def embedding(self, at: str, vocabulary: int, width: int, **more: Any) -> dict[str, Any]:
        self.draw(f"{at}.weight", vocabulary, width)
        return {"block": "embedding", "weights": at, "vocabulary": vocabulary, "width": width, **more}

    def rnn(
        self,
        at: str,
        cell: str,
        width: int,
        hidden: int,
        layers=1,
        bidirectional=False,
        bias=True,
        **more: Any,
    ):
        for layer in range(layers):
            for tag in ("", "_reverse")[: 1 + bidirectional]:
                columns = width if layer == 0 else hidden * (1 + bidirectional)
                rows = GATES[cell] * hidden
                self.draw(f"{at}.weight_ih_l{layer}{tag}", rows, columns)
                self.draw(f"{at}.weight_hh_l{layer}{tag}", rows, hidden)
                if bias:
                    self.draw(f"{at}.bias_ih_l{layer}{tag}", rows)
                    self.draw(f"{at}.bias_hh_l{layer}{tag}", rows)
        return {
            "block": "rnn",
            "weights": at,
            "cell": cell,
            "input": width,
            "hidden": hidden,
            "layers": layers,
            "bidirectional": bidirectional,
            "bias": bias,
            **more,
        }

    def linear(self, at: str, width: int, output: int, **more: Any) -> dict[str, Any]:
        self.draw(f"{at}.weight", output, width)
        self.draw(f"{at}.bias", output)
        return {"block": "linear", "weights": at, "input": width, "output": output, **more}

    def attention(
        self, at: str, score: str, query: int, memory: int, output: int, inner: int = 7, **more: Any
    ):
        if score == "general":
            self.draw(f"{at}.query.weight", memory, query)
        if score == "additive":
            self.draw(f"{at}.query.weight", inner, query)
            self.draw(f"{at}.query.bias", inner)
            self.draw(f"{at}.key.weight", inner, memory)
            self.draw(f"{at}.score.weight", 1, inner)
            more["inner"] = inner
        self.draw(f"{at}.output.weight", output, memory + query)
        self.draw(f"{at}.output.bias", output)
        return {
            "block": "attention",
            "weights": at,
            "score": score,
            "query": query,
            "memory": memory,
            "output": output,
            **more,
        }

    def bridge(self, kind: str, width: int = 0, hidden: int = 0) -> dict[str, Any]:
        if kind != "linear":
            return {"block": "bridge", "kind": kind}
        self.draw("bridge.weight", hidden, width)
        self.draw("bridge.bias", hidden)
        return {"block": "bridge", "weights": "bridge", "kind": kind, "input": width, "output": hidden}

    def ragged(
        self, batch: int, vocabulary: int, longest: int = 20, shortest: int = 0
    ) -> tuple[Array, Array]:
        lengths = self.rng.integers(shortest, longest + 1, batch)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return self.rng.integers(0, vocabulary, offsets[-1]).astype(np.int32), offsets
