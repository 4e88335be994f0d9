"""Small models of `transformers`, a family each, saved as folders. Run, it writes data/families.json."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf

from fastseq.formats import safetensors
from tests.formats.recorded import IDS, KEPT, LENGTHS, PLACE, VOCABULARY, weight

V, E, H, INNER, LAYERS, LENGTH = VOCABULARY, 32, 4, 48, 4, 128
ENDS: dict[str, Any] = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 500.0,
    "factor": 4.0,
    "original_max_position_embeddings": 32,
}
LONG = {
    "rope_type": "longrope",
    "rope_theta": 500.0,
    "short_factor": [1.0, 1.2, 1.5, 2.0],
    "long_factor": [2.0, 3.0, 5.0, 9.0],
}


def kin(kind: str, **more: Any) -> torch.nn.Module:
    """Llama and what its configuration is like."""
    usual: dict[str, Any] = {
        "vocab_size": V,
        "hidden_size": E,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": H,
        "num_key_value_heads": 2,
        "max_position_embeddings": LENGTH,
    }
    config = getattr(hf, f"{kind}Config")(**{**usual, **ENDS, **more})
    return getattr(hf, f"{kind.removesuffix('Text')}ForCausalLM")(config)


def gpt2(**more: Any) -> torch.nn.Module:
    config = hf.GPT2Config(
        vocab_size=V, n_embd=E, n_layer=LAYERS, n_head=H, n_positions=LENGTH, **{**ENDS, **more}
    )
    return hf.GPT2LMHeadModel(config)


def neox(**more: Any) -> torch.nn.Module:
    return kin("GPTNeoX", **{"num_key_value_heads": None, **more})


def opt(**more: Any) -> torch.nn.Module:
    usual = {
        "vocab_size": V,
        "hidden_size": E,
        "ffn_dim": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": H,
        "max_position_embeddings": LENGTH,
        "word_embed_proj_dim": E,
    }
    return hf.OPTForCausalLM(hf.OPTConfig(**{**usual, **ENDS, **more}))


GEMMA: dict[str, Any] = {"head_dim": 12, "sliding_window": 9, "query_pre_attn_scalar": 20}
MODELS: dict[str, Callable[[], torch.nn.Module]] = {
    "llama": lambda: kin("Llama"),
    "llama biases tied": lambda: kin("Llama", attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
    "llama linear": lambda: kin(
        "Llama", rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}
    ),
    "llama 3": lambda: kin("Llama", rope_parameters=LLAMA3, head_dim=16),
    "llama yarn": lambda: kin("Llama", rope_parameters=YARN, head_dim=16),
    "mistral": lambda: kin("Mistral", sliding_window=9),
    "mistral without window": lambda: kin("Mistral", sliding_window=None, head_dim=12),
    "qwen2": lambda: kin("Qwen2"),
    "qwen2 windows": lambda: kin("Qwen2", use_sliding_window=True, sliding_window=9, max_window_layers=2),
    "qwen3": lambda: kin("Qwen3", head_dim=16),
    "smollm3": lambda: kin("SmolLM3"),
    "phi3": lambda: kin("Phi3", sliding_window=9),
    "phi3 long": lambda: kin("Phi3", rope_parameters=dict(LONG), original_max_position_embeddings=100),
    "olmo2": lambda: kin("Olmo2"),
    "gemma": lambda: kin("Gemma", head_dim=12),
    "gemma2": lambda: kin("Gemma2", **GEMMA, attn_logit_softcapping=5.0, final_logit_softcapping=3.0),
    "gemma3": lambda: kin("Gemma3Text", **GEMMA, sliding_window_pattern=2),
    "gemma3 scaled": lambda: kin(
        "Gemma3Text",
        **GEMMA,
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        },
        layer_types=["sliding_attention", "full_attention"] * 2,
    ),
    "gpt2": gpt2,
    "gpt2 scaled": lambda: gpt2(
        scale_attn_by_inverse_layer_idx=True,
        n_inner=INNER,
        activation_function="relu",
        tie_word_embeddings=False,
    ),
    "neox": neox,
    "neox in turn": lambda: neox(
        use_parallel_residual=False,
        rope_parameters={"partial_rotary_factor": 1.0, "rope_theta": 1e4, "rope_type": "default"},
    ),
    "opt": opt,
    "opt post-norm": lambda: opt(do_layer_norm_before=False, word_embed_proj_dim=16),
}


def random(module: torch.nn.Module) -> torch.nn.Module:
    """With the weights of `recorded`."""
    kind = module.config.model_type
    gemma = kind.startswith("gemma")
    for own, value in module.named_parameters():
        name = own
        if kind == "gpt_neox" and own == "lm_head.weight":
            name = "embed_out.weight"  # what it is in a file
        value.data.copy_(torch.from_numpy(weight(name, tuple(value.shape), gemma)))
    module.generation_config.eos_token_id = None
    return module.eval()


def folder(name: str, path: Path, dtype: torch.dtype = torch.float32, shards: str = "1GB") -> torch.nn.Module:
    """The model, saved; in float32, of the numbers that were saved."""
    module = random(MODELS[name]())
    if dtype != torch.float32:
        for value in module.parameters():  # the buffers, rates of rotary positions, stay as they are
            value.data = value.data.to(dtype)
    module.save_pretrained(path, max_shard_size=shards)
    return module.float()


def logits(module: torch.nn.Module, ids: np.ndarray) -> np.ndarray:
    """(T, V) of one sequence (T)."""
    with torch.no_grad():
        return module(torch.from_numpy(ids[None].astype(np.int64))).logits[0].numpy()


def record() -> None:
    """Writes what tests without torch compare with."""
    found = {}
    for name in MODELS:
        with tempfile.TemporaryDirectory() as place:
            module = folder(name, Path(place))
            config = json.loads((Path(place) / "config.json").read_text())
            shapes = {key: list(t.shape) for key, t in safetensors.load(f"{place}/model.safetensors").items()}
        config = {key: value for key, value in config.items() if value is not None or key == "sliding_window"}
        rows = [logits(module, IDS[:length])[-1, :KEPT] for length in LENGTHS]
        found[name] = {
            "config": config,
            "shapes": shapes,
            "logits": [[round(float(x), 6) for x in row] for row in rows],
        }
    lines = [f"{json.dumps(name)}: {json.dumps(case)}" for name, case in found.items()]
    PLACE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    record()
