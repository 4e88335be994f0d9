"""What a tokenizer.json says of whole texts: added tokens, what is put around them, how long they may be."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastseq.errors import FormatError
from fastseq.text.added import AddedToken
from fastseq.text.json_values import Json, a_list, an_id, an_object, one_of, option, refuse, steps_of
from fastseq.text.lengths import Padding, Truncation
from fastseq.text.pairs import Part


class Around(NamedTuple):
    """What the post-processor makes of one text, and of two."""

    single: list[Part]
    pair: list[Part]

    @property
    def prepend(self) -> list[int]:
        place = self.single.index("A")
        return [part for part in self.single[:place] if isinstance(part, int)]

    @property
    def append(self) -> list[int]:
        place = self.single.index("A")
        return [part for part in self.single[place + 1 :] if isinstance(part, int)]


def added_tokens(items: Any) -> list[AddedToken]:
    """In the order of the file, each spelling and each id once."""
    added: list[AddedToken] = []
    seen: dict[str | int, int] = {}
    for place, item in enumerate(a_list(items, "added_tokens")):
        where = f"added_tokens[{place}]"
        token = an_object(item, where)
        text, id = token.get("content"), token.get("id")
        if not isinstance(text, str) or not text or type(id) is not int or not 0 <= id < 2**24:
            raise FormatError(
                "not a token",
                where=where,
                expected="content, and an id from 0 to 16777215",
                found=f"{text!r:.60}, {id!r:.60}",
            )
        for what in (text, id):
            if seen.setdefault(what, place) != place:
                raise FormatError(
                    "an added token comes twice", where=where, expected="each once", found=f"{what!r:.60}"
                )
        special = option(token, "special", bool, False, where)
        keys = ("lstrip", "rstrip", "single_word")
        flags = {key: option(token, key, bool, False, where) for key in keys}
        normalized = option(token, "normalized", bool, not special, where)
        added.append(AddedToken(text, id, special, **flags, normalized=normalized))
    return added


def around(entry: Any) -> Around:
    """Of the post-processor."""
    made = Around(["A"], ["A", "B"])
    for where, step in steps_of(entry, "post_processor", "processors"):
        kind = step.get("type")
        if kind == "TemplateProcessing":
            single, pair = _template(step, "single", where), _template(step, "pair", where)
        elif kind in ("RobertaProcessing", "BertProcessing"):
            first, last = _id_of(step, "cls", where), _id_of(step, "sep", where)
            between: list[Part] = [last] if kind == "BertProcessing" else [last, last]
            single, pair = [first, "A", last], [first, "A", *between, "B", last]
        elif kind == "ByteLevel":
            continue
        else:
            refuse(step, where)
        if "A" not in single:
            raise FormatError("no place for the text", where=f"{where}.single", expected="a Sequence")
        made = Around(_nested(single, made.single), pair if made.pair == ["A", "B"] else [])
    return made


def _nested(outer: list[Part], inner: list[Part]) -> list[Part]:
    """What a processor makes of what the one before it made of the text."""
    place = outer.index("A")
    return [*outer[:place], *inner, *outer[place + 1 :]]


def _id_of(step: Json, key: str, where: str) -> int:
    pair = step.get(key)
    if isinstance(pair, list) and len(pair) == 2:
        return an_id(pair[1], f"{where}.{key}")
    raise FormatError("not a token and its id", where=f"{where}.{key}", found=f"{pair!r:.60}")


def _template(step: Json, name: str, where: str) -> list[Part]:
    where = f"{where}.{name}"
    if name == "pair" and step.get(name) is None:
        return []
    tokens = an_object(step.get("special_tokens"), "post_processor.special_tokens")
    made: list[Part] = []
    for place, part in enumerate(a_list(step.get(name), where)):
        here = f"{where}[{place}]"
        part = an_object(part, here)
        if "Sequence" in part:
            which = an_object(part["Sequence"], here).get("id")
            if which not in ("A", "B") or which in made or (which == "B" and name == "single"):
                raise FormatError(
                    "no such text, or twice", where=here, expected="A or B", found=f"{which!r:.60}"
                )
            made.append(which)
            continue
        token = an_object(part.get("SpecialToken"), here).get("id")
        ids = an_object(tokens.get(str(token)), f"post_processor.special_tokens, {token!r:.60}").get("ids")
        if not isinstance(ids, list) or not all(type(id) is int for id in ids):
            raise FormatError("no ids", where=here, found=f"{ids!r:.60}")
        made.extend(an_id(id, here) for id in ids)
    return made


_SIDES = {"Right": "right", "Left": "left"}


def truncation(entry: Any) -> Truncation | None:
    if entry is None:
        return None
    where = "truncation"
    entry = an_object(entry, where)
    strategies = {"LongestFirst": "longest_first", "OnlyFirst": "only_first", "OnlySecond": "only_second"}
    return Truncation(
        max_length=an_id(entry.get("max_length"), f"{where}.max_length"),
        side=one_of(entry, "direction", _SIDES, "Right", where),
        strategy=one_of(entry, "strategy", strategies, "LongestFirst", where),
    )


def padding(entry: Any) -> Padding | None:
    if entry is None:
        return None
    where = "padding"
    entry = an_object(entry, where)
    strategy = entry.get("strategy", "BatchLongest")
    fixed = strategy.get("Fixed") if isinstance(strategy, dict) else None
    if strategy != "BatchLongest" and fixed is None:
        raise FormatError(
            "unknown choice",
            where=f"{where}.strategy",
            expected="BatchLongest, Fixed",
            found=f"{strategy!r:.60}",
        )
    return Padding(
        id=an_id(entry.get("pad_id", 0), f"{where}.pad_id"),
        side=one_of(entry, "direction", _SIDES, "Right", where),
        length=None if fixed is None else an_id(fixed, f"{where}.strategy.Fixed"),
        multiple=option(entry, "pad_to_multiple_of", int, 0, where) or 1,
        token=option(entry, "pad_token", str, "[PAD]", where),
    )
