"""Families with layer norms and biases: GPT-2, GPT-NeoX (Pythia), OPT."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fastseq.formats.fields import Fields
from fastseq.formats.huggingface import rotary
from fastseq.formats.huggingface.parts import activation, layer_count
from fastseq.formats.network import Names, Network
from fastseq.formats.tensor import Tensor

Described = tuple[Network, Names]
_QKV = ("attention.query", "attention.key", "attention.value")
_GPT2 = Names(
    top={"wte": "table", "wpe": "position", "ln_f": "last.norm"},
    at="h.{}.",
    layer={
        "ln_1": "attention.norm",
        "attn.c_attn": _QKV,
        "attn.c_proj": "attention.output",
        "ln_2": "feed_forward.norm",
        "mlp.c_fc": "feed_forward.up",
        "mlp.c_proj": "feed_forward.down",
    },
    prefixes=("transformer.", ""),
    transposed=True,
    ignored=re.compile(r"\.attn\.(masked_)?bias$").search,
)
_OPT = Names(
    top={
        "embed_tokens": "table",
        "embed_positions": "position",
        "project_in": "inwards",
        "project_out": "outwards",
        "final_layer_norm": "last.norm",
    },
    layer={
        **{f"self_attn.{part[0]}_proj": f"attention.{part}" for part in ("query", "key", "value")},
        "self_attn.out_proj": "attention.output",
        "self_attn_layer_norm": "attention.norm",
        "fc1": "feed_forward.up",
        "fc2": "feed_forward.down",
        "final_layer_norm": "feed_forward.norm",
    },
    prefixes=("model.decoder.", "decoder."),
)


def gpt2(config: Fields) -> Described:
    config.refuse("add_cross_attention", False)
    layers, width = layer_count(config, "n_layer"), config.whole("n_embd")
    heads = config.whole("n_head", most=width)
    around = _around(config, "layer_norm_epsilon")
    scale = max(width // heads, 1) ** -0.5 if config.flag("scale_attn_weights", True) else 1.0
    each = config.flag("scale_attn_by_inverse_layer_idx", False)
    feed_forward = {
        "inner": config.whole("n_inner", 4 * width),
        "activation": activation(config, "activation_function", "gelu_new"),
        **around,
    }
    network = Network(
        vocabulary=config.whole("vocab_size"),
        width=width,
        layers=tuple(
            ({"heads": heads, "scale": scale / (i + 1 if each else 1), **around}, feed_forward)
            for i in range(layers)
        ),
        last=_last(around),
        position={"kind": "learned", "length": config.whole("n_positions", 1024)},
        tied=config.flag("tie_word_embeddings", True),
    )
    return network, _GPT2


def gpt_neox(config: Fields) -> Described:
    """Attention and feed-forward of the same rows; each head's query, key and value one after the other."""
    layers, width = layer_count(config), config.whole("hidden_size")
    heads = config.whole("num_attention_heads", most=width)
    rope = rotary.described(config, max(width // heads, 1), share=0.25)
    around = _around(config, "layer_norm_eps")
    attention = {"heads": heads, "bias": config.flag("attention_bias", True), **around, **rope.options}
    if rope.factors is not None:
        attention["rotary_factors"] = "rotary"
    feed_forward = {
        "inner": config.whole("intermediate_size"),
        "activation": activation(config, "hidden_act", "gelu"),
        "parallel": config.flag("use_parallel_residual", True),
        **around,
    }
    network = Network(
        vocabulary=config.whole("vocab_size"),
        width=width,
        layers=((attention, feed_forward),) * layers,
        last=_last(around),
        table={"longest": rope.longest},
        tied=config.flag("tie_word_embeddings", False),
        made={} if rope.factors is None else {"rotary.weight": rope.factors},
    )
    return network, _neox_names(partial(_heads_apart, heads))


def _neox_names(change: Callable[[str, Tensor], Tensor]) -> Names:
    return Names(
        top={"embed_in": "table", "final_layer_norm": "last.norm"},
        layer={
            "input_layernorm": "attention.norm",
            "attention.query_key_value": _QKV,
            "attention.dense": "attention.output",
            "post_attention_layernorm": "feed_forward.norm",
            "mlp.dense_h_to_4h": "feed_forward.up",
            "mlp.dense_4h_to_h": "feed_forward.down",
        },
        head="embed_out",
        prefixes=("gpt_neox.", ""),
        change=change,
        ignored=re.compile(r"\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$").search,
    )


def _heads_apart(heads: int, name: str, tensor: Tensor) -> Tensor:
    """(heads, 3, d) rows as (3, heads, d)."""
    if ".attention.query." not in name:
        return tensor
    array = tensor.array.reshape(heads, 3, -1, *tensor.shape[1:]).swapaxes(0, 1)
    return Tensor(tensor.dtype, np.ascontiguousarray(array).reshape(tensor.shape))


def opt(config: Fields) -> Described:
    config.refuse("layer_norm_elementwise_affine", True)
    layers, width = layer_count(config), config.whole("hidden_size")
    before = config.flag("do_layer_norm_before", True)
    bias = config.flag("enable_bias", True)
    around = {**_around(config, "layer_norm_eps"), "norm_place": "before" if before else "after"}
    inner = config.whole("word_embed_proj_dim", width)
    feed_forward = {
        "inner": config.whole("ffn_dim"),
        "activation": activation(config, "activation_function", "relu"),
        "bias": bias,
        **around,
    }
    attention = {"heads": config.whole("num_attention_heads", most=width), "bias": bias, **around}
    ends = before and not config.flag("_remove_final_layer_norm", False)
    network = Network(
        vocabulary=config.whole("vocab_size"),
        width=width,
        inner=None if inner == width else inner,
        layers=((attention, feed_forward),) * layers,
        last=_last(around) if ends else None,
        position={
            "kind": "learned",
            "length": config.whole("max_position_embeddings", 2048) + 2,
            "offset": 2,
        },
        tied=config.flag("tie_word_embeddings", True),
    )
    return network, _OPT


def _around(config: Fields, epsilon: str) -> dict[str, Any]:
    return {
        "residual": True,
        "norm": "layer",
        "norm_place": "before",
        "epsilon": config.real(epsilon, 1e-5),
    }


def _last(around: dict[str, Any]) -> dict[str, Any]:
    return {"norm": "layer", "epsilon": around["epsilon"]}
