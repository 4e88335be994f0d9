"""Modules of `transformers` with random weights, and the same as blocks and tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import transformers as hf

from fastseq.models.blocks import (
    Block,
    CrossAttention,
    Embedding,
    FeedForward,
    Linear,
    Norm,
    Position,
    SelfAttention,
)

V, E, H, INNER, LAYERS = 61, 32, 4, 48, 2
Blocks = list[Block]
BEFORE: dict[str, Any] = {"residual": True, "norm_place": "before"}


class Made(NamedTuple):
    """A module, and the encoder and decoder that it should be, with their tensors."""

    module: torch.nn.Module
    encoder: Blocks
    decoder: Blocks
    tensors: dict[str, np.ndarray]


class Renamer:
    """Takes weights of a module by their names there to ours."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.state = {name: value.detach().numpy() for name, value in module.state_dict().items()}
        self.tensors: dict[str, np.ndarray] = {}

    def put(self, to: str, value: np.ndarray) -> None:
        self.tensors[to] = np.ascontiguousarray(value, np.float32)

    def take(self, to: str, name: str) -> None:
        """Weight and, where there is one, bias."""
        for part in ("weight", "bias"):
            if f"{name}.{part}" in self.state:
                self.put(f"{to}.{part}", self.state[f"{name}.{part}"])

    def attention(self, to: str, at: str, names: str) -> str:
        for part, name in zip(("query", "key", "value", "output"), names.split(), strict=True):
            self.take(f"{to}.{part}", f"{at}.{name}")
        return to

    def feed_forward(self, to: str, at: str, **names: str) -> str:
        for part, name in names.items():
            self.take(f"{to}.{part}", f"{at}.{name}")
        return to


def random(module: torch.nn.Module) -> torch.nn.Module:
    """Weights of a size that makes mistakes show."""
    torch.manual_seed(0)
    for name, value in module.named_parameters():
        if value.dim() > 1:
            torch.nn.init.normal_(value, std=0.25)
        else:
            torch.nn.init.normal_(value, mean=float("norm" in name.lower() or "ln_" in name), std=0.2)
    return module.eval()


def gpt2(activation: str = "gelu_new") -> Made:
    config = hf.GPT2Config(
        vocab_size=V,
        n_positions=90,
        n_embd=E,
        n_layer=LAYERS,
        n_head=H,
        n_inner=INNER,
        activation_function=activation,
        bos_token_id=0,
        eos_token_id=0,
    )
    module = random(hf.GPT2LMHeadModel(config))
    r = Renamer(module)
    r.take("table", "transformer.wte")
    r.take("position", "transformer.wpe")
    blocks: Blocks = [Embedding("table", V, E), Position(E, "learned", weights="position", length=90)]
    for i in range(LAYERS):
        at = f"transformer.h.{i}"
        for name in [name for name in r.state if name.startswith(at) and ".c_" in name]:
            r.state[name] = r.state[name].T  # they multiply from the other side
        for part in ("weight", "bias"):
            joint = r.state[f"{at}.attn.c_attn.{part}"]
            for name, piece in zip(("query", "key", "value"), np.split(joint, 3), strict=True):
                r.put(f"a{i}.{name}.{part}", piece)
        r.take(f"a{i}.output", f"{at}.attn.c_proj")
        r.feed_forward(f"f{i}", f"{at}.mlp", up="c_fc", down="c_proj")
        r.take(f"a{i}.norm", f"{at}.ln_1")
        r.take(f"f{i}.norm", f"{at}.ln_2")
        name = {"gelu_new": "gelu_tanh"}.get(activation, activation)
        blocks.append(SelfAttention(f"a{i}", E, H, causal=True, norm="layer", **BEFORE))
        blocks.append(FeedForward(f"f{i}", E, INNER, name, norm="layer", **BEFORE))  # type: ignore[arg-type]
    r.take("last.norm", "transformer.ln_f")
    return Made(
        module, [], [*blocks, Norm("last", E, norm="layer"), Linear("table", E, V, bias=False)], r.tensors
    )


