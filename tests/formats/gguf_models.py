"""Modules of `transformers` as GGUF files, written with the gguf package as converters write them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from fastseq.formats import scaling

ARCHITECTURES = {
    "llama": gguf.MODEL_ARCH.LLAMA,
    "mistral": gguf.MODEL_ARCH.LLAMA,
    "qwen2": gguf.MODEL_ARCH.QWEN2,
    "qwen3": gguf.MODEL_ARCH.QWEN3,
    "smollm3": gguf.MODEL_ARCH.SMOLLM3,
    "phi3": gguf.MODEL_ARCH.PHI3,
    "olmo2": gguf.MODEL_ARCH.OLMO2,
    "gemma": gguf.MODEL_ARCH.GEMMA,
    "gemma2": gguf.MODEL_ARCH.GEMMA2,
    "gemma3_text": gguf.MODEL_ARCH.GEMMA3,
    "gpt2": gguf.MODEL_ARCH.GPT2,
    "gpt_neox": gguf.MODEL_ARCH.GPTNEOX,
}


def write(module: torch.nn.Module, path: Path) -> None:
    config = module.config
    kind = config.model_type
    arch = ARCHITECTURES[kind]
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[arch])
    vocabulary(writer, config.vocab_size)
    sizes(writer, config)
    places(writer, config)
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    tied = config.tie_word_embeddings
    for name, value in module.state_dict().items():
        if name == "lm_head.weight" and tied:
            continue
        theirs = "embed_out.weight" if kind == "gpt_neox" and name == "lm_head.weight" else name
        found = names.get_name(theirs, try_suffixes=(".weight", ".bias"))
        assert found is not None, name
        writer.add_tensor(found, changed(config, name, value.detach().numpy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def changed(config: Any, name: str, value: np.ndarray) -> np.ndarray:
    """A tensor as its converter leaves it."""
    heads, kind = config.num_attention_heads, config.model_type
    if kind in ("llama", "mistral", "smollm3") and (".q_proj." in name or ".k_proj." in name):
        count = heads if ".q_proj." in name else config.num_key_value_heads
        halves = value.reshape(count, 2, value.shape[0] // count // 2, *value.shape[1:])
        value = halves.swapaxes(1, 2).reshape(value.shape)
    if kind.startswith("gemma") and "norm.weight" in name:
        value = value + 1
    if kind == "gpt2" and ".c_" in name and value.ndim == 2:
        value = value.T
    if kind == "gpt_neox" and "query_key_value" in name:
        joint = value.reshape(heads, 3, -1, *value.shape[1:]).swapaxes(0, 1)
        value = joint.reshape(value.shape)
    return np.ascontiguousarray(value, np.float32)


def vocabulary(writer: gguf.GGUFWriter, size: int) -> None:
    """Enough of one."""
    tokens = ["<unk>", "<s>", "</s>", *(chr(ord("!") + i) for i in range(size - 3))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * size)
    writer.add_token_types([2, 3, 3, *[1] * (size - 3)])
    writer.add_add_bos_token(False)


def sizes(writer: gguf.GGUFWriter, config: Any) -> None:
    heads, width = config.num_attention_heads, config.hidden_size
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(width)
    writer.add_block_count(config.num_hidden_layers)
    inner = config.n_inner or 4 * width if config.model_type == "gpt2" else config.intermediate_size
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    if getattr(config, "num_key_value_heads", None):
        writer.add_head_count_kv(config.num_key_value_heads)
    if getattr(config, "head_dim", None):
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    if config.model_type in ("gpt2", "gpt_neox"):
        writer.add_layer_norm_eps(getattr(config, "layer_norm_eps", 1e-5))
    else:
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if config.model_type == "gpt_neox":
        writer.add_parallel_residual(config.use_parallel_residual)
    if config.model_type == "gemma2":
        writer.add_attention_scale(config.query_pre_attn_scalar**-0.5)
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    window = getattr(config, "sliding_window", None)
    if window and config.model_type in ("gemma2", "gemma3_text", "phi3", "mistral"):
        writer.add_sliding_window(window)
    if config.model_type == "gemma3_text":
        writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config.layer_types])


def places(writer: gguf.GGUFWriter, config: Any) -> None:
    """Rotary positions."""
    rope = getattr(config, "rope_parameters", None)
    if rope is None:
        return
    if "full_attention" in rope:
        writer.add_rope_freq_base_swa(rope["sliding_attention"]["rope_theta"])
        rope = rope["full_attention"]
    each = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    dims, base = int(each * rope.get("partial_rotary_factor", 1.0)), rope["rope_theta"]
    writer.add_rope_freq_base(base)
    writer.add_rope_dimension_count(dims)
    kind, factor = rope["rope_type"], rope.get("factor", 1.0)
    if kind == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(rope, dims))
    if kind in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
        writer.add_rope_scaling_factor(factor)
    if kind == "yarn":
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if kind == "longrope":
        original = config.original_max_position_embeddings
        writer.add_rope_scaling_orig_ctx_len(original)
        ratio = config.max_position_embeddings / original
        writer.add_rope_scaling_attn_factors(scaling.long_gain(ratio, original))
        for length in ("short", "long"):
            writer.add_tensor(f"rope_factors_{length}.weight", np.array(rope[f"{length}_factor"], np.float32))


def llama3_factors(rope: dict[str, Any], dims: int) -> np.ndarray:
    """What the rates are divided by."""
    rates = rope["rope_theta"] ** -(np.arange(0, dims, 2) / dims)
    low, high, factor = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    turns = rope["original_max_position_embeddings"] * rates / (2 * math.pi)
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    return (1 / ((1 - smooth) / factor + smooth)).astype(np.float32)
