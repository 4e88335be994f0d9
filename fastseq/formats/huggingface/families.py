"""The families by the model_type of config.json."""

from __future__ import annotations

from collections.abc import Callable

from fastseq.formats.fields import Fields
from fastseq.formats.huggingface import gemma, gpt, llama
from fastseq.formats.network import Names, Network

ENDINGS = ("ForCausalLM", "LMHeadModel", "Gemma3ForConditionalGeneration")
"""Of architectures whose outputs are the next token."""

FAMILIES: dict[str, Callable[[Fields], tuple[Network, Names]]] = {
    "llama": llama.llama,
    "mistral": llama.mistral,
    "qwen2": llama.qwen2,
    "qwen3": llama.qwen3,
    "smollm3": llama.smollm3,
    "phi3": llama.phi3,
    "olmo2": llama.olmo2,
    "gemma": gemma.gemma,
    "gemma2": gemma.gemma2,
    "gemma3_text": gemma.gemma3,
    "gemma3": gemma.gemma3_with_images,
    "gpt2": gpt.gpt2,
    "gpt_neox": gpt.gpt_neox,
    "opt": gpt.opt,
}


def described(config: Fields) -> tuple[Network, Names]:
    """What a configuration comes to. `UnsupportedError` for a family that is not known."""
    kind = config.word("model_type")
    if kind not in FAMILIES:
        raise config.unsupported("model_type", ", ".join(FAMILIES))
    return FAMILIES[kind](config)
