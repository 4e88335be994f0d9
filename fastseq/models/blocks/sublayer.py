"""What may stand around any block: a residual connection and a norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastseq.models.plain import Plain

Shape = tuple[int, ...]

Activation = Literal["none", "relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid"]


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
