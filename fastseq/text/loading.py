"""Finding out what a file or a folder holds, and reading the tokenizer in it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fastseq.errors import ArgumentError, FastseqError, FormatError
from fastseq.files import read_json

if TYPE_CHECKING:
    from fastseq.text.bpe import BpeTokenizer
    from fastseq.text.pipeline import PipelineTokenizer
    from fastseq.text.sentencepiece import SentencePieceTokenizer
    from fastseq.text.tokenizer import Tokenizer

_LOADERS = {
    ".json": "fastseq.text.tokenizer_json",
    ".model": "fastseq.text.sentencepiece",
    ".spm": "fastseq.text.sentencepiece",
    ".gguf": "fastseq.formats.gguf_tokenizer",
}
"""Modules whose `load` reads files of an ending; only that of the file is imported."""


def load(
    place: Path, *, encoding: str | None, pattern: str | None, special_tokens: Mapping[str, int] | None
) -> BpeTokenizer | PipelineTokenizer | SentencePieceTokenizer:
    """See `Tokenizer.load`."""
    made: BpeTokenizer | PipelineTokenizer | SentencePieceTokenizer | None
    if place.is_dir():
        made = _of_folder(place)
        if made is not None:
            return made
        place = _in_folder(place)
    if place.suffix in _LOADERS:
        for name, value in (
            ("encoding", encoding),
            ("pattern", pattern),
            ("special_tokens", special_tokens),
        ):
            if value is not None:
                raise ArgumentError("the file says it itself", where=name, found=str(place))
        loader = importlib.import_module(_LOADERS[place.suffix])
        return cast("BpeTokenizer | PipelineTokenizer | SentencePieceTokenizer", loader.load(place))
    from fastseq.text import tiktoken_file

    return tiktoken_file.load(place, encoding=encoding, pattern=pattern, special_tokens=special_tokens)


def from_config(config: Mapping[str, Any], folder: Path) -> Tokenizer:
    """See `Tokenizer.from_config`."""
    from fastseq.text import bpe, sentencepiece, tokenizer_json
    from fastseq.text.characters import CharTokenizer
    from fastseq.text.words import WordTokenizer

    kinds: dict[str, Callable[[Path, dict[str, Any]], Tokenizer]] = {
        CharTokenizer.kind: CharTokenizer.from_config_of,
        WordTokenizer.kind: WordTokenizer.from_config_of,
        "bpe": bpe.from_config,
        "sentencepiece": sentencepiece.from_config,
        "pipeline": tokenizer_json.from_config,
    }
    options = dict(config)
    kind = options.pop("kind", None)
    if not isinstance(kind, str) or kind not in kinds:
        raise FormatError(
            "unknown kind of tokenizer", where="kind", expected=", ".join(kinds), found=repr(kind)
        )
    name = options.pop("vocabulary", None)
    if not isinstance(name, str) or not name or Path(name).name != name:
        raise FormatError(
            "not a file name", where="vocabulary", expected="a file of the folder", found=repr(name)
        )
    return kinds[kind](Path(folder, name), options)


def _in_folder(folder: Path) -> Path:
    """tokenizer.json, else the only file of an ending that says what it is."""
    found = folder / "tokenizer.json"
    if found.exists():
        return found
    others = sorted(path for path in folder.iterdir() if path.suffix in (*_LOADERS, ".tiktoken"))
    others = [path for path in others if path.suffix != ".json"]
    if len(others) != 1:
        raise ArgumentError(
            "which tokenizer?" if others else "no tokenizer",
            where=str(folder),
            expected="tokenizer.json, or one file in .model, .spm, .gguf or .tiktoken",
            found=", ".join(path.name for path in others)[:200],
        )
    return others[0]


def _of_folder(folder: Path) -> Any:
    """The tokenizer of a native folder: that of its texts, not of what it writes; None: no such folder."""
    path = folder / "config.json"
    content = read_json(path) if path.exists() and not (folder / "tokenizer.json").exists() else None
    if not isinstance(content, dict) or "fastseq" not in content:
        return None
    entry = content.get("tokenizer")
    if not isinstance(entry, dict):
        raise FormatError("no tokenizer", where=str(path), expected="an entry `tokenizer`")
    try:
        return from_config(entry, folder)
    except FastseqError as error:
        inside = error.where.startswith(str(folder))
        raise (error if inside else error.within(f"{path}: tokenizer")) from None
