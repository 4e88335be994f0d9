"""Models: thin classes over the engine. `fastseq.load` gives one; their parts stand alone too.

Names are imported when they are first used: a program that translates loads no engine of language models.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastseq.models.base import Model
    from fastseq.models.classifier import Classifier
    from fastseq.models.language_model import LanguageModel
    from fastseq.models.parts import Decoder, Encoder
    from fastseq.models.results import Generation, Info, Memory, NextToken, Step, TextScore, Timings
    from fastseq.models.seq2seq import Seq2Seq
    from fastseq.models.spec import ModelSpec

_HOMES = {
    "base": ("Model",),
    "classifier": ("Classifier",),
    "language_model": ("LanguageModel",),
    "parts": ("Decoder", "Encoder"),
    "results": ("Generation", "Info", "Memory", "NextToken", "Step", "TextScore", "Timings"),
    "seq2seq": ("Seq2Seq",),
    "spec": ("ModelSpec",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Classifier",
    "Decoder",
    "Encoder",
    "Generation",
    "Info",
    "LanguageModel",
    "Memory",
    "Model",
    "ModelSpec",
    "NextToken",
    "Seq2Seq",
    "Step",
    "TextScore",
    "Timings",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'fastseq.models' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"fastseq.models.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
