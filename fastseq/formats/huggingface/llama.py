"""Llama and its kin: Mistral, Qwen 2 and 3, SmolLM 3, Phi-3, OLMo 2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fastseq.formats.fields import Fields
from fastseq.formats.huggingface import rotary
from fastseq.formats.huggingface.parts import activation, layer_count, layer_kinds, windows
from fastseq.formats.network import Names, Network

ATTENTION = {f"self_attn.{name[0]}_proj": f"attention.{name}" for name in ("query", "key", "value", "output")}
FEED_FORWARD = {f"mlp.{name}_proj": f"feed_forward.{name}" for name in ("gate", "up", "down")}
TOP = {"embed_tokens": "table", "norm": "last.norm"}
HEAD_NORMS = {"self_attn.q_norm": "attention.query_norm", "self_attn.k_norm": "attention.key_norm"}
NAMES = Names(
    top=TOP,
    layer={
        **ATTENTION,
        **FEED_FORWARD,
        **HEAD_NORMS,
        "input_layernorm": "attention.norm",
        "post_attention_layernorm": "feed_forward.norm",
    },
    prefixes=("model.", ""),
    ignored=re.compile(r"\.rotary_emb\.inv_freq$").search,
)
PHI3 = {
    "self_attn.qkv_proj": ("attention.query", "attention.key", "attention.value"),
    "mlp.gate_up_proj": ("feed_forward.gate", "feed_forward.up"),
}
OLMO2 = {"post_attention_layernorm": "attention.norm", "post_feedforward_layernorm": "feed_forward.norm"}
Described = tuple[Network, Names]


def llama(config: Fields) -> Described:
    bias = config.flag("attention_bias", False)
    return kin(config, bias=bias, mlp_bias=config.flag("mlp_bias", False)), NAMES


def mistral(config: Fields) -> Described:
    seen = windows(config, ["sliding_attention"] * layer_count(config), 4096)
    return kin(config, seen=seen, key_heads=8, longest=131072), NAMES


def qwen2(config: Fields) -> Described:
    return kin(config, bias=True, output_bias=False, seen=_last_windows(config), longest=32768), NAMES


def qwen3(config: Fields) -> Described:
    bias = config.flag("attention_bias", False)
    network = kin(
        config, bias=bias, normed="rms", each=128, seen=_last_windows(config), key_heads=32, longest=32768
    )
    return network, NAMES


def smollm3(config: Fields) -> Described:
    """Some layers have no positions."""
    layers = layer_count(config)
    every = config.whole("no_rope_layer_interval", 4)
    turned = [int((i + 1) % every != 0) for i in range(layers)]
    if config.has("no_rope_layers"):
        turned = config.list_of("no_rope_layers", int, layers)
    slides = config.flag("use_sliding_window", False)
    kinds = layer_kinds(config, [slides and not one for one in turned])
    network = kin(
        config,
        bias=config.flag("attention_bias", False),
        mlp_bias=config.flag("mlp_bias", False),
        turned=turned,
        seen=windows(config, kinds, None) if slides else None,
        key_heads=4,
        base=2000000.0,
        tied=True,
        longest=32768,
    )
    return network, NAMES


def phi3(config: Fields) -> Described:
    seen = windows(config, ["sliding_attention"] * layer_count(config), None)
    network = kin(config, seen=seen, epsilon=1e-5, longest=4096)
    layer = {k: v for k, v in NAMES.layer.items() if k.endswith(("norm", "o_proj", "down_proj"))}
    return network, _with_layer(layer | PHI3)


def olmo2(config: Fields) -> Described:
    """Norms of what is added."""
    bias = config.flag("attention_bias", False)
    network = kin(config, bias=bias, normed="rms_row", place="inside", epsilon=1e-5)
    return network, _with_layer(ATTENTION | FEED_FORWARD | HEAD_NORMS | OLMO2)


def _with_layer(layer: Any) -> Names:
    return Names(top=TOP, layer=layer, prefixes=NAMES.prefixes, ignored=NAMES.ignored)


def _last_windows(config: Fields) -> list[int] | None:
    """Qwen's: layers from max_window_layers on."""
    if not config.flag("use_sliding_window", False):
        return None
    first = config.whole("max_window_layers", 28, least=0)
    return windows(config, layer_kinds(config, [i >= first for i in range(layer_count(config))]), 4096)


def kin(
    config: Fields,
    *,
    bias: bool = False,
    output_bias: bool | None = None,
    mlp_bias: bool = False,
    normed: str = "none",
    place: str = "before",
    each: int | None = None,
    key_heads: int | None = None,
    seen: Sequence[int] | None = None,
    turned: Sequence[int] | None = None,
    epsilon: float = 1e-6,
    base: float = 10000.0,
    tied: bool = False,
    longest: int = 2048,
) -> Network:
    """A network of the kind; what a family's configurations leave out is as the arguments say.

    Args:
        normed: queries and keys; place: of the norms. each: columns of a head.
        seen: the window of each layer; turned: whether it has rotary positions.
    """
    layers, width = layer_count(config), config.whole("hidden_size")
    heads = config.whole("num_attention_heads", most=width)
    each = config.whole("head_dim", each or max(width // heads, 1))
    limited = Fields({"max_position_embeddings": longest, **config.values}, config.place)
    rope = rotary.described(limited, each, base=base)
    norm = {"norm": "rms", "epsilon": config.real("rms_norm_eps", epsilon)}
    around: dict[str, Any] = {"residual": True, "norm_place": place, **norm}
    attention = {
        "heads": heads,
        "key_heads": config.whole(
            "num_key_value_heads", heads if _null(config) else key_heads or heads, heads
        ),
        "head_width": each,
        "bias": bias,
        "output_bias": output_bias,
        "query_key_norm": normed,
        **around,
    }
    turns = rope.options if rope.factors is None else {**rope.options, "rotary_factors": "rotary"}
    feed_forward = {
        "inner": config.whole("intermediate_size"),
        "activation": activation(config, "hidden_act", "silu"),
        "bias": mlp_bias,
        "gated": True,
        **around,
    }
    return Network(
        vocabulary=config.whole("vocab_size"),
        width=width,
        layers=tuple(
            (
                {
                    **attention,
                    **(turns if turned is None or turned[i] else {}),
                    "window": seen[i] if seen else 0,
                },
                feed_forward,
            )
            for i in range(layers)
        ),
        last=norm,
        table={"longest": rope.longest},
        tied=config.flag("tie_word_embeddings", tied),
        made={} if rope.factors is None else {"rotary.weight": rope.factors},
    )


def _null(config: Fields) -> bool:
    """Whether the number of key heads is there, and none."""
    return "num_key_value_heads" in config.values
