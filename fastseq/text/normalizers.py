"""The `normalizer` entry of a tokenizer.json as native steps.

What this version does not run is refused by its name and place.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from fastseq._core import native
from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.text.json_values import Json, refuse, steps_of

PLAIN = "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"
"""Those without options."""

RUNS = {
    " +": ("spaces", 1),
    " {1,}": ("spaces", 1),
    " {2,}": ("spaces", 2),
    "  +": ("spaces", 2),
    r"\s+": ("white_space", 1),
    r"\s{2,}": ("white_space", 2),
    r"\s\s+": ("white_space", 2),
}
"""Regular expressions that Replace has a loop for: what is in a row, and the shortest run."""


def from_json(entry: Any, where: str = "normalizer") -> native.Normalizer | None:
    """The normalizer of an entry; None when it does nothing.

    Raises `FormatError` for what is damaged and `UnsupportedError` for what is not known, with the place.
    """
    places: list[str] = []
    steps: list[Json] = []
    for place, item in steps_of(entry, where, "normalizers"):
        steps.append(_step(item, place))
        places.append(place)
    if not steps:
        return None
    try:
        return native.Normalizer(steps)
    except FastseqError as error:
        number, _, rest = error.where.removeprefix("steps[").partition("]: ")
        raise type(error)(
            error.what, where=f"{places[int(number)]}.{rest}", expected=error.expected, found=error.found
        ) from None


def _step(item: Json, where: str) -> Json:
    """Of native.Normalizer."""
    kind = item.get("type")
    if kind in PLAIN:
        return {"kind": kind}
    if kind == "BertNormalizer":
        return {"kind": kind, "options": _bert(item, where)}
    if kind == "Strip":
        options = [side for side in ("left", "right") if _flag(item, f"strip_{side}", True, where)]
        return {"kind": kind, "options": options}
    if kind == "Prepend":
        return {"kind": kind, "content": _text(item, "prepend", where)}
    if kind == "Replace":
        return _replace(item, where)
    if kind == "Precompiled":
        return {"kind": kind, "content": _character_map(item, where)}
    refuse(item, where)


def _bert(item: Json, where: str) -> list[str]:
    names = "clean_text", "handle_chinese_chars", "lowercase"
    options = [name for name in names if _flag(item, name, True, where)]
    accents_go = item.get("strip_accents")
    if accents_go is None:
        accents_go = "lowercase" in options
    if not isinstance(accents_go, bool):
        raise FormatError(
            "wrong type",
            where=f"{where}.strip_accents",
            expected="true, false or null",
            found=f"{accents_go!r:.60}",
        )
    return [*options, "strip_accents"] if accents_go else options


def _replace(item: Json, where: str) -> Json:
    content = _text(item, "content", where)
    pattern = item.get("pattern")
    known = pattern if isinstance(pattern, dict) and len(pattern) == 1 else {}
    kind, text = next(iter(known.items()), (None, None))
    if kind not in ("String", "Regex") or not isinstance(text, str):
        raise FormatError(
            "not a pattern", where=f"{where}.pattern", expected="String or Regex", found=f"{pattern!r:.60}"
        )
    if kind == "Regex" and text in RUNS:
        of, least = RUNS[text]
        return {"kind": "runs", "options": [of], "least": least, "content": content}
    if kind == "Regex" and re.search(r"[][\\^$.|?*+(){}]", text):
        raise UnsupportedError(
            "regular expression not supported",
            where=f"{where}.pattern.Regex",
            expected=f"a text, or one of {', '.join(RUNS)}",
            found=f"{text!r:.100}",
        )
    return {"kind": "Replace", "pattern": text, "content": content}


def _character_map(item: Json, where: str) -> bytes:
    try:
        return base64.b64decode(_text(item, "precompiled_charsmap", where), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(
            "not base64", where=f"{where}.precompiled_charsmap", found=f"{error!s:.100}"
        ) from None


def _text(item: Json, key: str, where: str) -> str:
    value = item.get(key)
    if not isinstance(value, str):
        raise FormatError(
            "wrong type", where=f"{where}.{key}", expected="a string", found=type(value).__name__
        )
    if not value.isascii() and re.search("[\ud800-\udfff]", value):
        raise FormatError("lone surrogate", where=f"{where}.{key}", found=f"{value!r:.60}")
    return value


def _flag(item: Json, key: str, absent: bool, where: str) -> bool:
    value = item.get(key, absent)
    if not isinstance(value, bool):
        raise FormatError(
            "wrong type", where=f"{where}.{key}", expected="true or false", found=f"{value!r:.60}"
        )
    return value
