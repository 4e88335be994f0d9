"""Rotary positions as the metadata of a GGUF file describes them, as options of `SelfAttention`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastseq.formats import scaling
from fastseq.formats.fields import Fields


class Rotary(NamedTuple):
    """What a file's rotary positions are."""

    options: dict[str, Any]
    longest: int
    made: Mapping[str, NDArray[np.float32]]
    """Tensors that the options name and the file does not hold."""


def described(fields: Fields, each: int, factors: bool, base: float = 10000.0) -> Rotary:
    """Of heads of `each` columns; `factors`: the file has what the rates are divided by."""
    dims = fields.whole("rope.dimension_count", each)
    options: dict[str, Any] = {"rotary": dims, "rotary_base": fields.real("rope.freq_base", base)}
    longest = fields.whole("context_length", scaling.LONGEST_MAX, scaling.LONGEST_MAX)
    gain = fields.real("rope.scaling.attn_factor", 1.0)
    made: dict[str, NDArray[np.float32]] = {}
    if factors:
        options["rotary_factors"] = "rotary"
    original = fields.whole("rope.scaling.original_context_length", longest, scaling.LONGEST_MAX)
    factor = fields.real("rope.scaling.factor", fields.real("rope.scale_linear", 1.0))
    kind = fields.word("rope.scaling.type", "linear" if factor != 1 and not factors else "none")
    if kind == "linear" and factor != 1:
        options |= {"rotary_scaling": "linear", "rotary_factor": factor}
    elif kind == "longrope" or (kind == "none" and factors and original < longest):
        longest = min(longest, original)
    elif kind == "yarn":
        fast = fields.real("rope.scaling.yarn_beta_fast", 32.0)
        slow = fields.real("rope.scaling.yarn_beta_slow", 1.0)
        fields.refuse("rope.scaling.yarn_ext_factor", 1.0, -1.0)
        made["rotary.weight"] = scaling.yarn(
            dims, options["rotary_base"], factor, original, fast=fast, slow=slow
        )
        options["rotary_factors"] = "rotary"
        gain *= scaling.yarn_gain(factor) * fields.real("rope.scaling.yarn_attn_factor", 1.0)
    elif kind not in ("none", "linear"):
        raise fields.unsupported("rope.scaling.type", "none, linear, yarn or longrope")
    if not math.isclose(gain, 1.0):
        options["rotary_gain"] = gain
    return Rotary(options, longest, made)
