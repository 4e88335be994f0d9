"""What may stand around any block: a residual connection and a norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastseq.models.plain import Plain

Shape = tuple[int, ...]

Activation = Literal["none", "relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid"]


@dataclass(frozen=True, kw_only=True)
class Sublayer(Plain):
    """What may stand around a block f.

    `norm_place` after: y = norm(x + f(x)); before: x + f(norm(x)); inside: x + norm(f(x)); around:
    x + norm'(f(norm(x))).

    Attributes:
        residual: x is added to what the block makes of it.
        norm: layer (mean and spread) or rms (root of the mean square) over a row; weights in ``.norm``, of
            norm' in ``.norm_after``.
        parallel: the block takes what the block before it took, and is added to what that one left.
        epsilon: added under the norm's root.
    """

    residual: bool = False
    norm: Literal["none", "layer", "rms"] = "none"
    norm_place: Literal["after", "before", "inside", "around"] = "after"
    parallel: bool = False
    epsilon: float = 1e-5

    def norm_shapes(self, prefix: str, width: int) -> dict[str, Shape]:
        """Tensors of the norm over rows of that width."""
        if self.norm == "none":
            return {}
        names = ("weight", "bias") if self.norm == "layer" else ("weight",)
        norms = ("norm", "norm_after") if self.norm_place == "around" else ("norm",)
        return {f"{prefix}.{norm}.{name}": (width,) for norm in norms for name in names}
