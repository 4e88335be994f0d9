"""The blocks of a model as plain data: each a frozen dataclass, checked when it is made.

They are the entries of ``encoder`` and ``decoder`` in config.json (docs/native-format.md). Letters:
V vocabulary, E embedding width, H hidden width, D memory width, G gates of a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from fastseq.errors import FormatError
from fastseq.models.plain import WIDTH_MAX, Plain, in_range, joined, read, shown

Shape = tuple[int, ...]

Activation = Literal["none", "relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid"]

LAYERS_MAX = 1000
DEPTH_MAX = 8  # matrices of a feed-forward block
GATES = {"tanh": 1, "relu": 1, "gru": 3, "lstm": 4, "ssru": 2}


@dataclass(frozen=True, kw_only=True)
class Sublayer(Plain):
    """What may stand around a block f: y = norm(x + f(x)), or x + f(norm(x)) with `norm_place` before.

    Attributes:
        residual: x is added to what the block makes of it.
        norm: layer (mean and spread) or rms (root of the mean square) over a row; weights in ``.norm``.
        epsilon: added under the norm's root.
    """

    residual: bool = False
    norm: Literal["none", "layer", "rms"] = "none"
    norm_place: Literal["after", "before"] = "after"
    epsilon: float = 1e-5

    def norm_shapes(self, prefix: str, width: int) -> dict[str, Shape]:
        """Tensors of the norm over rows of that width."""
        if self.norm == "none":
            return {}
        names = ("weight", "bias") if self.norm == "layer" else ("weight",)
        return {f"{prefix}.norm.{name}": (width,) for name in names}


@dataclass(frozen=True)
class Embedding(Plain):
    """Ids to rows of a table, times `scale`. `blank`: id -1, for no token, is a row of zeros."""

    kind_of_block: ClassVar[str] = "embedding"
    weights: str
    vocabulary: int
    width: int
    scale: float = 1.0
    blank: bool = False

    def check(self) -> None:
        in_range(self.vocabulary, "vocabulary")
        in_range(self.width, "width")
        if not 0 < abs(self.scale) < 1e6:
            raise FormatError(
                "out of range", where="scale", expected="a finite number, not 0", found=str(self.scale)
            )

    def shapes(self) -> dict[str, Shape]:
        return {f"{self.weights}.weight": (self.vocabulary, self.width)}


@dataclass(frozen=True)
class Position(Sublayer):
    """Adds to each row a vector of its place.

    `sinusoidal`: sines, then cosines, of place times 10000^(-i / steps), i below half the width. `learned`:
    a row of a table of `length` rows. The first place is `offset`.
    """

    kind_of_block: ClassVar[str] = "position"
    width: int
    kind: Literal["sinusoidal", "learned"] = "sinusoidal"
    steps: float | None = None
    weights: str = ""
    length: int | None = None
    offset: int = 0

    def check(self) -> None:
        in_range(self.width, "width")
        learned = self.kind == "learned"
        in_range(self.offset + 1, "offset")
        if (self.length is not None) != learned or (self.steps is not None and learned):
            raise FormatError("only learned positions have a length", where="length", found=str(self.length))
        if self.steps is not None and not 0 < self.steps < 1e9:
            raise FormatError("out of range", where="steps", expected="above 0", found=str(self.steps))
        if self.length is not None:
            in_range(self.length, "length")
            if not 0 <= self.offset < self.length:
                raise FormatError(
                    "out of range", where="offset", expected=f"0 to {self.length - 1}", found=str(self.offset)
                )

    def shapes(self) -> dict[str, Shape]:
        table = {} if self.length is None else {f"{self.weights}.weight": (self.length, self.width)}
        return table | self.norm_shapes(self.weights, self.width)


@dataclass(frozen=True)
class Norm(Sublayer):
    """A norm by itself: of rows that no block takes as they are."""

    kind_of_block: ClassVar[str] = "norm"
    weights: str
    width: int

    def check(self) -> None:
        in_range(self.width, "width")
        if self.norm == "none" or self.residual or self.norm_place != "after":
            raise FormatError(
                "a norm and nothing else", where="norm", expected="layer or rms", found=shown(self.norm)
            )

    def shapes(self) -> dict[str, Shape]:
        return self.norm_shapes(self.weights, self.width)


@dataclass(frozen=True)
class SelfAttention(Sublayer):
    """Every row looks at all rows of its sequence; `causal`: at those up to itself.

    Attributes:
        scale: of the scores; None: 1 / sqrt(head width).
        cap: above 0, a score s becomes cap tanh(s / cap).
        window: above 0, rows that far away and farther are not seen.
        query_key_norm: of queries and keys, head by head, before they are turned.
        rotary: columns of a head that are turned by their place; 0: none. csrc/nn/rotary.h has its options.
        relative: prefix of a table of relative positions (csrc/nn/relative.h), in `buckets` up to `reach`.
    """

    kind_of_block: ClassVar[str] = "self_attention"
    weights: str
    width: int
    heads: int
    key_heads: int | None = None
    head_width: int | None = None
    causal: bool = False
    bias: bool = True
    scale: float | None = None
    cap: float = 0.0
    window: int = 0
    query_key_norm: Literal["none", "rms"] = "none"
    rotary: int = 0
    rotary_base: float = 10000.0
    rotary_layout: Literal["halves", "pairs"] = "halves"
    rotary_scaling: Literal["none", "linear", "llama3"] = "none"
    rotary_factor: float = 1.0
    rotary_low: float = 1.0
    rotary_high: float = 4.0
    rotary_original: float = 8192.0
    relative: str | None = None
    buckets: int = 32
    reach: int = 128

    @property
    def each(self) -> int:
        """Columns of a head."""
        return self.head_width or self.width // self.heads

    def check(self) -> None:
        _check_heads(self)
        if self.window:
            in_range(self.window, "window")
        self._check_rotary()
        in_range(self.buckets, "buckets", 1 << 16)
        in_range(self.reach, "reach", 1 << 16)
        if self.relative is not None and (self.buckets % 4 or self.reach < self.buckets):
            raise FormatError(
                "no such relative positions",
                where="buckets",
                expected=f"a multiple of 4, at most the reach {self.reach}",
                found=str(self.buckets),
            )

    def _check_rotary(self) -> None:
        if not 0 <= self.rotary <= self.each or self.rotary % 2:
            raise FormatError(
                "out of range",
                where="rotary",
                expected=f"an even number, 0 to {self.each}",
                found=str(self.rotary),
            )
        for name, least in (
            ("base", 1.0),
            ("factor", 0.0),
            ("low", 0.0),
            ("high", self.rotary_low),
            ("original", 0.0),
        ):
            value = getattr(self, f"rotary_{name}")
            if not least < value < 1e12:
                raise FormatError(
                    "out of range", where=f"rotary_{name}", expected=f"above {least:g}", found=str(value)
                )

    def shapes(self) -> dict[str, Shape]:
        shapes = _attention_shapes(self, self.width) | self.norm_shapes(self.weights, self.width)
        if self.query_key_norm != "none":
            for side in ("query", "key"):
                shapes[f"{self.weights}.{side}_norm.weight"] = (self.each,)
        if self.relative is not None:
            shapes[f"{self.relative}.weight"] = (self.buckets, self.heads)
        return shapes


@dataclass(frozen=True)
class CrossAttention(Sublayer):
    """A decoder's rows look at the encoder's, `memory` wide."""

    kind_of_block: ClassVar[str] = "cross_attention"
    weights: str
    width: int
    memory: int
    heads: int
    key_heads: int | None = None
    head_width: int | None = None
    bias: bool = True
    scale: float | None = None
    cap: float = 0.0

    def check(self) -> None:
        in_range(self.memory, "memory")
        _check_heads(self)

    def shapes(self) -> dict[str, Shape]:
        return _attention_shapes(self, self.memory) | self.norm_shapes(self.weights, self.width)


def _check_heads(block: SelfAttention | CrossAttention) -> None:
    in_range(block.width, "width")
    for name, value in (("scale", block.scale), ("cap", block.cap)):
        if value is not None and not 0 <= value < 1e6:
            raise FormatError("out of range", where=name, expected="0 or more", found=str(value))
    in_range(block.heads, "heads", block.width if block.head_width is None else WIDTH_MAX // 64)
    if block.head_width is None and block.width % block.heads:
        raise FormatError(
            "heads do not divide the width",
            where="heads",
            expected=f"a divisor of {block.width}",
            found=str(block.heads),
        )
    if block.head_width is not None:
        in_range(block.head_width, "head_width", WIDTH_MAX // block.heads // 4)
    if block.key_heads is not None:
        in_range(block.key_heads, "key_heads", block.heads)
        if block.heads % block.key_heads:
            raise FormatError(
                "key heads do not divide the heads",
                where="key_heads",
                expected=f"a divisor of {block.heads}",
                found=str(block.key_heads),
            )


def _attention_shapes(block: SelfAttention | CrossAttention, memory: int) -> dict[str, Shape]:
    each = block.head_width or block.width // block.heads
    queries, keys = block.heads * each, (block.key_heads or block.heads) * each
    shapes: dict[str, Shape] = {
        "query.weight": (queries, block.width),
        "key.weight": (keys, memory),
        "value.weight": (keys, memory),
        "output.weight": (block.width, queries),
    }
    if block.bias:
        shapes |= {name.replace("weight", "bias"): shape[:1] for name, shape in shapes.items()}
    return {f"{block.weights}.{name}": shape for name, shape in shapes.items()}


@dataclass(frozen=True)
class FeedForward(Sublayer):
    """Row by row, y = act(x W1 + b1) W2 + b2; of `depth` matrices in all.

    `gated`: y = (act(x Wg + bg) * (x W1 + b1)) W2 + b2.
    """

    kind_of_block: ClassVar[str] = "feed_forward"
    weights: str
    width: int
    inner: int
    activation: Activation = "relu"
    bias: bool = True
    gated: bool = False
    depth: int = 2

    def check(self) -> None:
        in_range(self.width, "width")
        in_range(self.inner, "inner")
        if not 2 <= self.depth <= (2 if self.gated else DEPTH_MAX):
            raise FormatError(
                "out of range",
                where="depth",
                expected=f"2 to {DEPTH_MAX}, 2 of gated ones",
                found=str(self.depth),
            )

    def shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {"up.weight": (self.inner, self.width)}
        if self.gated:
            shapes["gate.weight"] = (self.inner, self.width)
        for i in range(1, self.depth - 1):
            shapes[f"inner.{i}.weight"] = (self.inner, self.inner)
        shapes["down.weight"] = (self.width, self.inner)
        if self.bias:
            shapes |= {name.replace("weight", "bias"): shape[:1] for name, shape in shapes.items()}
        shapes = {f"{self.weights}.{name}": shape for name, shape in shapes.items()}
        return shapes | self.norm_shapes(self.weights, self.width)


@dataclass(frozen=True)
class Rnn(Sublayer):
    """A stack of recurrent layers. `reset`: a GRU's reset gate acts after or before the matrix product.

    An SSRU's layer has the input's matrix alone: the forget gate's rows, then the candidate's.
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

    def check(self) -> None:
        in_range(self.input, "input")
        in_range(self.hidden, "hidden", WIDTH_MAX // 8)  # four gates, two directions
        in_range(self.layers, "layers", LAYERS_MAX)

    @property
    def width(self) -> int:
        """Columns of an output row: both directions side by side."""
        return self.hidden * (2 if self.bidirectional else 1)

    def shapes(self) -> dict[str, Shape]:
        rows = GATES[self.cell] * self.hidden
        shapes: dict[str, Shape] = {}
        for layer in range(self.layers):
            for end in ("", "_reverse") if self.bidirectional else ("",):
                at_layer = f"l{layer}{end}"
                columns = self.input if layer == 0 else self.width
                shapes[f"{self.weights}.weight_ih_{at_layer}"] = (rows, columns)
                states = () if self.cell == "ssru" else ("hh",)
                for kind in states:
                    shapes[f"{self.weights}.weight_{kind}_{at_layer}"] = (rows, self.hidden)
                for kind in ("ih", *states) if self.bias else ():
                    shapes[f"{self.weights}.bias_{kind}_{at_layer}"] = (rows,)
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
class Linear(Plain):
    """A matrix, a bias, an activation."""

    kind_of_block: ClassVar[str] = "linear"
    weights: str
    input: int
    output: int
    bias: bool = True
    activation: Activation = "none"

    def check(self) -> None:
        in_range(self.input, "input")
        in_range(self.output, "output")

    def shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {f"{self.weights}.weight": (self.output, self.input)}
        if self.bias:
            shapes[f"{self.weights}.bias"] = (self.output,)
        return shapes


@dataclass(frozen=True)
class Pool(Plain):
    """Rows of a text to one row: its final state, or the mean, maximum, last or first of its rows."""

    kind_of_block: ClassVar[str] = "pool"
    kind: Literal["final", "mean", "max", "last", "first"]

    def shapes(self) -> dict[str, Shape]:
        return {}


@dataclass(frozen=True)
class Bridge(Plain):
    """How the encoder's final state starts the decoder. `linear`: tanh(W f + b) for every layer."""

    kind_of_block: ClassVar[str] = "bridge"
    kind: Literal["zero", "copy", "concat", "linear"]
    weights: str = ""
    input: int | None = None
    output: int | None = None

    def check(self) -> None:
        for name in ("weights", "input", "output"):
            given = getattr(self, name)
            if (self.kind == "linear") != bool(given):
                raise FormatError(
                    "a linear bridge, and no other, has weights and sizes",
                    where=name,
                    expected="a value" if self.kind == "linear" else "none",
                    found=shown(given),
                )
            if isinstance(given, int):
                in_range(given, name)

    def shapes(self) -> dict[str, Shape]:
        if self.input is None or self.output is None:
            return {}
        return {f"{self.weights}.weight": (self.output, self.input), f"{self.weights}.bias": (self.output,)}


Block = (
    Embedding
    | Position
    | Norm
    | Rnn
    | SelfAttention
    | CrossAttention
    | FeedForward
    | Attention
    | Linear
    | Pool
    | Bridge
)
BLOCKS: dict[str, type[Block]] = {
    cls.kind_of_block: cls
    for cls in (
        Embedding,
        Position,
        Norm,
        Rnn,
        SelfAttention,
        CrossAttention,
        FeedForward,
        Attention,
        Linear,
        Pool,
        Bridge,
    )
}


def read_block(values: object, path: str) -> Block:
    """One entry of ``encoder`` or ``decoder``."""
    if not isinstance(values, dict):
        raise FormatError("not an object", where=path, expected="a block", found=shown(values))
    kind = values.get("block")
    if not isinstance(kind, str) or kind not in BLOCKS:
        raise FormatError(
            "unknown block", where=joined(path, "block"), expected=", ".join(BLOCKS), found=shown(kind)
        )
    return read(BLOCKS[kind], values, path, skip=("block",))


def block_dict(block: Block) -> dict[str, Any]:
    """A block as JSON has it, and as the engine takes it."""
    return {"block": block.kind_of_block, **block.to_dict()}
