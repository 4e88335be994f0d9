"""Blocks that work row by row: tables, positions, norms, linear maps, pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from fastseq.errors import FormatError
from fastseq.models.blocks.sublayer import Activation, Shape, Sublayer
from fastseq.models.plain import Plain, in_range, shown

DEPTH_MAX = 8  # matrices of a feed-forward block
LONGEST_MAX = 2**24


@dataclass(frozen=True)
class Embedding(Plain):
    """Ids to rows of a table, times `scale`.

    `blank`: id -1, for no token, is a row of zeros. `longest`: tokens of a sequence at most; 0: any number.
    """

    kind_of_block: ClassVar[str] = "embedding"
    weights: str
    vocabulary: int
    width: int
    scale: float = 1.0
    blank: bool = False
    longest: int = 0

    def check(self) -> None:
        in_range(self.vocabulary, "vocabulary")
        in_range(self.width, "width")
        in_range(self.longest + 1, "longest", LONGEST_MAX)
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
class Linear(Plain):
    """A matrix, a bias, an activation. `cap`: above 0, an output y becomes cap tanh(y / cap)."""

    kind_of_block: ClassVar[str] = "linear"
    weights: str
    input: int
    output: int
    bias: bool = True
    activation: Activation = "none"
    cap: float = 0.0

    def check(self) -> None:
        in_range(self.input, "input")
        in_range(self.output, "output")
        if not 0 <= self.cap < 1e6:
            raise FormatError("out of range", where="cap", expected="0 or more", found=str(self.cap))

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
