"""Where a text may be cut into words before a tokenizer.json's steps are done, without changing any id."""

from __future__ import annotations

from collections.abc import Sequence

from fastseq.text.json_values import Json

_ANYWHERE = {
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Lowercase",
    "StripAccents",
    "Nmt",
    "BertNormalizer",
    "Precompiled",
}
"""Normalizers for which an ASCII space with a character of ASCII or another space behind it is a border."""

_RUNS = (" {2,}", " +", "  +", " {1,}")
"""Regular expressions of spaces in a row."""


def local_of(normalizers: Sequence[Json], cuts: Sequence[Json], lead: str) -> str:
    """Of native.Pipeline: "none", "words", "signs", "wide" or "led".

    normalizers: as the file has them, without the `lead` that the first puts before a text; cuts: those of
    the native pipeline.
    """
    others = [step for step in normalizers if step.get("type") not in _ANYWHERE]
    if cuts and cuts[0] == {"kind": "spaces", "behavior": "removed"} and not lead and not others:
        return _of_words(normalizers, cuts[1:])
    stripped = bool(others) and others[-1].get("type") == "Strip" and normalizers[-1] is others[-1]
    if stripped and not _strips_alike(others.pop(), others, cuts):
        return "none"
    if all(_replaces_spaces(step) for step in others) and _is_led(others, cuts):
        return "led"
    return "none"


def _of_words(normalizers: Sequence[Json], cuts: Sequence[Json]) -> str:
    """Of a pipeline that begins by leaving white space out."""
    if any(cut["kind"] == "first_prefix" for cut in cuts):
        return "none"
    if not cuts or cuts[0] != {"kind": "signs", "behavior": "isolated"}:
        return "words"
    alone = len(normalizers) == 1 and normalizers[0].get("type") == "BertNormalizer" and len(cuts) == 1
    return "wide" if alone and normalizers[0].get("handle_chinese_chars", True) is True else "signs"


def _strips_alike(strip: Json, others: Sequence[Json], cuts: Sequence[Json]) -> bool:
    """Whether a word loses nothing by a Strip that it would keep between two others.

    The spaces behind a text are a word of their own, and gone either way; the one before a word comes back as
    the mark put before it, if there is but one.
    """
    collapsed = any((step.get("pattern") or {}).get("Regex") in _RUNS for step in others)
    marked = any(cut["kind"] == "prefix" for cut in cuts)
    left, right = (strip.get(f"strip_{side}", True) is True for side in ("left", "right"))
    return right and (not left or (collapsed and marked))


def _replaces_spaces(step: Json) -> bool:
    """Whether a Replace is of spaces alone."""
    pattern = step.get("pattern")
    if step.get("type") != "Replace" or not isinstance(pattern, dict):
        return False
    return pattern.get("String") == " " or pattern.get("Regex") in _RUNS


def _is_led(others: Sequence[Json], cuts: Sequence[Json]) -> bool:
    """Whether each run of spaces begins a piece: it becomes marks, at which the last step cuts."""
    if not cuts or cuts[-1].get("behavior") != "merged_with_next" or cuts[-1]["kind"] not in ("text", "run"):
        return False
    if cuts[-1].get("invert"):
        return False
    mark = cuts[-1]["text"]
    inner = [cut for cut in cuts[:-1] if cut["kind"] not in ("prefix", "first_prefix")]
    by_cut = {"kind": "replace_spaces", "text": mark}
    if inner == [by_cut]:
        return True
    replaced = any(
        (step.get("pattern") or {}).get("String") == " " and step.get("content") == mark for step in others
    )
    return replaced and not inner
