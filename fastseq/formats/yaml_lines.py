"""The part of YAML that Marian's files are written in: one level of keys, plain and quoted values, lists.

    key: value        key: "text"        key: []        key: [a, b]        key:
                                                                             - item

Anything else is refused by its line.
"""

from __future__ import annotations

from fastseq.errors import FormatError

Value = str | list[str]


def parse(text: str, where: str) -> dict[str, Value]:
    """Values by key, as text; lists as lists of text."""
    found: dict[str, Value] = {}
    items: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        line = _uncommented(line)
        if not line.strip() or line.strip() in ("---", "..."):
            continue
        place = f"{where}, line {number}"
        if line.lstrip().startswith("- "):
            if items is None:
                raise FormatError("an item of no list", where=place, found=f"{line!r:.60}")
            items.append(_scalar(line.strip()[2:], place))
            continue
        key, colon, rest = line.partition(":")
        if line[0] in " \t" or not colon or not key.strip():
            raise FormatError(
                "not a key and its value", where=place, expected="key: value", found=f"{line!r:.60}"
            )
        key, rest, items = key.strip(), rest.strip(), None
        if key in found:
            raise FormatError("the same key twice", where=place, found=key[:60])
        if not rest:
            items = found[key] = []
        elif rest.startswith("["):
            found[key] = _flow(rest, place)
        else:
            found[key] = _scalar(rest, place)
    return found


def _uncommented(line: str) -> str:
    """A line without its comment; a # within quotes is none."""
    quote = ""
    for at, c in enumerate(line):
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c == "#" and (at == 0 or line[at - 1] in " \t"):
            return line[:at].rstrip()
    return line.rstrip()


def _scalar(text: str, place: str) -> str:
    text = text.strip()
    if text[:1] in ('"', "'"):
        if len(text) < 2 or text[-1] != text[0] or text[0] in text[1:-1] or "\\" in text:
            raise FormatError("a quoted text of a kind not read", where=place, found=f"{text!r:.60}")
        return text[1:-1]
    if text[:1] in ("{", "&", "*", "|", ">", "!"):
        raise FormatError(
            "not a plain value", where=place, expected="text, a number or a list", found=f"{text!r:.60}"
        )
    return text


def _flow(text: str, place: str) -> list[str]:
    if not text.endswith("]") or "[" in text[1:]:
        raise FormatError("not a list on one line", where=place, found=f"{text!r:.60}")
    inner = text[1:-1].strip()
    return [_scalar(part, place) for part in inner.split(",")] if inner else []
