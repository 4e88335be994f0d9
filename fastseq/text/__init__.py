"""Text to ids and back: vocabularies and tokenizers.

Names are imported when they are first used: a program that encodes with one kind of tokenizer loads no other.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastseq.text.batch import Batch
    from fastseq.text.characters import CharTokenizer
    from fastseq.text.sentences import SentenceSplitter
    from fastseq.text.tokenizer import Tokenizer
    from fastseq.text.vocabulary import Vocabulary
    from fastseq.text.words import WordTokenizer

    UNICODE_VERSION: str
    """Of the tables behind lower-casing, filters and word boundaries."""

_HOMES = {
    "Batch": "batch",
    "CharTokenizer": "characters",
    "SentenceSplitter": "sentences",
    "Tokenizer": "tokenizer",
    "Vocabulary": "vocabulary",
    "WordTokenizer": "words",
}

__all__ = [
    "UNICODE_VERSION",
    "Batch",
    "CharTokenizer",
    "SentenceSplitter",
    "Tokenizer",
    "Vocabulary",
    "WordTokenizer",
]


def __getattr__(name: str) -> Any:
    if name == "UNICODE_VERSION":
        from fastseq._core.native import unicode_version

        value: Any = unicode_version()
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"fastseq.text.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'fastseq.text' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
