"""A PyTorch recurrent model: a state dict in .pt, .pth, .bin or .safetensors, and a short spec.

The spec is a config.json (docs/native-format.md) in which ``weights`` says which prefix of the state dict
plays the part, and sizes may be left out: they are read from the tensors. Besides those keys it may have

- ``state``: where in the checkpoint the state dict is, as ``"model.state_dict"``; left out: at its top;
- ``rename``: old beginnings of tensor names and what they become, applied before the blocks are looked at;
- ``ignore``: beginnings of the names of tensors that have no part in running the model;

and three things may be taken from elsewhere: the ``vocabulary`` of a tokenizer and ``labels`` may be
``{"checkpoint": "place"}``, or ``{"file": "name"}`` beside the spec, or a list; a vocabulary names its
``unknown`` token (or its id) and its ``specials`` there. docs/formats.md has examples.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastseq.errors import ArgumentTypeError, FastseqError, FormatError, UnsupportedError
from fastseq.files import read_json
from fastseq.formats import Loaded, Spec, precision, safetensors, torch_checkpoint
from fastseq.formats.tensor import Tensor
from fastseq.formats.torch_sizes import with_sizes
from fastseq.models.plain import shown
from fastseq.models.spec import ModelSpec, check_tensors, tensor_shapes
from fastseq.text import CharTokenizer, Tokenizer, Vocabulary, WordTokenizer

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")
_OWN_KEYS = ("state", "rename", "ignore")
_TOKENIZERS: dict[str, type[CharTokenizer] | type[WordTokenizer]] = {
    "character": CharTokenizer,
    "word": WordTokenizer,
}


def matches(path: Path) -> bool:
    """A file with one of the usual endings, or that begins as torch.save's do."""
    return path.is_file() and (path.suffix in SUFFIXES or torch_checkpoint.matches(path))


def load(path: Path, spec: Spec = None) -> Loaded:
    """Reads a checkpoint as `spec` (a file or its content) says."""
    if spec is None:
        raise UnsupportedError(
            "a state dict does not say what it is",
            where=str(path),
            expected="a spec: fastseq convert FILE FOLDER --spec SPEC.json (docs/formats.md)",
            found="none",
        )
    said, folder, place = _said(spec)
    checkpoint = safetensors.load(path) if path.suffix == ".safetensors" else torch_checkpoint.load(path)
    try:
        return _Reading(said, folder, checkpoint, str(path)).loaded()
    except FastseqError as error:
        raise error if error.where.startswith(str(path)) else error.within(place) from None


def _said(spec: str | Path | Mapping[str, Any]) -> tuple[dict[str, Any], Path, str]:
    """The content of a spec, the folder its file names start from, and its name in errors."""
    if isinstance(spec, Mapping):
        return json.loads(json.dumps(dict(spec))), Path(), "spec"
    if not isinstance(spec, str | os.PathLike):
        found = type(spec).__name__
        raise ArgumentTypeError("not a spec", where="spec", expected="a path or a dictionary", found=found)
    content = read_json(Path(spec))
    if not isinstance(content, dict):
        raise FormatError("not an object", where=str(spec), expected="a spec", found=shown(content))
    return content, Path(spec).parent, str(spec)


