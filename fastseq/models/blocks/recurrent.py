"""Recurrent blocks, and what is around them: attention of a recurrent decoder, and the bridge to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from fastseq.errors import FormatError
from fastseq.models.blocks.cells import LAYERS_MAX, cell_shapes, check_deep
from fastseq.models.blocks.sublayer import Shape, Sublayer
from fastseq.models.plain import WIDTH_MAX, Plain, in_range, shown


@dataclass(frozen=True)
class Rnn(Sublayer):
    """A stack of recurrent layers. `reset`: a GRU's reset gate acts after or before the matrix product.

    An SSRU's layer has the input's matrix alone: the forget gate's rows, then the candidate's.

    Attributes:
        stacks: a layer reads both directions of the one before (``joined``), or each direction is a stack of
            its own (``apart``), whose layers may turn around (``alternating``).
        transitions: cells of a layer behind its first, which take the state that it leaves and no input.
        skip: layers above the first add what goes in to what comes out.
        gate_norm: above 0, the input's and the state's product are each layer-normed over all gates before
            biases are added; this is added under the root. Their gains are ``norm_ih`` and ``norm_hh``.
    """

    kind_of_block: ClassVar[str] = "rnn"
    weights: str
    cell: Literal["tanh", "relu", "gru", "lstm", "ssru"]
    input: int
    hidden: int
    layers: int = 1
    bidirectional: bool = False
    bias: bool = True
    reset: Literal["after", "before"] = "after"
    stacks: Literal["joined", "apart", "alternating"] = "joined"
    transitions: int = 0
    skip: bool = False
    gate_norm: float = 0.0

    def check(self) -> None:
        in_range(self.input, "input")
        in_range(self.hidden, "hidden", WIDTH_MAX // 8)  # four gates, two directions
        in_range(self.layers, "layers", LAYERS_MAX)
        check_deep(self)

    @property
    def width(self) -> int:
        """Columns of an output row: both directions side by side."""
        return self.hidden * (2 if self.bidirectional else 1)

    def shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        above = self.width if self.stacks == "joined" else self.hidden
        for layer in range(self.layers):
            for end in ("", "_reverse") if self.bidirectional else ("",):
                columns = self.input if layer == 0 else above
                shapes |= cell_shapes(self, f"l{layer}{end}", columns, self.transitions, self.bias)
        return shapes | self.norm_shapes(self.weights, self.width)


@dataclass(frozen=True)
class Attention(Plain):
    """A recurrent decoder's look at the memory: softmax of a score, the mean of the rows, one linear.

    Attributes: `query` Q, `memory` D, `output` O and `inner` A (additive) are widths; `order` says what comes
    first in the input of the output matrix; with `input_feeding` the output joins the next step's embedding.
    `bias` None: the output has one when the tensor is there.
    """

    kind_of_block: ClassVar[str] = "attention"
    weights: str
    score: Literal["dot", "general", "additive"]
    query: int
    memory: int
    output: int
    inner: int | None = None
    order: Literal["context_first", "query_first"] = "context_first"
    bias: bool | None = None
    activation: Literal["tanh", "none"] = "tanh"
    input_feeding: bool = False

    def check(self) -> None:
        for name in ("query", "memory", "output"):
            in_range(getattr(self, name), name, WIDTH_MAX // 2)
        if self.score == "additive":
            if self.inner is None:
                raise FormatError("missing key", where="inner", expected="the width of an additive score")
            in_range(self.inner, "inner")
        elif self.inner is not None:
            raise FormatError("only an additive score has one", where="inner", found=str(self.inner))
        if self.score == "dot" and self.query != self.memory:
            raise FormatError(
                "a dot product needs equal widths",
                where="query",
                expected=str(self.memory),
                found=str(self.query),
            )

    def shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        if self.score == "general":
            shapes["query.weight"] = (self.memory, self.query)
        elif self.inner is not None:
            shapes["query.weight"] = (self.inner, self.query)
            shapes["query.bias"] = (self.inner,)
            shapes["key.weight"] = (self.inner, self.memory)
            shapes["score.weight"] = (1, self.inner)
        shapes["output.weight"] = (self.output, self.memory + self.query)
        if self.bias is not False:
            shapes["output.bias"] = (self.output,)
        return {f"{self.weights}.{name}": shape for name, shape in shapes.items()}

    def optional(self) -> set[str]:
        """Tensors that may be absent."""
        names = {"query.bias"} if self.score == "additive" else set()
        if self.bias is None:
            names.add("output.bias")
        return {f"{self.weights}.{name}" for name in names}


@dataclass(frozen=True)
class Bridge(Plain):
    """How the encoder's final state starts the decoder.

    `linear`: tanh(W f + b) for every layer; `mean`: the same of the mean of its rows. With `gate_norm`, which
    is added under the root, the product is layer-normed before the bias is added.
    """

    kind_of_block: ClassVar[str] = "bridge"
    kind: Literal["zero", "copy", "concat", "linear", "mean"]
    weights: str = ""
    input: int | None = None
    output: int | None = None
    gate_norm: float = 0.0

    def check(self) -> None:
        for name in ("weights", "input", "output"):
            given = getattr(self, name)
            if self.projects != bool(given):
                raise FormatError(
                    "a linear or mean bridge, and no other, has weights and sizes",
                    where=name,
                    expected="a value" if self.projects else "none",
                    found=shown(given),
                )
            if isinstance(given, int):
                in_range(given, name)
        if not 0 <= self.gate_norm < 1 or (self.gate_norm and not self.projects):
            raise FormatError("out of range", where="gate_norm", found=str(self.gate_norm))

    @property
    def projects(self) -> bool:
        """It has a matrix of its own."""
        return self.kind in ("linear", "mean")

    def shapes(self) -> dict[str, Shape]:
        if self.input is None or self.output is None:
            return {}
        names = ("bias", "gain") if self.gate_norm else ("bias",)
        vectors: dict[str, Shape] = {f"{self.weights}.{name}": (self.output,) for name in names}
        return {f"{self.weights}.weight": (self.output, self.input)} | vectors
