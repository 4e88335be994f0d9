"""The architectures of GGUF files as networks: what their metadata says, and what it leaves unsaid."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from fastseq.errors import UnsupportedError
from fastseq.formats.gguf_networks import Found, Metadata, kin, layer_count, layer_normed, slides, window
from fastseq.formats.network import Names, Network, Stems

Described = tuple[Network, Names]

_TOP: dict[str, Stems] = {"token_embd": "table", "output_norm": "last.norm", "rope_freqs": "rotary"}
_ATTENTION: dict[str, Stems] = {
    "attn_q": "attention.query",
    "attn_k": "attention.key",
    "attn_v": "attention.value",
    "attn_output": "attention.output",
    "attn_q_norm": "attention.query_norm",
    "attn_k_norm": "attention.key_norm",
}
_BEFORE: dict[str, Stems] = {"attn_norm": "attention.norm", "ffn_norm": "feed_forward.norm"}
_FEED_FORWARD: dict[str, Stems] = {f"ffn_{part}": f"feed_forward.{part}" for part in ("gate", "up", "down")}
_FUSED: dict[str, Stems] = {
    "attn_qkv": ("attention.query", "attention.key", "attention.value"),
    "attn_output": "attention.output",
}
_BEHIND: dict[str, Stems] = {
    "post_attention_norm": "attention.norm_after",
    "post_ffw_norm": "feed_forward.norm_after",
}
_ADDED: dict[str, Stems] = {"post_attention_norm": "attention.norm", "post_ffw_norm": "feed_forward.norm"}
_GEMMA_27B = {46: "gemma2", 62: "gemma3"}
"""Layers of the Gemmas whose scores are scaled by the width of the model, which no key says."""


def described(metadata: Mapping[str, Any], found: Found) -> Described:
    """What a file comes to. `UnsupportedError` for an architecture that is not known."""
    architecture = str(metadata.get("general.architecture"))
    if architecture not in FAMILIES:
        raise UnsupportedError(
            "no architecture that is supported",
            where="general.architecture",
            expected=", ".join(FAMILIES),
            found=f"{architecture!r:.60}",
        )
    fields = Metadata(metadata, found)
    fields.refuse("expert_count", 0)
    return FAMILIES[fields.architecture](fields, found)


def _llama(fields: Metadata, found: Found) -> Described:
    """Queries and keys lie so that neighbours turn together."""
    seen = [window(fields)] * layer_count(fields)
    network = kin(fields, found, turning={"rotary_layout": "pairs"}, seen=seen)
    return network, _names(_ATTENTION | _BEFORE | _FEED_FORWARD)


def _smollm3(fields: Metadata, found: Found) -> Described:
    """Every fourth layer has no positions."""
    fields.refuse("attention.sliding_window", 0)
    turned = [(i + 1) % 4 != 0 for i in range(layer_count(fields))]
    network = kin(fields, found, turning={"rotary_layout": "pairs"}, turned=turned)
    return network, _names(_ATTENTION | _BEFORE | _FEED_FORWARD)


def _qwen(fields: Metadata, found: Found) -> Described:
    fields.refuse("attention.sliding_window", 0)
    return kin(fields, found), _names(_ATTENTION | _BEFORE | _FEED_FORWARD)


def _olmo2(fields: Metadata, found: Found) -> Described:
    fields.refuse("attention.sliding_window", 0)
    network = kin(fields, found, normed="rms_row", place="inside")
    return network, _names(_ATTENTION | _ADDED | _FEED_FORWARD)


def _phi3(fields: Metadata, found: Found) -> Described:
    """Long files have two sets of factors; the short one holds up to the length of the first training."""
    network = kin(fields, found, seen=[window(fields)] * layer_count(fields), factors="rope_factors_short")
    layer = (_FUSED if "blk.0.attn_qkv.weight" in found else _ATTENTION) | _BEFORE
    layer |= {"ffn_up": ("feed_forward.gate", "feed_forward.up"), "ffn_down": "feed_forward.down"}
    top = {theirs: ours for theirs, ours in _TOP.items() if ours != "rotary"}
    top["rope_factors_short"] = "rotary"
    return network, _names(layer, top, ignored=lambda name: name == "rope_factors_long.weight")


def _gemma(fields: Metadata, found: Found) -> Described:
    return _gemma_network(fields, found), _names(_ATTENTION | _BEFORE | _FEED_FORWARD)


def _gemma2(fields: Metadata, found: Found) -> Described:
    caps = (fields.real("attn_logit_softcapping", 50.0), fields.real("final_logit_softcapping", 30.0))
    network = _gemma_network(fields, found, every=2, near=4096, caps=caps, place="around")
    return network, _names(_ATTENTION | _BEFORE | _BEHIND | _FEED_FORWARD)


def _gemma3(fields: Metadata, found: Found) -> Described:
    cap = fields.real("final_logit_softcapping") if fields.has("final_logit_softcapping") else 0.0
    network = _gemma_network(fields, found, every=6, near=None, caps=(0.0, cap), place="around", base=1e6)
    return network, _names(_ATTENTION | _BEFORE | _BEHIND | _FEED_FORWARD)


def _gemma_network(
    fields: Metadata,
    found: Found,
    *,
    every: int | None = None,
    near: int | None = 0,
    caps: tuple[float, float] = (0.0, 0.0),
    place: str = "before",
    base: float = 10000.0,
) -> Network:
    """`every`: one layer of so many sees everything, the others as `near` says, where the file does not."""
    layers, width = layer_count(fields), fields.width
    near = fields.whole("attention.sliding_window", near) if every else 0
    seen = [near if one else 0 for one in slides(fields, every or 1, layers)]
    heads = fields.whole("attention.head_count", most=width)
    by_width = _GEMMA_27B.get(layers) == fields.architecture
    each = width // heads if by_width else fields.whole("attention.key_length", max(width // heads, 1))
    local = None
    if fields.architecture == "gemma3":
        local = {"rotary": each, "rotary_base": fields.real("rope.freq_base_swa", 10000.0)}
    return kin(
        fields,
        found,
        seen=seen,
        local=local,
        place=place,
        activation="gelu_tanh",
        attention={"scale": fields.real("attention.scale", each**-0.5), "cap": caps[0]},
        table={"scale": math.sqrt(width)},
        head={"bias": False, "cap": caps[1]},
        base=base,
    )


def _gpt2(fields: Metadata, found: Found) -> Described:
    position = {"kind": "learned", "length": fields.whole("context_length")}
    network = layer_normed(fields, found, "gelu_tanh", position=position)
    return network, _names(_FUSED | _BEFORE | _FEED_FORWARD, _TOP | {"position_embd": "position"})


def _gptneox(fields: Metadata, found: Found) -> Described:
    parallel = fields.flag("use_parallel_residual", True)
    return layer_normed(fields, found, "gelu", parallel=parallel), _names(_FUSED | _BEFORE | _FEED_FORWARD)


FAMILIES: dict[str, Callable[[Metadata, Found], Described]] = {
    "llama": _llama,
    "qwen2": _qwen,
    "qwen3": _qwen,
    "smollm3": _smollm3,
    "gemma": _gemma,
    "gemma2": _gemma2,
    "gemma3": _gemma3,
    "phi3": _phi3,
    "olmo2": _olmo2,
    "gpt2": _gpt2,
    "gptneox": _gptneox,
}
"""By general.architecture."""


def _names(
    layer: Mapping[str, Stems],
    top: Mapping[str, Stems] = _TOP,
    ignored: Callable[[str], Any] = lambda name: False,
) -> Names:
    return Names(top=top, layer=layer, at="blk.{}.", head="output", ignored=ignored)
