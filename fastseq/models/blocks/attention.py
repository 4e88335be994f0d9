"""Attention between rows: of a sequence to itself, and of a decoder to what an encoder left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from fastseq.errors import FormatError
from fastseq.models.blocks.sublayer import Shape, Sublayer
from fastseq.models.plain import WIDTH_MAX, in_range


@dataclass(frozen=True)
class SelfAttention(Sublayer):
    """Every row looks at all rows of its sequence; `causal`: at those up to itself.

    Attributes:
        scale: of the scores; None: 1 / sqrt(head width).
        cap: above 0, a score s becomes cap tanh(s / cap).
        window: above 0, rows that far away and farther are not seen.
        query_key_norm: of queries and keys before they are turned: head by head, or (rms_row) of all heads.
        output_bias: of the output matrix; None: as `bias` says.
        rotary: columns of a head that are turned by their place; 0: none. csrc/nn/rotary.h has its options;
            rotary_factors is the prefix of a vector (rotary / 2) that divides the rates.
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
    output_bias: bool | None = None
    scale: float | None = None
    cap: float = 0.0
    window: int = 0
    query_key_norm: Literal["none", "rms", "rms_row"] = "none"
    rotary: int = 0
    rotary_base: float = 10000.0
    rotary_layout: Literal["halves", "pairs"] = "halves"
    rotary_scaling: Literal["none", "linear", "llama3"] = "none"
    rotary_factor: float = 1.0
    rotary_low: float = 1.0
    rotary_high: float = 4.0
    rotary_original: float = 8192.0
    rotary_factors: str | None = None
    rotary_gain: float = 1.0
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
        if self.rotary_factors is not None and not self.rotary:
            raise FormatError("nothing is turned", where="rotary_factors", expected="none")
        for name, least in (
            ("base", 1.0),
            ("factor", 0.0),
            ("gain", 0.0),
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
            whole = self.query_key_norm == "rms_row"
            for side, heads in (("query", self.heads), ("key", self.key_heads or self.heads)):
                shapes[f"{self.weights}.{side}_norm.weight"] = (self.each * (heads if whole else 1),)
        if self.rotary_factors is not None:
            shapes[f"{self.rotary_factors}.weight"] = (self.rotary // 2,)
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
    biased = dict.fromkeys(shapes, block.bias)
    if isinstance(block, SelfAttention) and block.output_bias is not None:
        biased["output.weight"] = block.output_bias
    shapes |= {name.replace("weight", "bias"): shapes[name][:1] for name in shapes if biased[name]}
    return {f"{block.weights}.{name}": shape for name, shape in shapes.items()}
