"""The `pre_tokenizer` of a tokenizer.json as steps of the native pipeline, or as one scanner."""

from __future__ import annotations

from typing import Any

from fastseq.errors import FormatError
from fastseq.text.json_values import Json, an_object, kinds_of, one_of, option, refuse, steps_of
from fastseq.text.patterns import DEEPSEEK, GPT2, IN_JSON
from fastseq.text.regexes import Isolated, Pattern

WHERE = "pre_tokenizer"

_BEHAVIORS = {
    "Removed": "removed",
    "Isolated": "isolated",
    "MergedWithPrevious": "merged_with_previous",
    "MergedWithNext": "merged_with_next",
    "Contiguous": "contiguous",
}
_SPACES: Json = {"kind": "spaces", "behavior": "removed"}
_SIGNS: Json = {"kind": "signs", "behavior": "isolated"}


def cuts_of(entry: Any) -> list[Json]:
    """The steps (native.Pipeline) of an entry."""
    steps = steps_of(entry, WHERE, "pretokenizers")
    scanned = scanner_of(steps)
    if scanned is not None and isinstance(scanned[0], str):
        rule, prefix_space = scanned
        made: list[Json] = [{"kind": "pattern", "rule": rule}, {"kind": "alphabet"}]
        return [{"kind": "prefix", "text": " "}, *made] if prefix_space else made
    return [cut for where, step in steps for cut in _cuts(step, where)]


def _cuts(step: Json, where: str) -> list[Json]:
    kind = step.get("type")
    if kind == "BertPreTokenizer":
        return [_SPACES, _SIGNS]
    if kind == "WhitespaceSplit":
        return [_SPACES]
    if kind == "Whitespace":
        return [{"kind": "words", "behavior": "removed", "invert": True}]
    if kind == "Punctuation":
        return [{"kind": "signs", "behavior": one_of(step, "behavior", _BEHAVIORS, "Isolated", where)}]
    if kind == "Digits":
        alone = option(step, "individual_digits", bool, False, where)
        return [{"kind": "numbers", "behavior": "isolated" if alone else "contiguous"}]
    if kind == "CharDelimiterSplit":
        return [{"kind": "text", "text": _character(step, "delimiter", "", where), "behavior": "removed"}]
    if kind == "FixedLength":
        return [{"kind": "length", "length": _length(step, where)}]
    if kind == "Split":
        return _split(step, where)
    if kind == "Metaspace":
        return _metaspace(step, where)
    if kind == "ByteLevel":
        return _byte_level(step, where)
    refuse(step, where)


def _length(step: Json, where: str) -> int:
    length = option(step, "length", int, 5, where)
    if not 0 < length < 2**30:
        raise FormatError("out of range", where=f"{where}.length", expected="1 or more", found=str(length))
    return length


def _character(step: Json, key: str, absent: str, where: str) -> str:
    value = option(step, key, str, absent, where)
    if len(value) != 1:
        raise FormatError(
            "wrong type", where=f"{where}.{key}", expected="one character", found=f"{value!r:.60}"
        )
    return value


def _split(step: Json, where: str) -> list[Json]:
    pattern = an_object(step.get("pattern"), f"{where}.pattern")
    made: Json = {
        "behavior": one_of(step, "behavior", _BEHAVIORS, "", where),
        "invert": option(step, "invert", bool, False, where),
    }
    if isinstance(text := pattern.get("String"), str):
        return [{"kind": "text", "text": text, **made}] if text else []
    regex = pattern.get("Regex")
    if not isinstance(regex, str):
        raise FormatError(
            "not a pattern",
            where=f"{where}.pattern",
            expected="String or Regex",
            found=f"{pattern!r:.60}",
        )
    if regex not in IN_JSON:
        return [{"kind": "outside", "find": Pattern(regex, "onig", f"{where}.pattern.Regex"), **made}]
    return [{"kind": "pattern", "rule": IN_JSON[regex], **made}]


def _metaspace(step: Json, where: str) -> list[Json]:
    space = _character(step, "replacement", "\u2581", where)
    schemes = {"always": "prefix", "first": "first_prefix", "never": ""}
    older = option(step, "add_prefix_space", bool, True, where)
    prefix = one_of(step, "prepend_scheme", schemes, "always" if older else "never", where)
    made: list[Json] = [{"kind": "replace_spaces", "text": space}]
    if prefix:
        made.append({"kind": prefix, "text": space})
    if option(step, "split", bool, True, where):
        made.append({"kind": "text", "text": space, "behavior": "merged_with_next"})
    return made


def _byte_level(step: Json, where: str) -> list[Json]:
    made: list[Json] = []
    if option(step, "add_prefix_space", bool, True, where):
        made.append({"kind": "prefix", "text": " "})
    if option(step, "use_regex", bool, True, where):
        made.append({"kind": "pattern", "rule": "gpt2"})
    return [*made, {"kind": "alphabet"}]


def scanner_of(steps: list[tuple[str, Json]]) -> tuple[str | Pattern, bool] | None:
    """(scanner, whether a space goes before a text) of one scanner and ByteLevel; else None."""
    if not steps or steps[-1][1].get("type") != "ByteLevel":
        return None
    where, byte_level = steps[-1]
    prefix_space = option(byte_level, "add_prefix_space", bool, True, where)
    cuts = [_pattern(step) for _, step in steps[:-1]]
    if option(byte_level, "use_regex", bool, True, where):
        cuts.append(GPT2)
    if None in cuts or (prefix_space and len(cuts) > 1):
        return None
    rule = _rule([cut for cut in cuts if cut is not None])
    return None if rule is None else (rule, prefix_space)


def _rule(cuts: list[str]) -> str | Pattern | None:
    if not cuts:
        return "whole"
    if cuts == ["digits", GPT2]:
        return "smollm"
    if tuple(cuts) == DEEPSEEK:
        return "deepseek"
    if len(cuts) > 1 or cuts == ["digits"]:
        return None
    return IN_JSON.get(cuts[0]) or Isolated(cuts[0], f"{WHERE}, pattern")


def _pattern(step: Json) -> str | None:
    """The regular expression that a step isolates, or "digits"; None: it does something else."""
    if step.get("type") == "Digits" and step.get("individual_digits") is True:
        return "digits"
    if step.get("type") != "Split" or not isinstance(step.get("pattern"), dict):
        return None
    pattern, invert = step["pattern"].get("Regex"), step.get("invert") or False
    # Every character is in a match of the known ones, so matches left over come to the same pieces.
    isolated = step.get("behavior") == "Isolated" and invert is False
    left_over = step.get("behavior") == "Removed" and invert is True and pattern in IN_JSON
    return pattern if isinstance(pattern, str) and (isolated or left_over) else None


__all__ = ["cuts_of", "kinds_of", "scanner_of"]
