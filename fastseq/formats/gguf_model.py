"""GGUF language models: Llama, Mistral, SmolLM, Qwen 2 and 3, as they are, quantized or not.

Matrices in blocks stay blocks (`BlockTensor`); what is not supported is refused by its key or its tensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fastseq.errors import ArgumentError, FastseqError, FormatError, UnsupportedError
from fastseq.formats import Loaded, Spec, gguf, gguf_tokenizer
from fastseq.formats.gguf_tensors import GgufTensor, tensors
from fastseq.formats.tensor import BlockTensor, Tensor, view
from fastseq.models.blocks import Block, Embedding, FeedForward, Linear, Norm, SelfAttention
from fastseq.models.spec import GenerationSpec, ModelSpec
from fastseq.text import Tokenizer

LAYERS_MAX = 1000
_PLAIN = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


class Family(NamedTuple):
    """What an architecture has that its metadata does not say."""

    layout: str
    """Of rotary positions."""
    bias: bool
    """Of queries, keys and values."""
    head_norm: bool
    """Of queries and keys."""


FAMILIES = {
    "llama": Family("pairs", False, False),
    "qwen2": Family("halves", True, False),
    "qwen3": Family("halves", False, True),
}
"""By general.architecture."""

# of a layer: the spec's name and the file's
_LAYER = {
    "attn.norm.weight": "attn_norm.weight",
    "attn.query.weight": "attn_q.weight",
    "attn.key.weight": "attn_k.weight",
    "attn.value.weight": "attn_v.weight",
    "attn.output.weight": "attn_output.weight",
    "attn.query.bias": "attn_q.bias",
    "attn.key.bias": "attn_k.bias",
    "attn.value.bias": "attn_v.bias",
    "attn.output.bias": "attn_output.bias",
    "attn.query_norm.weight": "attn_q_norm.weight",
    "attn.key_norm.weight": "attn_k_norm.weight",
    "ffn.norm.weight": "ffn_norm.weight",
    "ffn.gate.weight": "ffn_gate.weight",
    "ffn.up.weight": "ffn_up.weight",
    "ffn.down.weight": "ffn_down.weight",
}


def matches(path: Path) -> bool:
    """A file that begins with GGUF's mark."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"GGUF"


def load(path: Path, spec: Spec = None) -> Loaded:
    """Reads a file. See `fastseq.load`."""
    if spec is not None:
        raise ArgumentError("a GGUF file says itself what it is", where="spec", expected="none")
    file = gguf.read(path)
    try:
        tokenizer = gguf_tokenizer.from_metadata(file.metadata)
        return _model(file, tensors(file), tokenizer)
    except FastseqError as error:
        raise error.within(str(path)) from None


