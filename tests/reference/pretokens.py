"""The published patterns of pre-tokenization, run by Python's `re`.

`re` knows no classes of Unicode, so each is written out from the tables of the engine under test;
tests/text/test_scan.py compares those with Python's own.
"""

import re
from functools import cache
from itertools import groupby

from fastseq._core import native

NAMES = ["other", "Lu", "Ll", "Lo", "M", "N", "blank", "newline", "P", "S"]
"""In the order of csrc/text/unicode/classes.h; Lt is in Lu, Lm in Lo."""

GROUPS = {
    "L": ["Lu", "Ll", "Lo"],
    "Lu": ["Lu"],
    "Lt": [],
    "Ll": ["Ll"],
    "Lm": [],
    "Lo": ["Lo"],
    "M": ["M"],
    "N": ["N"],
    "P": ["P"],
    "S": ["S"],
    "space": ["blank", "newline"],
}


@cache
def members(group):
    """The inside of a character class: ranges of code points."""
    wanted = {NAMES.index(name) for name in GROUPS[group]}
    codes = [c for c in range(0x110000) if native.probe_class(c) in wanted]
    ranges = []
    for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        block = [code for _, code in run]
        ranges.append(f"\\U{block[0]:08x}-\\U{block[-1]:08x}")
    return "".join(ranges)


def compiled(pattern):
    """A pattern with its classes of Unicode written out."""
    out, inside = [], False
    for part in re.findall(r"\\p\{\w+\}|\\[sS]|\\.|\[\^?|\]|.", pattern, re.DOTALL):
        if part.startswith("[") and not inside:
            inside = True
        elif part == "]":
            inside = False
        if part.startswith("\\p"):
            part = members(part[3:-1]) if inside else f"[{members(part[3:-1])}]"
        elif part == r"\s":
            part = members("space") if inside else f"[{members('space')}]"
        elif part == r"\S":
            part = f"[^{members('space')}]"
        out.append(part)
    return re.compile("".join(out))


CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
TAIL = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + TAIL
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + TAIL
)
# Each list is of patterns whose matches, and what is between them, are cut on by the next.
RULES = {
    "gpt2": [GPT2],
    "smollm": [r"\p{N}", GPT2],
    "cl100k": [LLAMA3.replace(TAIL, r"|\s+\Z|\s*[\r\n]|\s+(?!\S)|\s")],
    "llama3": [LLAMA3],
    "qwen2": [LLAMA3.replace("{1,3}", "")],
    "o200k": [O200K],
    "tekken": [O200K.replace(CONTRACTIONS + "?", "").replace("{1,3}", "")],
    "deepseek": [
        r"\p{N}{1,3}",
        "[\u4e00-\u9fa5\u3040-\u30ff]+",
        r"[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + TAIL,
    ],
}


@cache
def engines(rule):
    return [compiled(pattern) for pattern in RULES[rule]]


def cut(engine, text):
    """Matches and what is between them."""
    at = 0
    for match in engine.finditer(text):
        if match.start() > at:
            yield text[at : match.start()]
        yield match.group()
        at = match.end()
    if at < len(text):
        yield text[at:]


def pieces(rule, text):
    """What `rule` cuts the text into."""
    found = [text] if text else []
    for engine in engines(rule):
        found = [piece for part in found for piece in cut(engine, part)]
    return found
