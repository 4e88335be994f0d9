"""What stands around the weights of a folder: the tokenizer, starts and stops, the chat template."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from fastseq.errors import FastseqError, FormatError
from fastseq.files import read_json, regular_size
from fastseq.formats.fields import Fields
from fastseq.formats.huggingface import merges
from fastseq.models.plain import shown
from fastseq.models.spec import TOKENS_MAX, GenerationSpec
from fastseq.text import Tokenizer, sentencepiece
from fastseq.text.bpe import BpeTokenizer
from fastseq.text.pipeline import PipelineTokenizer
from fastseq.text.sentencepiece import SentencePieceTokenizer

TEMPLATE_BYTES_MAX = 2**20
_ROLES = tuple(f"{role}_token" for role in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"))
_ADVICE = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")


def tokenizer(folder: Path) -> Tokenizer | None:
    """Of tokenizer.json, SentencePiece's tokenizer.model, or vocab.json with merges.txt; None without."""
    if (folder / "tokenizer.json").is_file():
        return Tokenizer.load(folder / "tokenizer.json")
    if (folder / "tokenizer.model").is_file():
        settings = _optional(folder / "tokenizer_config.json")
        return sentencepiece.load(
            folder / "tokenizer.model",
            add_bos=settings.flag("add_bos_token", True),
            add_eos=settings.flag("add_eos_token", False),
            metaspace="always" if settings.flag("legacy", False) else "first",
        )
    return merges.load(folder) if merges.matches(folder) else None


def generation(folder: Path, config: Fields, found: Tokenizer | None, vocabulary: int) -> GenerationSpec:
    """What generation_config.json says, and config.json where it says nothing; without them, nothing."""
    place = folder / "generation_config.json"
    given = _optional(place)
    path = folder / "config.json" if given.values.get("eos_token_id") is None else place
    try:
        stops = _ids(given if given.has("eos_token_id") else config, "eos_token_id", vocabulary)
    except FastseqError as error:
        raise error.within(str(path)) from None
    around = found.encode("") if found is not None else []
    advised = {key: given.values[key] for key in _ADVICE if type(given.values.get(key)) in (int, float)}
    try:
        start = _spelled(around[0], found) if around else None
        named = tuple(_spelled(id, found) for id in stops)
    except FastseqError as error:
        raise error.within(str(path)) from None
    made = GenerationSpec(
        start=start,
        stop=named,
        advised={key: float(value) for key, value in advised.items()},
    )
    if not given.has("max_new_tokens"):
        return made
    return dataclasses.replace(made, max_new_tokens=given.whole("max_new_tokens", most=TOKENS_MAX))


def chat_template(folder: Path) -> str:
    """That of chat_template.jinja, or else of tokenizer_config.json (the default of several), or nothing."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        if regular_size(file) > TEMPLATE_BYTES_MAX:
            raise FormatError("too large", where=str(file), expected=f"at most {TEMPLATE_BYTES_MAX} bytes")
        try:
            return file.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise FormatError("not UTF-8", where=str(file), found=f"byte {error.start}") from None
    given = _optional(folder / "tokenizer_config.json").values.get("chat_template")
    if isinstance(given, list):
        named = {one.get("name"): one.get("template") for one in given if isinstance(one, dict)}
        given = named.get("default", "")
    return _text(given or "", folder / "tokenizer_config.json")


def chat_tokens(folder: Path) -> dict[str, str]:
    """What a template knows by name: bos_token, eos_token and the like.

    Of special_tokens_map.json and tokenizer_config.json, which goes first.
    """
    found: dict[str, str] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        for role, token in _optional(folder / name).values.items():
            text = token.get("content") if isinstance(token, dict) else token
            if role in _ROLES and isinstance(text, str):
                found[role] = text
    return found


def _text(value: Any, place: Path) -> str:
    if not isinstance(value, str) or len(value) > TEMPLATE_BYTES_MAX:
        raise FormatError(
            "no template",
            where=f"{place}: chat_template",
            expected="a string, or a list of named ones",
            found=shown(value),
        )
    return value


def _optional(path: Path) -> Fields:
    """The values of a file; none without it."""
    content = read_json(path) if path.is_file() else {}
    if not isinstance(content, dict):
        raise FormatError("not an object", where=str(path), expected="named values", found=shown(content))
    return Fields(content, f"{path}: ")


def _ids(fields: Fields, key: str, vocabulary: int) -> list[int]:
    """One id or several; a number below 0 is none."""
    value = fields.values.get(key)
    given = value if isinstance(value, list) else [] if value is None else [value]
    if len(given) > 1000 or not all(type(id) is int and id < vocabulary for id in given):
        raise fields.wrong(key, f"ids below {vocabulary}")
    return [id for id in dict.fromkeys(given) if id >= 0]


def _spelled(id: int, found: Tokenizer | None) -> str:
    """A token as a spec names it: without a tokenizer by its number."""
    if found is None:
        return str(id)
    name = {known: text for text, known in found.special_tokens.items()}.get(id)
    if name is None and isinstance(found, SentencePieceTokenizer):
        name = found.piece(id)
    elif name is None and isinstance(found, (BpeTokenizer, PipelineTokenizer)):
        token = found.token(id)
        name = token if isinstance(token, str) else token.decode("utf-8", "replace")
    if name is None or found.token_id(name) != id:
        raise FormatError(
            "a token that has no name", where="token", expected="a name of its own", found=str(id)
        )
    return name
