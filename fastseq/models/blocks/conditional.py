"""A recurrent decoder with attention in the middle of its step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from fastseq.models.blocks.cells import LAYERS_MAX, TRANSITIONS_MAX, cell_shapes, check_deep
from fastseq.models.blocks.sublayer import Shape
from fastseq.models.plain import WIDTH_MAX, Plain, in_range


@dataclass(frozen=True)
class Conditional(Plain):
    """A recurrent decoder that looks at the memory between two cells of a step (csrc/nn/conditional.c).

    The first cell takes the token's row, `input` wide; an additive attention of `inner` columns turns its
    state into a context, which the second takes. Behind that are `first_transitions`, and layers above, as in
    `Rnn`. What comes out, `output` wide, is tanh of three products added up: of the last state, the token's
    row and the context.
    """

    kind_of_block: ClassVar[str] = "conditional"
    weights: str
    cell: Literal["tanh", "relu", "gru", "lstm"]
    input: int
    hidden: int
    memory: int
    inner: int
    output: int
    layers: int = 1
    first_transitions: int = 0
    transitions: int = 0
    skip: bool = False
    gate_norm: float = 0.0

    def check(self) -> None:
        for name in ("input", "memory", "inner", "output"):
            in_range(getattr(self, name), name)
        in_range(self.hidden, "hidden", WIDTH_MAX // 8)
        in_range(self.layers, "layers", LAYERS_MAX)
        in_range(self.first_transitions + 1, "first_transitions", TRANSITIONS_MAX + 1)
        check_deep(self)

    def shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        for layer in range(self.layers):
            columns, more = (self.hidden, self.transitions) if layer else (self.input, 0)
            shapes |= cell_shapes(self, f"l{layer}", columns, more, bias=True)
        shapes |= cell_shapes(self, "second", self.memory, self.first_transitions, bias=True)
        looks: dict[str, Shape] = {
            "query.weight": (self.inner, self.hidden),
            "query.bias": (self.inner,),
            "key.weight": (self.inner, self.memory),
            "score.weight": (1, self.inner),
        }
        if self.gate_norm:
            looks |= dict.fromkeys(("query.gain", "key.gain", "key.bias"), (self.inner,))
        for part, width in (("state", self.hidden), ("input", self.input), ("context", self.memory)):
            looks[f"output.{part}.weight"] = (self.output, width)
            looks[f"output.{part}.bias"] = (self.output,)
            if self.gate_norm:
                looks[f"output.{part}.gain"] = (self.output,)
        return shapes | {f"{self.weights}.{name}": shape for name, shape in looks.items()}
