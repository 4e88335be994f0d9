"""The post_processor of a tokenizer.json: what is put around one text and two, with types, and offsets."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastseq.errors import FormatError, UnsupportedError

Json = dict[str, Any]


class Part(NamedTuple):
    """A text, or tokens that are put in."""

    text: int
    """0 or 1: the first or the second text; -1: none of them."""
    type_id: int
    ids: tuple[int, ...] = ()


class Processing(NamedTuple):
    """What becomes of one text and of two."""

    single: tuple[Part, ...] = (Part(0, 0),)
    pair: tuple[Part, ...] = (Part(0, 0), Part(1, 1))
    trims: bool = False
    """Whether offsets leave out the white space at the ends of byte-level tokens, """
    prefix_space: bool = True
    """except a space that was put before the text."""

    def parts(self, pair: bool, with_tokens: bool) -> tuple[Part, ...]:
        """What becomes of one text or two."""
        parts = self.pair if pair else self.single
        return parts if with_tokens else tuple(part for part in parts if part.text >= 0)

    def added(self, pair: bool) -> int:
        """How many tokens it puts in."""
        return sum(len(part.ids) for part in self.parts(pair, True))


def processing_of(entry: Any) -> Processing:
    """That of a post_processor."""
    if entry is None:
        return Processing()
    kind = entry.get("type")
    if kind == "Sequence":
        return _sequence(entry)
    if kind == "ByteLevel":
        return Processing(
            trims=entry.get("trim_offsets", True), prefix_space=entry.get("add_prefix_space", True)
        )
    if kind == "TemplateProcessing":
        return Processing(_template(entry, "single"), _template(entry, "pair"))
    if kind in ("BertProcessing", "RobertaProcessing"):
        return _of_bert(entry, kind == "RobertaProcessing")
    raise UnsupportedError("not supported", where="post_processor", found=f"{kind!r:.60}")


def _sequence(entry: Json) -> Processing:
    """Where several put tokens in, each does it to what is there; here one may."""
    made = Processing()
    for step in map(processing_of, entry.get("processors", [])):
        plain = Processing()
        if (step.single, step.pair) != (plain.single, plain.pair):
            if (made.single, made.pair) != (plain.single, plain.pair):
                raise UnsupportedError(
                    "not supported", where="post_processor", found="two that put tokens in"
                )
            made = made._replace(single=step.single, pair=step.pair)
        if step.trims:
            made = made._replace(trims=True, prefix_space=step.prefix_space)
    return made


def _template(entry: Json, name: str) -> tuple[Part, ...]:
    tokens = entry.get("special_tokens") or {}
    parts = []
    for piece in entry.get(name) or []:
        if "Sequence" in piece:
            text = {"A": 0, "B": 1}.get(piece["Sequence"].get("id"), -1)
            parts.append(Part(text, piece["Sequence"].get("type_id", 0)))
        else:
            token = piece.get("SpecialToken") or {}
            if token.get("id") not in tokens:
                raise FormatError("no such token", where=f"post_processor.{name}", found=f"{token!r:.60}")
            parts.append(Part(-1, token.get("type_id", 0), tuple(tokens[token["id"]]["ids"])))
    return tuple(parts)


def _of_bert(entry: Json, roberta: bool) -> Processing:
    first, last = (Part(-1, 0, (entry[key][1],)) for key in ("cls", "sep"))
    if roberta:
        return Processing(
            (first, Part(0, 0), last),
            (first, Part(0, 0), last, last, Part(1, 0), last),
            entry.get("trim_offsets", True),
            entry.get("add_prefix_space", True),
        )
    second = (Part(1, 1), last._replace(type_id=1))
    return Processing((first, Part(0, 0), last), (first, Part(0, 0), last, *second))


def trimmed(offsets: list[tuple[int, int]], tokens: list[str], prefix_space: bool) -> list[tuple[int, int]]:
    """Places of byte-level tokens without the white space at their ends."""
    made = []
    for place, ((begin, end), token) in enumerate(zip(offsets, tokens, strict=True)):
        leading = len(token) - len(_without_spaces(token))
        trailing = len(token) - len(_without_spaces(token[::-1]))
        if leading and prefix_space and (place == 0 or begin == 0):
            leading -= 1
        begin = min(begin + leading, end)
        if trailing and end >= trailing:
            end = max(end - trailing, begin)
        made.append((begin, end))
    return made


def _without_spaces(token: str) -> str:
    """Without those that it begins with."""
    at = 0
    while at < len(token) and (token[at] == "\u0120" or token[at].isspace()):
        at += 1
    return token[at:]
