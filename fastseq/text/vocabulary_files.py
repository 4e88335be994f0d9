"""What vocabulary files and corpus files hold, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from fastseq.errors import FormatError, UnsupportedError
from fastseq.files import regular_size

VERSION = 1
_FILE_BYTES_MAX = 2**30


class Named(TypedDict, total=False):
    """What a file says of its tokens."""

    unknown: str | None
    specials: list[str]


def tokens_of_lines(path: Path) -> list[str]:
    size = regular_size(path)
    if size > _FILE_BYTES_MAX:
        raise FormatError("too large", expected=f"at most {_FILE_BYTES_MAX} bytes", found=f"{size} bytes")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError("not UTF-8", where=f"byte {error.start}", expected="text in UTF-8") from None
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    first_at: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        token = line.removesuffix("\r")
        if not token:
            raise FormatError("empty line", where=f"line {number}", expected="a token")
        if first_at.setdefault(token, number) != number:
            raise FormatError(
                "duplicate token",
                where=f"line {number}",
                expected="each token once",
                found=f"{token!r:.60}, as on line {first_at[token]}",
            )
    return list(first_at)


def tokens_of_json(content: Any) -> tuple[list[str], Named]:
    """(tokens, what the file says of unknown and specials)."""
    if isinstance(content, list):
        return _strings(content, "tokens"), Named()
    if not isinstance(content, dict):
        raise FormatError(
            "not a vocabulary", expected="an object or a list of tokens", found=type(content).__name__
        )
    if "fastseq_vocabulary" not in content or not isinstance(content.get("tokens"), list):
        return _tokens_of_mapping(content), Named()
    version = content["fastseq_vocabulary"]
    if version != VERSION or isinstance(version, bool):
        raise UnsupportedError(
            "unknown version", where="fastseq_vocabulary", expected=str(VERSION), found=f"{version!r:.60}"
        )
    for key in content:
        if key not in ("fastseq_vocabulary", "tokens", "unknown", "specials"):
            raise FormatError("unknown key", where=f"{key!r:.60}")
    named = Named()
    if "unknown" in content:
        named["unknown"] = content["unknown"]
        if not isinstance(named["unknown"], str | None):
            raise FormatError(
                "wrong type", where="unknown", expected="a token or null", found=f"{content['unknown']!r:.60}"
            )
    if "specials" in content:
        named["specials"] = _strings(content["specials"], "specials")
    return _strings(content["tokens"], "tokens"), named


def _strings(items: Any, name: str) -> list[str]:
    if not isinstance(items, list):
        raise FormatError("wrong type", where=name, expected="a list of tokens", found=type(items).__name__)
    for place, item in enumerate(items):
        if not isinstance(item, str):
            raise FormatError(
                "wrong type", where=f"{name}[{place}]", expected="a token", found=f"{item!r:.60}"
            )
    return items


def _tokens_of_mapping(ids: dict[str, Any]) -> list[str]:
    """The tokens in the order of their ids, which must be 0 to n - 1, each once."""
    tokens: list[str | None] = [None] * len(ids)
    for token, id in ids.items():
        where = f"token {token!r:.60}"
        if not isinstance(id, int) or isinstance(id, bool):
            raise FormatError("id is not an integer", where=where, found=f"{id!r:.60}")
        if not 0 <= id < len(ids):
            raise FormatError(
                "id out of range", where=where, expected=f"0 to {len(ids) - 1}, each once", found=f"{id:.0f}"
            )
        if tokens[id] is not None:
            raise FormatError(
                "duplicate id", where=where, expected="each id once", found=f"{id}, as of {tokens[id]!r:.60}"
            )
        tokens[id] = token
    return [token for token in tokens if token is not None]
