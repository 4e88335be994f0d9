"""Gemma 1 to 3: scaled embeddings, norms whose weights are stored less 1, soft caps, windows in turn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastseq.formats.fields import Fields
from fastseq.formats.huggingface import llama, rotary
from fastseq.formats.huggingface.parts import activation, layer_count, layer_kinds, windows
from fastseq.formats.network import Names, Network
from fastseq.formats.tensor import Tensor

Described = tuple[Network, Names]
_AROUND = {
    "input_layernorm": "attention.norm",
    "post_attention_layernorm": "attention.norm_after",
    "pre_feedforward_layernorm": "feed_forward.norm",
    "post_feedforward_layernorm": "feed_forward.norm_after",
}


def gemma(config: Fields) -> Described:
    return _network(config, "hidden_act", key_heads=16), _names(llama.NAMES.layer)


def gemma2(config: Fields) -> Described:
    layers = layer_count(config)
    network = _network(
        config,
        "hidden_activation",
        kinds=layer_kinds(config, [i % 2 == 0 for i in range(layers)]),
        caps=(50.0, 30.0),
        place="around",
    )
    return network, _names(llama.ATTENTION | llama.FEED_FORWARD | _AROUND)


def gemma3(config: Fields) -> Described:
    every = config.whole("sliding_window_pattern", 6)
    kinds = layer_kinds(config, [(i + 1) % every != 0 for i in range(layer_count(config))])
    config.refuse("use_bidirectional_attention", False)
    network = _network(
        config, "hidden_activation", kinds=kinds, place="around", normed="rms", base=1e6, longest=131072
    )
    return network, _names(llama.ATTENTION | llama.FEED_FORWARD | llama.HEAD_NORMS | _AROUND)


def gemma3_with_images(config: Fields) -> Described:
    """The part of a model of images and texts that continues texts."""
    text = config.part("text_config")
    usual = {"vocab_size": 262208, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256}
    network, names = gemma3(Fields({**usual, **text.values}, text.place))
    return network, Names(
        top=names.top,
        layer=names.layer,
        prefixes=("language_model.model.", "model.language_model.", *names.prefixes),
        head="language_model.lm_head",
        change=names.change,
        ignored=_of_images,
    )


def _of_images(name: str) -> bool:
    return "vision_tower." in name or "multi_modal_projector." in name or name == "lm_head.weight"


def _names(layer: Any) -> Names:
    return Names(
        top=llama.TOP, layer=layer, prefixes=("model.", ""), change=_whole_norms, ignored=llama.NAMES.ignored
    )


def _whole_norms(name: str, tensor: Tensor) -> Tensor:
    """Norms multiply with 1 and what the file has."""
    if tensor.array.ndim > 1:
        return tensor
    return Tensor("float32", tensor.float32(name) + np.float32(1))


def _network(
    config: Fields,
    activated: str,
    *,
    kinds: list[str] | None = None,
    caps: tuple[float, float] | None = None,
    place: str = "before",
    normed: str = "none",
    key_heads: int = 4,
    base: float = 10000.0,
    longest: int = 8192,
) -> Network:
    """`caps`: of scores and of outputs, where the configuration leaves them out; null there is none."""
    config.refuse("attention_bias", False)
    layers, width = layer_count(config), config.whole("hidden_size")
    heads, each = config.whole("num_attention_heads"), config.whole("head_dim", 256)
    norm = {"norm": "rms", "epsilon": config.real("rms_norm_eps", 1e-6)}
    around: dict[str, Any] = {"residual": True, "norm_place": place, **norm}
    attention: dict[str, Any] = {
        "heads": heads,
        "key_heads": config.whole("num_key_value_heads", key_heads, heads),
        "head_width": each,
        "bias": False,
        "query_key_norm": normed,
        "cap": _cap(config, "attn_logit_softcapping", caps and caps[0]),
        **around,
    }
    if kinds is not None:
        attention["scale"] = config.real("query_pre_attn_scalar", 256.0) ** -0.5
    kinds = kinds or ["full_attention"] * layers
    seen = windows(config, kinds, 4096)
    limited = Fields({"max_position_embeddings": longest, **config.values}, config.place)
    turns = {"full_attention": rotary.described(limited, each, base=base)}
    turns["sliding_attention"] = _local(limited, each) if normed != "none" else turns["full_attention"]
    made = {f"rotary.{kind}.weight": one.factors for kind, one in turns.items() if one.factors is not None}
    options = {
        kind: one.options if one.factors is None else {**one.options, "rotary_factors": f"rotary.{kind}"}
        for kind, one in turns.items()
    }
    act = activation(config, activated, "gelu_pytorch_tanh")
    feed_forward = {
        "inner": config.whole("intermediate_size"),
        "activation": "gelu_tanh" if act == "gelu" and normed == "none" and caps is None else act,
        "bias": False,
        "gated": True,
        **around,
    }
    return Network(
        vocabulary=config.whole("vocab_size"),
        width=width,
        layers=tuple(
            ({**attention, **options[kind], "window": window}, feed_forward)
            for kind, window in zip(kinds, seen, strict=True)
        ),
        last=norm,
        table={"scale": math.sqrt(width), "longest": turns["full_attention"].longest},
        head={"bias": False, "cap": _cap(config, "final_logit_softcapping", caps and caps[1])},
        tied=config.flag("tie_word_embeddings", True),
        made={name: factors for name, factors in made.items() if name.split(".")[1] in kinds},
    )


def _local(config: Fields, each: int) -> rotary.Rotary:
    """Layers with a window have a base of their own, and no scaling."""
    values = dict(config.values)
    rope = values.get("rope_parameters")
    if isinstance(rope, dict) and "sliding_attention" in rope:
        return rotary.described(config, each, layer="sliding_attention")
    base = config.real("rope_local_base_freq", 10000.0)
    plain = {"max_position_embeddings": values["max_position_embeddings"], "rope_theta": base}
    return rotary.described(Fields(plain, config.place), each)


def _cap(config: Fields, key: str, absent: float | None) -> float:
    if key in config.values and config.values[key] is None:
        return 0.0
    return config.real(key, absent) if absent or config.has(key) else 0.0
