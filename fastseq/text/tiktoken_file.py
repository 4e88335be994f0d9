"""tiktoken's files of ranks: lines of ``base64 rank``.

A file says neither how texts are cut nor which special tokens there are. Those of OpenAI are known by their
name or their size; for others the caller says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fastseq._core import native
from fastseq.errors import ArgumentError, FastseqError
from fastseq.files import regular_size
from fastseq.text import bpe

if TYPE_CHECKING:
    from fastseq.text.regexes import Pattern

_BYTES_MAX = 2**28


class Encoding(NamedTuple):
    """What is known of a published encoding."""

    size: int
    """Bytes of its file."""
    pattern: str
    special_tokens: Mapping[str, int]


_FIM = ("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>")
_HARMONY = {
    "<|startoftext|>": 199998,
    "<|endoftext|>": 199999,
    "<|return|>": 200002,
    "<|constrain|>": 200003,
    "<|channel|>": 200005,
    "<|start|>": 200006,
    "<|end|>": 200007,
    "<|message|>": 200008,
    "<|call|>": 200012,
    "<|endofprompt|>": 200018,
}

ENCODINGS = {
    "gpt2": Encoding(835554, "gpt2", {"<|endoftext|>": 50256}),
    "r50k_base": Encoding(835554, "gpt2", {"<|endoftext|>": 50256}),
    "p50k_base": Encoding(836186, "gpt2", {"<|endoftext|>": 50256}),
    "p50k_edit": Encoding(
        836186, "gpt2", {"<|endoftext|>": 50256, **dict(zip(_FIM, range(50281, 50284), strict=True))}
    ),
    "cl100k_base": Encoding(
        1681126,
        "cl100k",
        {
            "<|endoftext|>": 100257,
            **dict(zip(_FIM, range(100258, 100261), strict=True)),
            "<|endofprompt|>": 100276,
        },
    ),
    "o200k_base": Encoding(3613922, "o200k", {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}),
    "o200k_harmony": Encoding(
        3613922,
        "o200k",
        {
            # 200018 has two names; the last of them is the one that it decodes to
            **{
                f"<|reserved_{id}|>": id
                for id in range(200000, 201088)
                if id == 200018 or id not in _HARMONY.values()
            },
            **_HARMONY,
        },
    ),
}
"""Published encodings by name. The first of a size is the one that a file of that size is taken for."""


def load(
    path: Path,
    *,
    encoding: str | None = None,
    pattern: str | None = None,
    special_tokens: Mapping[str, int] | None = None,
) -> bpe.BpeTokenizer:
    """The tokenizer of a file of ranks. See `Tokenizer.load`."""
    size = regular_size(path)
    if size > _BYTES_MAX:
        raise ArgumentError(
            "too large for a file of ranks",
            where=str(path),
            expected=f"at most {_BYTES_MAX} bytes",
            found=str(size),
        )
    known = _known(path, size, encoding)
    scanner = scanner_of(pattern) if pattern is not None else known.pattern if known is not None else None
    if scanner is None:
        raise ArgumentError(
            "unknown file of ranks",
            where=str(path),
            expected=f"encoding= one of {', '.join(ENCODINGS)}, or pattern= a regular expression",
        )
    if special_tokens is None:
        special_tokens = known.special_tokens if known is not None and pattern is None else {}
    try:
        return bpe.from_ranks(path.read_bytes(), scanner, special_tokens)
    except OSError as error:
        raise ArgumentError("cannot be read", where=str(path), found=error.strerror or str(error)) from None
    except FastseqError as error:
        raise error.within(str(path)) from None


def _known(path: Path, size: int, encoding: str | None) -> Encoding | None:
    if encoding is not None:
        if encoding not in ENCODINGS:
            raise ArgumentError(
                "unknown encoding", where="encoding", expected=", ".join(ENCODINGS), found=repr(encoding)
            )
        return ENCODINGS[encoding]
    if path.stem in ENCODINGS:
        return ENCODINGS[path.stem]
    return next((known for known in ENCODINGS.values() if known.size == size), None)


def scanner_of(pattern: str) -> str | Pattern:
    """The scanner of a regular expression, or of the name of an encoding; else its matches."""
    if pattern in ENCODINGS:
        return ENCODINGS[pattern].pattern
    if pattern in native.SCAN_RULES:
        return pattern
    from fastseq.text.patterns import IN_TIKTOKEN, check_regex
    from fastseq.text.regexes import Pattern

    if pattern in IN_TIKTOKEN:
        return IN_TIKTOKEN[pattern]
    check_regex(pattern)
    return Pattern(pattern, "fancy")
