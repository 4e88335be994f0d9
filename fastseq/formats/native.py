"""A fastseq folder: config.json, model.safetensors, vocabularies.

docs/native-format.md describes it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fastseq.errors import ArgumentError, FastseqError
from fastseq.files import read_json, write_whole
from fastseq.formats import Loaded, Spec, precision, safetensors
from fastseq.models.rounding import held
from fastseq.models.spec import ModelSpec, check_tensors
from fastseq.models.weights import Weight
from fastseq.text import Tokenizer

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
VOCABULARIES = {"tokenizer": "source.vocab.json", "target_tokenizer": "target.vocab.json"}


def matches(path: Path) -> bool:
    """A folder whose config.json says ``fastseq``."""
    config = path / CONFIG
    if not config.is_file():
        return False
    content = read_json(config)
    return isinstance(content, dict) and "fastseq" in content


def load(path: Path, spec: Spec = None) -> Loaded:
    """Reads a folder; errors name the file and the place in it."""
    if spec is not None:
        raise ArgumentError("a fastseq folder says itself what it is", where="spec", expected="none")
    content = read_json(path / CONFIG)
    with _place(path / CONFIG):
        model = ModelSpec.from_dict(content)
    tensors = safetensors.load(path / WEIGHTS)
    with _place(path / WEIGHTS):
        tensors = precision.unfolded(tensors)
        check_tensors(model, {name: tensor.shape for name, tensor in tensors.items()})
        precision.check_weights(model, tensors)
    tokenizers = {}
    for name in VOCABULARIES:
        config = getattr(model, name)
        with _place(path / CONFIG, name):
            tokenizers[name] = None if config is None else Tokenizer.from_config(config, path)
    return Loaded(model, tensors, **tokenizers)


def save(
    folder: str | os.PathLike[str],
    spec: ModelSpec,
    weights: Mapping[str, Weight],
    *,
    tokenizer: Tokenizer | None = None,
    target_tokenizer: Tokenizer | None = None,
    dtype: str | None = None,
) -> None:
    """Writes a folder, its matrices in `dtype` (None: as `weights` has them).

    Weights are as the engine takes them: float32, bfloat16 as uint16, int8 with a float32 ``NAME.scale``,
    blocks. The config is written last, so a folder with one is whole.
    """
    target = Path(folder)
    check_tensors(spec, {name: array.shape for name, array in weights.items()})
    if dtype is not None:
        dtype, weights = held(spec, weights, dtype)
    tensors = precision.from_engine(weights)
    if dtype is not None and dtype != "blocks":
        tensors = precision.converted(spec, tensors, dtype)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError("cannot be made", where=str(target), found=error.strerror or str(error)) from None
    safetensors.save(target / WEIGHTS, precision.folded(tensors), {"format": "fastseq"})
    for name, part in (("tokenizer", tokenizer), ("target_tokenizer", target_tokenizer)):
        config = None if part is None else part.save(target, VOCABULARIES[name])
        spec = replace(spec, **{name: config})  # type: ignore[arg-type]
    write_whole(target / CONFIG, [config_text(spec).encode()])


def config_text(spec: ModelSpec) -> str:
    """The config.json of a spec: a line a key, a line a block."""

    def line(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    entries = []
    for key, value in spec.to_dict().items():
        if key in ("encoder", "decoder"):
            blocks = ",\n".join(f"    {line(block)}" for block in value)
            entries.append(f"  {line(key)}: [\n{blocks}\n  ]")
        else:
            entries.append(f"  {line(key)}: {line(value)}")
    return "{\n" + ",\n".join(entries) + "\n}\n"


class _place:
    """Puts a file, and a JSON path in it, before the `where` of an error that does not name it yet."""

    def __init__(self, path: Path, key: str = "") -> None:
        self.folder, self.place = str(path.parent), f"{path}: {key}" if key else str(path)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FastseqError) and not error.where.startswith(self.folder):
            raise error.within(self.place) from None
