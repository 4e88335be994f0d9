"""Rotary positions as a configuration describes them, as options of `SelfAttention`.

Forms that are no rule of the engine's become numbers that divide the rates, with a gain.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastseq.errors import FormatError
from fastseq.formats import scaling
from fastseq.formats.fields import Fields

_SAME = ("default", "none", "dynamic")
"""Kinds that change nothing up to the length a model was trained on, which is where it ends here."""


class Rotary(NamedTuple):
    """What a layer's rotary positions are."""

    options: dict[str, Any]
    factors: NDArray[np.float32] | None
    """What divides the rates, (columns / 2)."""
    longest: int
    """Tokens of a sequence at most."""


def described(
    config: Fields, each: int, *, layer: str = "full_attention", base: float = 10000.0, share: float = 1.0
) -> Rotary:
    """Of heads of `each` columns; `base` and `share` (of the columns that turn) where nothing is said.

    `layer`: the kind of layer, where each has its own.
    """
    rope = _parameters(config, layer)
    dims = int(each * _first(rope, config, "partial_rotary_factor", share, "rotary_pct"))
    options: dict[str, Any] = {
        "rotary": dims,
        "rotary_base": _first(rope, config, "rope_theta", base, "rotary_emb_base"),
    }
    longest = config.whole("max_position_embeddings", 2048)
    kind = rope.word("rope_type", rope.word("type", "default"))
    if dims % 2 or not 0 < dims <= each:
        raise FormatError(
            "no such rotary positions",
            where=rope.where("partial_rotary_factor"),
            expected=f"an even number up to {each}",
            found=str(dims),
        )
    if kind in _SAME:
        return Rotary(options, None, longest)
    if kind == "linear":
        return Rotary(
            {**options, "rotary_scaling": "linear", "rotary_factor": rope.real("factor")}, None, longest
        )
    original = config.whole(
        "original_max_position_embeddings", rope.whole("original_max_position_embeddings", longest)
    )
    if kind == "llama3":
        options |= {
            "rotary_scaling": "llama3",
            "rotary_factor": rope.real("factor"),
            "rotary_low": rope.real("low_freq_factor"),
            "rotary_high": rope.real("high_freq_factor"),
            "rotary_original": float(original),
        }
        return Rotary(options, None, longest)
    if kind == "yarn":
        factor = rope.real("factor", longest / original)
        factors = scaling.yarn(
            dims,
            options["rotary_base"],
            factor,
            original,
            fast=rope.real("beta_fast", 32.0),
            slow=rope.real("beta_slow", 1.0),
            whole=rope.flag("truncate", True),
        )
        return Rotary({**options, "rotary_gain": _yarn_gain(rope, factor)}, factors, longest)
    if kind in ("longrope", "su"):
        factor = rope.real("factor", longest / original)
        gain = rope.real("attention_factor", scaling.long_gain(factor, original))
        short = np.array(rope.reals("short_factor", dims // 2), np.float32)
        return Rotary({**options, "rotary_gain": gain}, short, min(longest, original))
    raise rope.unsupported(
        "rope_type" if rope.has("rope_type") else "type", "default, linear, dynamic, llama3, yarn, longrope"
    )


def _yarn_gain(rope: Fields, factor: float) -> float:
    usual = scaling.yarn_gain(factor)
    if rope.values.get("mscale") and rope.values.get("mscale_all_dim"):
        usual = scaling.yarn_gain(factor, rope.real("mscale")) / scaling.yarn_gain(
            factor, rope.real("mscale_all_dim")
        )
    return rope.real("attention_factor", usual)


def _parameters(config: Fields, layer: str) -> Fields:
    """The entries that say how to turn: rope_scaling of old, rope_parameters, of the kind of layer."""
    new, old = config.part("rope_parameters"), config.part("rope_scaling")
    if isinstance(new.values.get(layer), dict):
        new = new.part(layer)
    return Fields({**old.values, **new.values}, new.place if new.values else old.place)


def _first(rope: Fields, config: Fields, key: str, absent: float, old: str) -> float:
    """A number under rope_parameters, in the configuration itself, or there under its older name."""
    for fields, name in ((rope, key), (config, key), (config, old)):
        if fields.has(name):
            return fields.real(name)
    return absent
