"""fastseq: sequence models on the CPU. Text in, text out.

import fastseq
model = fastseq.load("phonemes-en")
model("sequence models at full speed")

Names are imported when they are first used, so that ``import fastseq`` costs little.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fastseq._core.native import get_num_threads, set_num_threads
    from fastseq.conversion import convert
    from fastseq.errors import (
        ArgumentError,
        ArgumentTypeError,
        FastseqError,
        FormatError,
        MissingExtraError,
        OutOfMemoryError,
        UnknownTokenError,
        UnsupportedError,
    )
    from fastseq.loading import bundled, load
    from fastseq.models import Classifier, Generation, LanguageModel, Memory, Model, ModelSpec, Seq2Seq
    from fastseq.text import Batch, CharTokenizer, Tokenizer, Vocabulary, WordTokenizer

_HOMES = {
    "fastseq._core.native": ("get_num_threads", "set_num_threads"),
    "fastseq.conversion": ("convert",),
    "fastseq.errors": (
        "ArgumentError",
        "ArgumentTypeError",
        "FastseqError",
        "FormatError",
        "MissingExtraError",
        "OutOfMemoryError",
        "UnknownTokenError",
        "UnsupportedError",
    ),
    "fastseq.loading": ("bundled", "load"),
    "fastseq.models": (
        "Classifier",
        "Generation",
        "LanguageModel",
        "Memory",
        "Model",
        "ModelSpec",
        "Seq2Seq",
    ),
    "fastseq.text": ("Batch", "CharTokenizer", "Tokenizer", "Vocabulary", "WordTokenizer"),
}
_ROOMS = ("errors", "formats", "models", "text", "train")
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "Batch",
    "CharTokenizer",
    "Classifier",
    "FastseqError",
    "FormatError",
    "Generation",
    "LanguageModel",
    "Memory",
    "MissingExtraError",
    "Model",
    "ModelSpec",
    "OutOfMemoryError",
    "Seq2Seq",
    "Tokenizer",
    "UnknownTokenError",
    "UnsupportedError",
    "Vocabulary",
    "WordTokenizer",
    "__version__",
    "bundled",
    "convert",
    "errors",
    "formats",
    "get_num_threads",
    "load",
    "models",
    "set_num_threads",
    "text",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"fastseq.{name}")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'fastseq' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
