"""tokenizer.json, as the tokenizers library writes it: byte-level byte-pair encoding.

What this version does not run is refused by its name and place in the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from fastseq._core import native
from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.files import read_json
from fastseq.text.added import AddedToken
from fastseq.text.bpe import BpeTokenizer
from fastseq.text.patterns import DEEPSEEK, GPT2, IN_JSON

Json = dict[str, Any]


def load(path: Path) -> BpeTokenizer:
    """The tokenizer of a tokenizer.json."""
    try:
        return from_json(read_json(path))
    except RecursionError:
        raise FormatError("nested too deeply", where=str(path), expected="JSON of a few levels") from None
    except FastseqError as error:
        raise (error if error.where.startswith(str(path)) else error.within(str(path))) from None


def from_json(content: Any) -> BpeTokenizer:
    """The same of its content."""
    top = _object(content, "the file")
    if top.get("normalizer") is not None:
        _refuse(top["normalizer"], "normalizer")
    pattern, prefix_space = _cutting(top.get("pre_tokenizer"))
    added = _added_tokens(top.get("added_tokens") or [])
    prepend, append = _around(top.get("post_processor"))
    _check_decoder(top.get("decoder"))
    model = _object(top.get("model"), "model")
    return BpeTokenizer(
        native.BpeEncoder(
            pattern=pattern,
            prefix_space=prefix_space,
            markers=[(token.text, token.id, token.flags) for token in added],
            prepend=prepend,
            append=append,
            **_model(model),
        ),
        added,
    )


def _model(model: Json) -> Json:
    """Arguments of the native encoder."""
    kind = model.get("type", "BPE" if "merges" in model else None)
    if kind != "BPE":
        _refuse(model, "model")
    for key in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(key):
            raise UnsupportedError("not supported", where=f"model.{key}", found=f"{model[key]!r:.60}")
    if model.get("byte_fallback"):
        raise UnsupportedError("not supported", where="model.byte_fallback", found="true")
    vocab = _object(model.get("vocab"), "model.vocab")
    for token, id in vocab.items():
        if type(id) is not int or not 0 <= id < 2**24:
            raise FormatError(
                "id out of range",
                where=f"model.vocab, {token!r:.60}",
                expected="0 to 16777215",
                found=f"{id!r:.60}",
            )
    return {
        "tokens": vocab.keys(),
        "ids": list(vocab.values()),
        "merges": _merges(_list(model.get("merges"), "model.merges")),
        "ignore_merges": bool(model.get("ignore_merges")),
    }


def _merges(merges: list[Any]) -> list[str]:
    """Left, right, left, right ..., of pairs or of strings with a space between."""
    pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]
    for place, pair in enumerate(pairs):
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(side, str) for side in pair):
            raise FormatError(
                "not a merge",
                where=f"model.merges[{place}]",
                expected="two tokens",
                found=f"{merges[place]!r:.60}",
            )
    return [side for pair in pairs for side in pair]


def _cutting(pre: Any) -> tuple[str, bool]:
    """(scanner, whether a space goes before a text) of the pre-tokenizer."""
    steps = _steps(pre, "pre_tokenizer", "pretokenizers")
    if not steps or steps[-1].get("type") != "ByteLevel":
        raise UnsupportedError(
            "not byte-level", where="pre_tokenizer", expected="ByteLevel, last of all", found=_kinds(steps)
        )
    byte_level = steps.pop()
    prefix_space = bool(byte_level.get("add_prefix_space", True))
    cuts = [_cut(step) for step in steps]
    if byte_level.get("use_regex", True):
        cuts.append(GPT2)
    if prefix_space and len(cuts) > 1:
        raise UnsupportedError(
            "not supported", where="pre_tokenizer", found="add_prefix_space behind other cuts"
        )
    return _scanner(cuts), prefix_space


def _scanner(cuts: list[str]) -> str:
    if not cuts:
        return "whole"
    if cuts == ["digits", GPT2]:
        return "smollm"
    if tuple(cuts) == DEEPSEEK:
        return "deepseek"
    if len(cuts) == 1 and cuts[0] in IN_JSON:
        return IN_JSON[cuts[0]]
    raise UnsupportedError("no scanner for these patterns", where="pre_tokenizer", found=f"{cuts!r:.150}")


def _cut(step: Json) -> str:
    """A regular expression, or "digits"."""
    kind = step.get("type")
    if kind == "Digits" and step.get("individual_digits"):
        return "digits"
    if kind == "Split":
        pattern = _object(step.get("pattern"), "pre_tokenizer.pattern").get("Regex")
        how = str(step.get("behavior")).lower(), bool(step.get("invert"))
        # Every character is in a match of the known ones, so matches left over come to the same pieces.
        if isinstance(pattern, str) and (
            how == ("isolated", False) or (how == ("removed", True) and pattern in IN_JSON)
        ):
            return pattern
    _refuse(step, "pre_tokenizer")


def _added_tokens(items: Any) -> list[AddedToken]:
    added = []
    for place, item in enumerate(_list(items, "added_tokens")):
        where = f"added_tokens[{place}]"
        token = _object(item, where)
        text, id = token.get("content"), token.get("id")
        if not isinstance(text, str) or not text or type(id) is not int or not 0 <= id < 2**24:
            raise FormatError(
                "not a token",
                where=where,
                expected="content, and an id from 0 to 16777215",
                found=f"{text!r:.60}, {id!r:.60}",
            )
        flags = (bool(token.get(key)) for key in ("special", "lstrip", "rstrip", "single_word"))
        added.append(AddedToken(text, id, *flags))
    return added


def _around(post: Any) -> tuple[list[int], list[int]]:
    """Ids before and behind every text."""
    before: list[int] = []
    behind: list[int] = []
    for step in _steps(post, "post_processor", "processors"):
        kind = step.get("type")
        if kind == "TemplateProcessing":
            first, last = _template(step)
        elif kind in ("RobertaProcessing", "BertProcessing"):
            first, last = [_id_of(step, "cls")], [_id_of(step, "sep")]
        elif kind == "ByteLevel":
            continue
        else:
            _refuse(step, "post_processor")
        before, behind = first + before, behind + last
    return before, behind


def _id_of(step: Json, key: str) -> int:
    pair = step.get(key)
    if isinstance(pair, list) and len(pair) == 2 and type(pair[1]) is int:
        return pair[1]
    raise FormatError("not a token and its id", where=f"post_processor.{key}", found=f"{pair!r:.60}")


def _template(step: Json) -> tuple[list[int], list[int]]:
    tokens = _object(step.get("special_tokens"), "post_processor.special_tokens")
    sides: tuple[list[int], list[int]] = ([], [])
    behind = 0
    for place, part in enumerate(_list(step.get("single"), "post_processor.single")):
        where = f"post_processor.single[{place}]"
        part = _object(part, where)
        if "Sequence" in part and not behind:
            behind = 1
            continue
        name = _object(part.get("SpecialToken"), where).get("id")
        ids = _object(tokens.get(str(name)), f"post_processor.special_tokens, {name!r:.60}").get("ids")
        if not isinstance(ids, list) or not all(type(id) is int for id in ids):
            raise FormatError("no ids", where=where, found=f"{ids!r:.60}")
        sides[behind].extend(ids)
    if not behind:
        raise FormatError("no place for the text", where="post_processor.single", expected="a Sequence")
    return sides


def _check_decoder(decoder: Any) -> None:
    for step in _steps(decoder, "decoder", "decoders"):
        if step.get("type") not in ("ByteLevel", "Fuse"):
            _refuse(step, "decoder")


def _steps(step: Any, where: str, name: str) -> list[Json]:
    """A Sequence's members, and theirs; one alone is a list of one, null none."""
    if step is None:
        return []
    step = _object(step, where)
    if step.get("type") != "Sequence":
        return [step]
    return [inner for item in _list(step.get(name), where) for inner in _steps(item, where, name)]


def _kinds(steps: list[Json]) -> str:
    return ", ".join(f"{step.get('type')!r:.40}" for step in steps) or "none"


def _object(value: Any, where: str) -> Json:
    if not isinstance(value, dict):
        raise FormatError("wrong type", where=where, expected="an object", found=type(value).__name__)
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError("wrong type", where=where, expected="a list", found=type(value).__name__)
    return value


def _refuse(step: Any, where: str) -> NoReturn:
    kind = step.get("type") if isinstance(step, dict) else type(step).__name__
    raise UnsupportedError("not supported", where=where, found=f"{kind!r:.60}")
