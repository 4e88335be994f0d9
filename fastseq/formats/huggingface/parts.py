"""What the configurations of several families have in common."""

from __future__ import annotations

from collections.abc import Sequence

from fastseq.formats.fields import Fields
from fastseq.formats.network import LAYERS_MAX
from fastseq.models.plain import shown

_ACTIVATIONS = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "tanh": "tanh",
}


def activation(config: Fields, key: str, absent: str) -> str:
    """The name of an activation, as the blocks have it."""
    name = config.word(key, absent)
    if name not in _ACTIVATIONS:
        raise config.unsupported(key, ", ".join(_ACTIVATIONS))
    return _ACTIVATIONS[name]


def layer_count(config: Fields, key: str = "num_hidden_layers") -> int:
    return config.whole(key, most=LAYERS_MAX)


def layer_kinds(config: Fields, slides: Sequence[bool]) -> list[str]:
    """``full_attention`` or ``sliding_attention`` of each layer; as `slides` has it where none are listed."""
    if not config.has("layer_types"):
        return ["sliding_attention" if one else "full_attention" for one in slides]
    kinds: list[str] = config.list_of("layer_types", str, len(slides))
    for kind in kinds:
        if kind not in ("full_attention", "sliding_attention"):
            raise config.unsupported("layer_types", f"full_attention, sliding_attention, not {shown(kind)}")
    return kinds


def windows(config: Fields, kinds: Sequence[str], absent: int | None) -> list[int]:
    """The window of each layer, 0 for none; `absent` where the configuration does not speak of it."""
    absent = None if "sliding_window" in config.values else absent
    if "sliding_attention" not in kinds or (absent is None and not config.has("sliding_window")):
        return [0] * len(kinds)
    window = config.whole("sliding_window", absent)
    return [window if kind == "sliding_attention" else 0 for kind in kinds]
