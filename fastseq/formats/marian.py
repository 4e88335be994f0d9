"""A Marian translation model: a folder with its .bin or .npz, SentencePiece vocabularies and shortlist.

These are the models of Firefox, and what Marian's training writes (.npz). A model's own options lie in it
(``special:model.yml``); those of a run in a .yml beside it, where there is one. Without one the vocabularies
are the folder's .spm files and the shortlist its ``lex*.bin``. marian_model.py says which models are read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fastseq.errors import ArgumentError, FormatError, UnsupportedError
from fastseq.files import regular_size
from fastseq.formats import Loaded, Spec, marian_bin, marian_model, marian_shortlist, npz, yaml_lines
from fastseq.formats.marian_bin import FLOAT32, INT8, Item
from fastseq.formats.marian_parts import OPTIONS, YAML_BYTES_MAX
from fastseq.models.spec import TOKENS_MAX, GenerationSpec, ModelSpec, TranslationSpec, check_tensors
from fastseq.text import sentencepiece

LENGTH_FACTOR = 3.0  # marian's default
END, UNKNOWN = 0, 1  # of its vocabularies


class Files(NamedTuple):
    """What a model is made of."""

    model: Path
    vocabularies: tuple[Path, Path]
    shortlist: Path | None
    options: Mapping[str, yaml_lines.Value]


def matches(path: Path) -> bool:
    """A folder with one such model, or the model's file."""
    if path.is_file():
        return _is_model(path)
    return bool(_models(path))


def load(path: Path, spec: Spec = None) -> Loaded:
    """Reads a folder, or a model whose other files lie beside it."""
    if spec is not None:
        raise ArgumentError("the format is known: it takes no spec", where="spec", expected="none")
    files = _files(path)
    items = _items(files.model)
    where = str(files.model)
    model = marian_model.read(items, where)
    first, second = files.vocabularies
    source = sentencepiece.load(first, add_eos=True)
    target = source if second == first else sentencepiece.load(second)
    for one, tokenizer in zip(files.vocabularies, (source, target), strict=True):
        if tokenizer.eos_id != END or tokenizer.unk_id != UNKNOWN:
            raise UnsupportedError(
                "another end or unknown token",
                where=str(one),
                expected=f"</s> {END}, <unk> {UNKNOWN}",
                found=f"{tokenizer.eos_id}, {tokenizer.unk_id}",
            )
    tensors = model.tensors
    if files.shortlist is not None:
        tensors |= marian_shortlist.load(files.shortlist)
    factor = _number(files.options, "max-length-factor", LENGTH_FACTOR)
    made = ModelSpec(
        task="seq2seq",
        name=files.model.parent.name,
        description="translation, a Marian model",
        source=files.model.name,
        encoder=model.encoder,
        decoder=model.decoder,
        generation=GenerationSpec(
            stop=(target.piece(END),),
            never=(target.piece(UNKNOWN),),
            max_new_tokens=2**16,
            length_factor=factor,
            shortlist=files.shortlist is not None,
        ),
        translation=TranslationSpec(*_languages(files), longest=_longest(files.options)),
    )
    try:
        check_tensors(made, {name: tensor.shape for name, tensor in tensors.items()})
    except FormatError as error:
        raise error.within(where) from None
    return Loaded(made, tensors, source, target)


# ---- files ----


def _models(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [*folder.glob("*.bin"), *folder.glob("*.npz")]
    return sorted(one for one in found if one.is_file() and _is_model(one))


def _is_model(path: Path) -> bool:
    if path.suffix == ".npz":
        return OPTIONS in npz.names(path)
    return path.suffix == ".bin" and marian_bin.is_marian(path)


def _items(path: Path) -> dict[str, Item]:
    """The arrays of either container."""
    if path.suffix != ".npz":
        return marian_bin.load(path)
    kinds = {"float32": FLOAT32, "int8": INT8}
    items: dict[str, Item] = {}
    for name, tensor in npz.load(path).items():
        place = f"{path}: {name!r:.80}"
        if tensor.dtype not in kinds or not tensor.array.size:
            raise UnsupportedError(
                "not an array of this type", where=place, expected="float32", found=tensor.dtype
            )
        data = np.ascontiguousarray(tensor.array).data.cast("B")
        items[name] = Item(kinds[tensor.dtype], tensor.shape, data, place)
    return items


def _files(path: Path) -> Files:
    folder = path if path.is_dir() else path.parent
    found = [path] if path.is_file() else _models(folder)
    if len(found) > 1:
        raise UnsupportedError(
            "more than one model",
            where=str(folder),
            expected="the path of one",
            found=", ".join(one.name for one in found)[:100],
        )
    options = _config(folder)
    vocabularies = options.get("vocabs")
    if isinstance(vocabularies, list) and vocabularies:
        named = [_beside(folder, one, "vocabs") for one in vocabularies]
    else:
        named = sorted(folder.glob("*.spm"), key=lambda one: (not one.name.startswith("src"), one.name))
    if not 1 <= len(named) <= 2:
        raise FormatError(
            "vocabularies", where=str(folder), expected="one .spm, or one a language", found=str(len(named))
        )
    return Files(found[0], (named[0], named[-1]), _shortlist(folder, options), options)


def _config(folder: Path) -> Mapping[str, yaml_lines.Value]:
    """The options of a run, from the one .yml file of the folder that names models."""
    for one in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        if not one.is_file() or regular_size(one) > YAML_BYTES_MAX:
            continue
        options = yaml_lines.parse(one.read_bytes().decode("utf-8", "replace"), str(one))
        if "models" in options:
            return options
    return {}


def _beside(folder: Path, name: str, key: str) -> Path:
    """A file that the configuration names: in the folder, whatever path it had where it was written."""
    path = folder / Path(name).name
    if not path.is_file():
        raise FormatError("no such file", where=str(path), expected=f"a file that {key} names")
    return path


def _shortlist(folder: Path, options: Mapping[str, yaml_lines.Value]) -> Path | None:
    named = options.get("shortlist")
    if isinstance(named, list) and named and named[0] not in ("false", ""):
        return _beside(folder, named[0], "shortlist")
    if options:
        return None
    found = sorted(one for one in folder.glob("lex*.bin") if one.is_file())
    return found[0] if found else None


def _languages(files: Files) -> tuple[str, str]:
    """Of the names that Firefox's models have: ``model.enpt.intgemm.alphas.bin``, a folder ``en-pt``."""
    for name in (files.model.name.removeprefix("model."), files.model.parent.name):
        found = re.match(r"([a-z]{2})-?([a-z]{2})(?![a-z])", name)
        if found:
            return found[1], found[2]
    return "", ""


def _longest(options: Mapping[str, yaml_lines.Value]) -> int:
    """Bergamot's word for it is a break; its models' files hardly ever say."""
    value = options.get("max-length-break", "128")
    return (
        int(value) if isinstance(value, str) and value.isdecimal() and 1 <= int(value) <= TOKENS_MAX else 128
    )


def _number(options: Mapping[str, yaml_lines.Value], key: str, default: float) -> float:
    value = options.get(key, str(default))
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        number = math.nan
    if not 0 < number < 1e6:
        raise FormatError("not a number above 0", where=key, found=f"{value!r:.60}")
    return number
