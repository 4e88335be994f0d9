"""A GGUF file of a language model, its weights as they are, quantized or not.

The families are those of `gguf_families`.
Matrices in blocks stay blocks (`BlockTensor`); what is not supported is refused by its key or its tensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastseq.errors import ArgumentError, FastseqError, FormatError, UnsupportedError
from fastseq.formats import Loaded, Spec, gguf, gguf_families, gguf_tokenizer
from fastseq.formats.gguf_tensors import GgufTensor, tensors
from fastseq.formats.network import taken
from fastseq.formats.tensor import BlockTensor, Tensor, view
from fastseq.models.spec import GenerationSpec, ModelSpec
from fastseq.text import Tokenizer

_PLAIN = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


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


def _model(file: gguf.Gguf, found: dict[str, GgufTensor], tokenizer: Tokenizer) -> Loaded:
    network, names = gguf_families.described(file.metadata, found)
    spec = ModelSpec(
        task="language_model",
        decoder=network.blocks(),
        generation=_generation(file.metadata, tokenizer),
        name=_text(file.metadata, "general.name"),
        licence=_text(file.metadata, "general.license"),
        chat_template=_text(file.metadata, "tokenizer.chat_template"),
        chat_tokens=_chat_tokens(file.metadata),
    )
    held = {name: _tensor(name, tensor) for name, tensor in found.items()}
    return Loaded(spec, taken(network, names, held), tokenizer)


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


def _chat_tokens(metadata: Mapping[str, Any]) -> dict[str, str]:
    """What a template knows by name."""
    spell, kinds = _speller(metadata), {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
    ids = {role: metadata.get(f"tokenizer.ggml.{kind}_token_id") for role, kind in kinds.items()}
    return {f"{role}_token": spell(id) for role, id in ids.items() if id is not None}


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