class _Reading:
    """One conversion: what the user said, and the checkpoint it is about."""

    def __init__(self, said: dict[str, Any], folder: Path, checkpoint: Any, path: str) -> None:
        self.said, self.folder, self.checkpoint, self.path = said, folder, checkpoint, path

    def loaded(self) -> Loaded:
        tensors = self.state()
        content = {key: value for key, value in self.said.items() if key not in _OWN_KEYS}
        tokenizers = {
            key: self.tokenizer(content.pop(key, None), key) for key in ("tokenizer", "target_tokenizer")
        }
        if "labels" in content:
            content["labels"] = self.words(content["labels"], "labels")
        for part in ("encoder", "decoder"):
            if isinstance(content.get(part), list):
                content[part] = with_sizes(content[part], part, tensors)
        model = ModelSpec.from_dict({"fastseq": 1, **content})
        used = self.used(model, tensors)
        check_tensors(model, {name: tensor.shape for name, tensor in used.items()})
        try:
            precision.check_weights(model, used)
        except FormatError as error:
            raise error.within(self.path) from None
        return Loaded(model, used, **tokenizers)

    def state(self) -> dict[str, Tensor]:
        """The tensors of the state dict, renamed."""
        place = self.said.get("state", "")
        found = self.at(place, "state") if place else self.checkpoint
        if not isinstance(found, dict) or not any(isinstance(value, Tensor) for value in found.values()):
            inside = ", ".join(map(str, found))[:120] if isinstance(found, dict) else type(found).__name__
            raise FormatError("no state dict here", where="state", expected="tensors by name", found=inside)
        rename = self.said.get("rename", {})
        if not isinstance(rename, dict) or not all(isinstance(new, str) for new in rename.values()):
            raise FormatError(
                "wrong value", where="rename", expected="an object of strings", found=shown(rename)
            )
        tensors: dict[str, Tensor] = {}
        for name, tensor in found.items():
            if isinstance(tensor, Tensor):
                tensors[_renamed(str(name), rename)] = tensor
        return tensors

    def used(self, model: ModelSpec, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of the blocks; one that no block uses is an error unless it is to be ignored."""
        ignore = self.said.get("ignore", [])
        if not isinstance(ignore, list) or not all(isinstance(one, str) for one in ignore):
            raise FormatError(
                "wrong value", where="ignore", expected="a list of strings", found=shown(ignore)
            )
        wanted = tensor_shapes(model)
        left = [name for name in tensors if name not in wanted and not name.startswith(tuple(ignore))]
        if left:
            raise FormatError(
                "tensors that no block uses: add their block, or list them in `ignore`",
                where=self.path,
                expected="only tensors of the spec's blocks",
                found=", ".join(left)[:120],
            )
        return {name: tensor for name, tensor in tensors.items() if name in wanted}

    def at(self, place: Any, key: str) -> Any:
        """What the checkpoint has at ``"a.b"``: a key of that name, or b in the dict at a."""
        if not isinstance(place, str):
            raise FormatError(
                "wrong value", where=key, expected="a place in the checkpoint", found=shown(place)
            )
        found = self.checkpoint
        for part in [place] if isinstance(found, dict) and place in found else place.split("."):
            if not isinstance(found, dict) or part not in found:
                inside = ", ".join(map(str, found))[:120] if isinstance(found, dict) else type(found).__name__
                raise FormatError(f"the checkpoint has no {part!r:.60}", where=key, found=inside)
            found = found[part]
        return found

    def words(self, source: Any, key: str) -> list[str]:
        """A list of words from a list, from ``{"checkpoint": place}`` or from ``{"file": name}``.

        There it is a list, or an object of word -> id or id -> word with the ids 0 to n - 1.
        """
        if isinstance(source, dict) and "checkpoint" in source:
            source = self.at(source["checkpoint"], key)
        elif isinstance(source, dict) and isinstance(source.get("file"), str):
            path = self.folder / source["file"]
            if path.suffix != ".json":
                return list(Vocabulary.load(path))
            source = read_json(path)
        if isinstance(source, dict):
            source = _by_id(source, key)
        if not isinstance(source, (list, tuple)) or not all(isinstance(word, str) for word in source):
            raise FormatError(
                "not a list of words", where=key, expected="a list, or word -> id", found=shown(source)
            )
        return list(source)

    def tokenizer(self, config: Any, key: str) -> Tokenizer | None:
        """A tokenizer as config.json has it, but for where its vocabulary comes from."""
        if config is None:
            return None
        if not isinstance(config, dict) or config.get("kind") not in _TOKENIZERS:
            raise FormatError(
                "unknown kind of tokenizer", where=f"{key}.kind", expected=", ".join(_TOKENIZERS)
            )
        options = dict(config)
        source = options.pop("vocabulary", None)
        place = f"{key}.vocabulary"
        words = self.words(source, place)
        about = source if isinstance(source, dict) else {}
        unknown = about.get("unknown")
        if type(unknown) is int and 0 <= unknown < len(words):
            unknown = words[unknown]
        try:
            vocabulary = Vocabulary(words, unknown=unknown, specials=about.get("specials", []))
            return _TOKENIZERS[options.pop("kind")](vocabulary, **options)
        except TypeError as error:
            raise FormatError("unknown key", where=key, found=str(error)) from None
        except FastseqError as error:
            raise error.within(place) from None


def _renamed(name: str, rename: Mapping[str, str]) -> str:
    """The name with its longest known beginning replaced."""
    fitting = [old for old in rename if name.startswith(old)]
    if not fitting:
        return name
    old = max(fitting, key=len)
    return rename[old] + name[len(old) :]


def _by_id(mapping: Mapping[Any, Any], key: str) -> list[Any]:
    """Words in the order of their ids, from word -> id or id -> word."""
    pairs = list(mapping.items())
    if pairs and not isinstance(pairs[0][1], int):
        pairs = [(word, int(number) if str(number).isdecimal() else None) for number, word in pairs]
    ids = [number for _, number in pairs]
    if any(type(number) is not int for number in ids) or sorted(ids) != list(range(len(ids))):
        raise FormatError("ids are not 0 to n - 1, each once", where=key, expected=f"0 to {len(ids) - 1}")
    return [word for word, _ in sorted(pairs, key=lambda pair: pair[1])]