def llama_kind(kind: str, rotary: dict[str, Any] | None = None, **more: Any) -> Made:
    """Llama and its kin; `more` goes to the configuration, `rotary` to the blocks."""
    config = getattr(hf, f"{kind}Config")(
        vocab_size=V,
        hidden_size=E,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=H,
        num_key_value_heads=2,
        max_position_embeddings=128,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        **more,
    )
    module = random(getattr(hf, f"{kind}ForCausalLM")(config))
    r = Renamer(module)
    r.take("table", "model.embed_tokens")
    r.take("last.norm", "model.norm")
    r.take("head", "lm_head")
    blocks: Blocks = [Embedding("table", V, E)]
    each = more.get("head_dim", E // H)
    options: dict[str, Any] = {"epsilon": config.rms_norm_eps, "norm": "rms", **BEFORE}
    turned: dict[str, Any] = {"rotary": each, **(rotary or {})}
    for i in range(LAYERS):
        at = f"model.layers.{i}"
        r.attention(f"a{i}", f"{at}.self_attn", "q_proj k_proj v_proj o_proj")
        if f"{at}.mlp.gate_up_proj.weight" in r.state:
            pair = np.split(r.state[f"{at}.mlp.gate_up_proj.weight"], 2)
            r.state |= {
                f"{at}.mlp.{n}.weight": w for n, w in zip(("gate_proj", "up_proj"), pair, strict=True)
            }
        r.feed_forward(f"f{i}", f"{at}.mlp", gate="gate_proj", up="up_proj", down="down_proj")
        r.take(f"a{i}.norm", f"{at}.input_layernorm")
        r.take(f"f{i}.norm", f"{at}.post_attention_layernorm")
        if kind == "Qwen3":
            r.take(f"a{i}.query_norm", f"{at}.self_attn.q_norm")
            r.take(f"a{i}.key_norm", f"{at}.self_attn.k_norm")
        bias = f"a{i}.query.bias" in r.tensors
        if bias:
            r.tensors.setdefault(f"a{i}.output.bias", np.zeros(E, np.float32))
        blocks.append(
            SelfAttention(
                f"a{i}",
                E,
                H,
                2,
                each,
                causal=True,
                bias=bias,
                window=more.get("sliding_window", 0) if kind == "Mistral" else 0,
                query_key_norm="rms" if kind == "Qwen3" else "none",
                **turned,
                **options,
            )
        )
        blocks.append(FeedForward(f"f{i}", E, INNER, "silu", bias=False, gated=True, **options))
    last = Norm("last", E, norm="rms", epsilon=config.rms_norm_eps)
    return Made(module, [], [*blocks, last, Linear("head", E, V, bias=False)], r.tensors)


def bert() -> Made:
    config = hf.BertConfig(
        vocab_size=V,
        hidden_size=E,
        num_hidden_layers=LAYERS,
        num_attention_heads=H,
        intermediate_size=INNER,
        max_position_embeddings=90,
        pad_token_id=0,
    )
    module = random(hf.BertModel(config, add_pooling_layer=False))
    r = Renamer(module)
    r.take("table", "embeddings.word_embeddings")
    both = (
        r.state["embeddings.position_embeddings.weight"]
        + r.state["embeddings.token_type_embeddings.weight"][0]
    )
    r.put("position.weight", both)
    r.take("position.norm", "embeddings.LayerNorm")
    after: dict[str, Any] = {"norm": "layer", "epsilon": 1e-12}
    blocks: Blocks = [
        Embedding("table", V, E),
        Position(E, "learned", weights="position", length=90, **after),
    ]
    for i in range(LAYERS):
        at = f"encoder.layer.{i}"
        r.attention(
            f"a{i}", at, "attention.self.query attention.self.key attention.self.value attention.output.dense"
        )
        r.take(f"a{i}.norm", f"{at}.attention.output.LayerNorm")
        r.feed_forward(f"f{i}", at, up="intermediate.dense", down="output.dense", norm="output.LayerNorm")
        blocks.append(SelfAttention(f"a{i}", E, H, residual=True, **after))
        blocks.append(FeedForward(f"f{i}", E, INNER, "gelu", residual=True, **after))
    return Made(module, blocks, [], r.tensors)


def opt() -> Made:
    config = hf.OPTConfig(
        vocab_size=V,
        hidden_size=E,
        word_embed_proj_dim=E,
        num_hidden_layers=LAYERS,
        num_attention_heads=H,
        ffn_dim=INNER,
        max_position_embeddings=90,
        pad_token_id=1,
    )
    module = random(hf.OPTForCausalLM(config))
    r = Renamer(module)
    r.take("table", "model.decoder.embed_tokens")
    r.take("position", "model.decoder.embed_positions")
    r.take("last.norm", "model.decoder.final_layer_norm")
    blocks: Blocks = [
        Embedding("table", V, E),
        Position(E, "learned", weights="position", length=92, offset=2),
    ]
    for i in range(LAYERS):
        _bart_layer(r, blocks, f"model.decoder.layers.{i}", f"d{i}", "relu", pre=True, causal=True)
    return Made(
        module, [], [*blocks, Norm("last", E, norm="layer"), Linear("table", E, V, bias=False)], r.tensors
    )


def _bart_layer(r: Renamer, blocks: Blocks, at: str, to: str, act: str, pre: bool, causal: bool) -> None:
    """A layer of BART's kind, and of OPT's; with cross-attention where it has some."""
    around: dict[str, Any] = {"residual": True, "norm": "layer", "norm_place": "before" if pre else "after"}
    parts = "q_proj k_proj v_proj out_proj"
    r.attention(f"{to}.a", f"{at}.self_attn", parts)
    r.take(f"{to}.a.norm", f"{at}.self_attn_layer_norm")
    blocks.append(SelfAttention(f"{to}.a", E, H, causal=causal, **around))
    if f"{at}.encoder_attn.q_proj.weight" in r.state:
        r.attention(f"{to}.c", f"{at}.encoder_attn", parts)
        r.take(f"{to}.c.norm", f"{at}.encoder_attn_layer_norm")
        blocks.append(CrossAttention(f"{to}.c", E, E, H, **around))
    r.feed_forward(f"{to}.f", at, up="fc1", down="fc2", norm="final_layer_norm")
    blocks.append(FeedForward(f"{to}.f", E, INNER, act, **around))  # type: ignore[arg-type]


def bart_kind(kind: str) -> Made:
    """MarianMT: post-norm, sinusoids of its own; M2M100: pre-norm, those of tensor2tensor from place 2."""
    marian = kind == "Marian"
    config = getattr(hf, f"{kind}Config")(
        vocab_size=V,
        d_model=E,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_attention_heads=H,
        decoder_attention_heads=H,
        encoder_ffn_dim=INNER,
        decoder_ffn_dim=INNER,
        activation_function="silu" if marian else "relu",
        scale_embedding=True,
        max_position_embeddings=90,
        pad_token_id=V - 1 if marian else 1,
        decoder_start_token_id=V - 1 if marian else 2,
        forced_eos_token_id=None,
    )
    made = getattr(hf, "MarianMTModel" if marian else "M2M100ForConditionalGeneration")(config)
    sinusoids = {
        name: value.clone() for name, value in made.state_dict().items() if "embed_positions" in name
    }
    module = random(made)
    module.load_state_dict(sinusoids, strict=False)
    r = Renamer(module)
    r.take("table", "model.shared")
    parts: list[Blocks] = []
    for side in ("encoder", "decoder"):
        steps = None if marian else E / 2 - 1
        blocks: Blocks = [
            Embedding("table", V, E, math.sqrt(E)),
            Position(E, "sinusoidal", steps, offset=0 if marian else 2),
        ]
        for i in range(LAYERS):
            act = "silu" if marian else "relu"
            _bart_layer(
                r, blocks, f"model.{side}.layers.{i}", f"{side}{i}", act, not marian, side == "decoder"
            )
        if not marian:
            r.take(f"{side}.last.norm", f"model.{side}.layer_norm")
            blocks.append(Norm(f"{side}.last", E, norm="layer"))
        parts.append(blocks)
    if marian:
        bias = np.random.default_rng(0).standard_normal(V)
        module.final_logits_bias.copy_(torch.tensor(bias)[None])
        r.put("table.bias", bias)
    return Made(module, parts[0], [*parts[1], Linear("table", E, V, bias=marian)], r.tensors)


def t5(projection: str, tied: bool) -> Made:
    config = hf.T5Config(
        vocab_size=V,
        d_model=E,
        d_kv=12,
        d_ff=INNER,
        num_layers=LAYERS,
        num_heads=H,
        relative_attention_num_buckets=16,
        relative_attention_max_distance=40,
        feed_forward_proj=projection,
        tie_word_embeddings=tied,
        decoder_start_token_id=0,
    )
    module = random(hf.T5ForConditionalGeneration(config))
    r = Renamer(module)
    r.take("table", "shared")
    r.take("head", "lm_head")
    options: dict[str, Any] = {"norm": "rms", "epsilon": 1e-6, "bias": False, **BEFORE}
    gated = projection.startswith("gated")
    parts: list[Blocks] = []
    for side in ("encoder", "decoder"):
        r.take(f"{side}.relative", f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias")
        blocks: Blocks = [Embedding("table", V, E)]
        for i in range(LAYERS):
            at, to = f"{side}.block.{i}.layer", f"{side}{i}"
            relative: dict[str, Any] = {"relative": f"{side}.relative", "buckets": 16, "reach": 40}
            attention: dict[str, Any] = {"head_width": 12, "scale": 1.0, **options}
            r.attention(f"{to}.a", f"{at}.0.SelfAttention", "q k v o")
            r.take(f"{to}.a.norm", f"{at}.0.layer_norm")
            blocks.append(SelfAttention(f"{to}.a", E, H, causal=side == "decoder", **relative, **attention))
            if side == "decoder":
                r.attention(f"{to}.c", f"{at}.1.EncDecAttention", "q k v o")
                r.take(f"{to}.c.norm", f"{at}.1.layer_norm")
                blocks.append(CrossAttention(f"{to}.c", E, E, H, **attention))
            last = f"{at}.{1 + (side == 'decoder')}"
            names = {"gate": "wi_0", "up": "wi_1", "down": "wo"} if gated else {"up": "wi", "down": "wo"}
            r.feed_forward(f"{to}.f", f"{last}.DenseReluDense", **names)
            r.take(f"{to}.f.norm", f"{last}.layer_norm")
            act: Any = "gelu_tanh" if gated else "relu"
            blocks.append(FeedForward(f"{to}.f", E, INNER, act, gated=gated, **options))
        r.take(f"{side}.last.norm", f"{side}.final_layer_norm")
        parts.append([*blocks, Norm(f"{side}.last", E, norm="rms", epsilon=1e-6)])
    if tied:  # the head's input is brought down
        r.tensors["decoder.last.norm.weight"] = r.tensors["decoder.last.norm.weight"] * np.float32(E**-0.5)
    return Made(module, parts[0], [*parts[1], Linear("head", E, V, bias=False)], r.tensors)


MODELS: dict[str, Callable[[], Made]] = {
    "gpt2": gpt2,
    "gpt2 relu": lambda: gpt2("relu"),
    "gpt2 gelu": lambda: gpt2("gelu"),
    "llama": lambda: llama_kind("Llama"),
    "llama linear": lambda: llama_kind(
        "Llama",
        {"rotary_scaling": "linear", "rotary_factor": 4.0, "rotary_base": 500.0},
        rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0},
    ),
    "llama 3": lambda: llama_kind(
        "Llama",
        {"rotary_scaling": "llama3", "rotary_factor": 8.0, "rotary_original": 64.0, "rotary_base": 500.0},
        rope_parameters={
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
            "rope_theta": 500.0,
        },
    ),
    "mistral": lambda: llama_kind("Mistral", sliding_window=9),
    "qwen2": lambda: llama_kind("Qwen2"),
    "qwen3": lambda: llama_kind("Qwen3", head_dim=16),
    "glm": lambda: llama_kind("Glm", {"rotary": 4, "rotary_layout": "pairs"}, head_dim=8),
    "bert": bert,
    "opt": opt,
    "marian": lambda: bart_kind("Marian"),
    "m2m100": lambda: bart_kind("M2M100"),
    "t5": lambda: t5("relu", True),
    "flan-t5": lambda: t5("gated-gelu", False),
}
