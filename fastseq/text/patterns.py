"""The regular expressions of pre-tokenization that have a compiled scanner, as files and callers write them.

Each is a rule of csrc/text/scan/scan.h. Engines read some of the same text differently: the one for
tokenizer.json takes ``{1,3}+`` for a repeated group, tiktoken's for a possessive one, so each has its list.
"""

from __future__ import annotations

from fastseq._core import native
from fastseq.errors import ArgumentError

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_HEAD = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_TAIL = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + _SPACES
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s+\z|\s*[\r\n]|\s+(?!\S)|\s"
)
"""As a tokenizer.json can say it: its engine reads tiktoken's ``$`` and ``{1,3}+`` in another way."""


def _cased(contractions: str, digits: str) -> str:
    before = r"[^\r\n\p{L}\p{N}]?"
    words = f"{before}{_HEAD}*{_TAIL}+{contractions}|{before}{_HEAD}+{_TAIL}*{contractions}"
    return rf"{words}|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_SPACES}"


O200K = _cased(_CONTRACTIONS + "?", r"\p{N}{1,3}")

IN_JSON = {
    GPT2: "gpt2",
    LLAMA3: "llama3",
    CL100K: "cl100k",
    LLAMA3.replace("{1,3}", ""): "qwen2",
    O200K: "o200k",
    _cased("", r"\p{N}"): "tekken",
}
"""Pattern of a Split of tokenizer.json -> scanner."""

DEEPSEEK = (
    r"\p{N}{1,3}",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"| ?[\p{P}\p{S}]+[\r\n]*|" + _SPACES,
)
"""Three Splits, one after the other, that are the scanner "deepseek" together."""

IN_TIKTOKEN = {
    GPT2: "gpt2",
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s": "gpt2",
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+": "gpt2",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s": "cl100k",
    LLAMA3: "llama3",
    LLAMA3.replace("{1,3}", ""): "qwen2",
    O200K: "o200k",
    _cased("", r"\p{N}"): "tekken",
}
"""Pattern given with a file of ranks -> scanner."""


def check_regex(pattern: str) -> None:
    """`ArgumentError` for the name of a scanner that there is not."""
    if pattern.isidentifier():
        raise ArgumentError(
            "unknown pattern",
            where="pattern",
            expected=f"{', '.join(native.SCAN_RULES)}, or a regular expression",
            found=f"{pattern!r:.100}",
        )
