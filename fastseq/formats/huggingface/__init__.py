"""A Hugging Face folder of a language model: config.json, *.safetensors, tokenizer.json."""

from __future__ import annotations

from pathlib import Path

from fastseq.errors import ArgumentError, FastseqError, UnsupportedError
from fastseq.files import read_json
from fastseq.formats import Loaded, Spec
from fastseq.formats.fields import Fields
from fastseq.formats.huggingface import families, shards
from fastseq.formats.huggingface.surroundings import chat_template, chat_tokens, generation, tokenizer
from fastseq.formats.network import taken
from fastseq.models.spec import ModelSpec

CONFIG = "config.json"


def matches(path: Path) -> bool:
    """A folder whose config.json names a type of model or an architecture."""
    config = path / CONFIG
    if not config.is_file():
        return False
    content = read_json(config)
    return isinstance(content, dict) and ("model_type" in content or "architectures" in content)


def load(path: Path, spec: Spec = None) -> Loaded:
    """Reads a folder. See `fastseq.load`."""
    if spec is not None:
        raise ArgumentError("a folder with config.json says itself what it is", where="spec", expected="none")
    content = read_json(path / CONFIG)
    try:
        config = _checked(Fields(content))
        network, names = families.described(config)
        blocks = network.blocks()
    except FastseqError as error:
        raise error.within(str(path / CONFIG)) from None
    try:
        tensors = taken(network, names, shards.tensors(path))
    except FastseqError as error:
        raise error.within(str(path)) from None
    found = tokenizer(path)
    model = ModelSpec(
        task="language_model",
        decoder=blocks,
        generation=generation(path, Fields(content), found, network.vocabulary),
        chat_template=chat_template(path),
        chat_tokens=chat_tokens(path),
        name=path.name,
    )
    return Loaded(model, tensors, found)


def _checked(config: Fields) -> Fields:
    """The configuration of the text model, which must be one that gives the next token."""
    names = config.values.get("architectures") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise config.wrong("architectures", "a list of names")
    if names and not any(name.endswith(families.ENDINGS) for name in names):
        raise config.unsupported("architectures", f"a name that ends in {' or '.join(families.ENDINGS)}")
    for key in ("quantization_config", "compression_config"):
        if config.has(key):
            raise UnsupportedError(
                "weights quantized in another way",
                where=config.where(key),
                expected="float32, float16 or bfloat16",
                found=str(config.part(key).values.get("quant_method"))[:60],
            )
    return config
