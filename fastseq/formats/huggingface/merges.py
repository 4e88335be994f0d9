"""vocab.json and merges.txt: byte-level BPE of GPT-2 and OPT from before there was tokenizer.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastseq.errors import FastseqError, FormatError
from fastseq.files import JSON_BYTES_MAX, read_json, regular_size
from fastseq.text import tokenizer_json
from fastseq.text.tokenizer import Tokenizer

VOCABULARY, MERGES = "vocab.json", "merges.txt"
_ROLES = ("bos_token", "eos_token", "unk_token", "pad_token")
_USUAL = "<|endoftext|>"


def matches(folder: Path) -> bool:
    return (folder / VOCABULARY).is_file() and (folder / MERGES).is_file()


def load(folder: Path) -> Tokenizer:
    """The tokenizer of a folder; what begins texts is as tokenizer_config.json says."""
    vocabulary = _object(folder / VOCABULARY)
    settings = {
        **_optional(folder / "special_tokens_map.json"),
        **_optional(folder / "tokenizer_config.json"),
    }
    named = {role: _text(settings.get(role)) for role in _ROLES}
    special = [token for token in dict.fromkeys([*named.values(), _USUAL]) if token in vocabulary]
    cut = {"type": "ByteLevel", "add_prefix_space": settings.get("add_prefix_space") is True}
    begins = named["bos_token"] or _USUAL
    begins = begins if settings.get("add_bos_token") is True and begins in vocabulary else ""
    content = {
        "added_tokens": [_added(token, vocabulary[token]) for token in special],
        "pre_tokenizer": {**cut, "use_regex": True},
        "decoder": {"type": "ByteLevel"},
        "post_processor": _before(begins, vocabulary.get(begins)) if begins else None,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": _merges(folder / MERGES)},
    }
    try:
        return tokenizer_json.from_json(content)
    except FastseqError as error:
        raise error.within(str(folder / VOCABULARY)) from None


def _merges(path: Path) -> list[str]:
    """A line each, behind one that tells the version."""
    if regular_size(path) > JSON_BYTES_MAX:
        raise FormatError("too large", where=str(path), expected=f"at most {JSON_BYTES_MAX} bytes")
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("not UTF-8", where=str(path), found=f"byte {error.start}") from None
    return [line.rstrip("\r") for line in lines[lines[0].startswith("#version") :] if line.strip()]


def _added(token: str, id: Any) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": id, "content": token, "special": True, **flags}


def _before(token: str, id: Any) -> dict[str, Any]:
    """What puts a token before a text."""
    return {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": token, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [],
        "special_tokens": {token: {"id": token, "ids": [id], "tokens": [token]}},
    }


def _text(token: Any) -> str:
    """A token's text: itself, or what an object says of it."""
    token = token.get("content") if isinstance(token, dict) else token
    return token if isinstance(token, str) else ""


def _object(path: Path) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict):
        raise FormatError(
            "not an object", where=str(path), expected="named values", found=type(content).__name__
        )
    return content


def _optional(path: Path) -> dict[str, Any]:
    return _object(path) if path.is_file() else {}