class _Fields:
    """The metadata of the architecture."""

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self.metadata = metadata
        self.architecture = str(metadata.get("general.architecture"))
        if self.architecture not in FAMILIES:
            raise UnsupportedError(
                "no architecture that is supported",
                where="general.architecture",
                expected=", ".join(FAMILIES),
                found=f"{self.architecture!r:.60}",
            )

    def whole(self, key: str, absent: int | None = None, most: int = 2**24) -> int:
        """A number of things; `absent` where the file says nothing."""
        value = self._value(key, absent)
        if type(value) is not int or not 0 < value <= most:
            raise FormatError(
                "out of range",
                where=f"{self.architecture}.{key}",
                expected=f"1 to {most}",
                found=f"{value!r:.60}",
            )
        return value

    def real(self, key: str, absent: float | None = None) -> float:
        value = self._value(key, absent)
        if not isinstance(value, float) or not 0 < value < 1e12:
            raise FormatError(
                "out of range",
                where=f"{self.architecture}.{key}",
                expected="a number above 0",
                found=f"{value!r:.60}",
            )
        return float(str(np.float32(value)))  # as short as the file's number says it

    def refuse(self, key: str, *usual: Any) -> None:
        """That a key says nothing, or what is usual."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        if value is not None and value not in usual:
            raise UnsupportedError(
                "not supported", where=f"{self.architecture}.{key}", found=f"{value!r:.60}"
            )

    def _value(self, key: str, absent: Any) -> Any:
        value = self.metadata.get(f"{self.architecture}.{key}", absent)
        if value is None:
            raise FormatError("missing key", where=f"{self.architecture}.{key}", expected="a value")
        return value


def _model(file: gguf.Gguf, found: dict[str, GgufTensor], tokenizer: Tokenizer) -> Loaded:
    fields = _Fields(file.metadata)
    for key, usual in (("rope.scaling.type", "none"), ("attention.sliding_window", 0)):
        fields.refuse(key, usual)
    table = found.get("token_embd.weight")
    if table is None or len(table.shape) != 2:
        raise FormatError("missing tensor", where="token_embd.weight", expected="two dimensions")
    vocabulary, width = table.shape
    layers = fields.whole("block_count", most=LAYERS_MAX)
    head = "output" if "output.weight" in found else "token_embd"
    blocks: list[Block] = [Embedding("token_embd", vocabulary, width)]
    for layer in range(layers):
        blocks += _layer(fields, f"blk.{layer}", width)
    epsilon = _epsilon(fields)
    blocks.append(Norm(weights="output_norm", width=width, norm="rms", epsilon=epsilon))
    blocks.append(Linear(weights=head, input=width, output=vocabulary, bias=False))
    spec = ModelSpec(
        task="language_model",
        decoder=tuple(blocks),
        generation=_generation(file.metadata, tokenizer),
        name=_text(file.metadata, "general.name"),
        licence=_text(file.metadata, "general.license"),
    )
    return Loaded(spec, _renamed(found, layers), tokenizer)


def _epsilon(fields: _Fields) -> float:
    return fields.real("attention.layer_norm_rms_epsilon")


def _layer(fields: _Fields, prefix: str, width: int) -> list[Block]:
    family = FAMILIES[fields.architecture]
    heads = fields.whole("attention.head_count", most=width)
    each = fields.whole("attention.key_length", max(width // heads, 1))
    if fields.whole("attention.value_length", each) != each:
        raise UnsupportedError("values of another width than keys", where="attention.value_length")
    around: dict[str, Any] = {
        "residual": True,
        "norm": "rms",
        "norm_place": "before",
        "epsilon": _epsilon(fields),
    }
    return [
        SelfAttention(
            weights=f"{prefix}.attn",
            width=width,
            heads=heads,
            key_heads=fields.whole("attention.head_count_kv", heads, heads),
            head_width=each,
            causal=True,
            bias=family.bias,
            query_key_norm="rms" if family.head_norm else "none",
            rotary=fields.whole("rope.dimension_count", each),
            rotary_base=fields.real("rope.freq_base", 10000.0),
            rotary_layout="pairs" if family.layout == "pairs" else "halves",
            **around,
        ),
        FeedForward(
            weights=f"{prefix}.ffn",
            width=width,
            inner=fields.whole("feed_forward_length"),
            activation="silu",
            bias=False,
            gated=True,
            **around,
        ),
    ]


def _renamed(found: dict[str, GgufTensor], layers: int) -> dict[str, Tensor]:
    """The tensors by the names that the spec's blocks ask for."""
    names = {"output_norm.norm.weight": "output_norm.weight"}
    for layer in range(layers):
        names |= {f"blk.{layer}.{ours}": f"blk.{layer}.{theirs}" for ours, theirs in _LAYER.items()}
    back = {theirs: ours for ours, theirs in names.items()}
    made = {back.get(name, name): _tensor(name, tensor) for name, tensor in found.items()}
    for name in list(made):
        if name.endswith(".attn.query.bias") and name.replace("query", "output") not in made:
            rows = made[name.removesuffix("query.bias") + "output.weight"].shape[0]
            made[name.replace("query", "output")] = Tensor("float32", np.zeros(rows, np.float32))
    return made


def _tensor(name: str, tensor: GgufTensor) -> Tensor:
    kind = _PLAIN.get(tensor.kind.name)
    if kind:
        return view(tensor.data, kind, tensor.shape)
    if len(tensor.shape) != 2:
        raise UnsupportedError(
            "blocks of another shape than a matrix",
            where=name,
            expected="2 dimensions",
            found=str(tensor.shape),
        )
    return BlockTensor(tensor.kind.name, np.frombuffer(tensor.data, np.uint8), tensor)


def _generation(metadata: Mapping[str, Any], tokenizer: Tokenizer) -> GenerationSpec:
    """Starts and stops as the tokenizer's keys say them."""
    spell = _speller(metadata)
    stops = [metadata.get(f"tokenizer.ggml.{kind}_token_id") for kind in ("eos", "eot", "eom")]
    around = tokenizer.encode("")
    return GenerationSpec(
        start=spell(around[0]) if around else None,
        stop=tuple(dict.fromkeys(spell(id) for id in stops if id is not None)),
    )


def _speller(metadata: Mapping[str, Any]) -> Any:
    tokens = metadata.get("tokenizer.ggml.tokens", [])

    def spell(id: Any) -> str:
        if type(id) is not int or not 0 <= id < len(tokens) or not isinstance(tokens[id], str):
            raise FormatError("no such token", where="tokenizer.ggml", found=f"{id!r:.60}")
        return str(tokens[id])

    return spell


def _text(metadata: Mapping[str, Any], key: str) -> str:
    value = metadata.get(key, "")
    return value if isinstance(value, str) else ""
