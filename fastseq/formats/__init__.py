"""Formats: files people have, to a `Loaded`: a spec, its weights, its tokenizers.

A format is one module of this package, listed here, with two functions::

    matches(path: Path) -> bool        whether a file or folder is of this format; cheap
    load(path: Path, spec) -> Loaded   `spec`: what the user says of a file that does not say it, or None
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from fastseq.errors import ArgumentError, UnsupportedError

if TYPE_CHECKING:
    from fastseq.formats.tensor import Tensor
    from fastseq.models.spec import ModelSpec
    from fastseq.text import Tokenizer

FORMATS = ("native", "gguf_model", "huggingface", "g2p_en", "marian", "torch_rnn")  # asked in this order

Spec = str | Path | Mapping[str, Any] | None


@dataclass(frozen=True)
class Loaded:
    """What a format gives. The tensors' names are those that the spec's blocks ask for."""

    spec: ModelSpec
    tensors: Mapping[str, Tensor]
    tokenizer: Tokenizer | None = None
    target_tokenizer: Tokenizer | None = None


class Format(Protocol):
    """A module of this package."""

    __doc__: str | None

    def matches(self, path: Path) -> bool: ...
    def load(self, path: Path, spec: Spec = None) -> Loaded: ...


def format_of(path: Path) -> Format:
    """The format of a file or folder that exists."""
    for name in FORMATS:
        module = cast(Format, importlib.import_module(f"fastseq.formats.{name}"))
        if module.matches(path):
            return module
    known = "; ".join(_title(name) for name in FORMATS)
    what = "a folder" if path.is_dir() else "a file"
    raise UnsupportedError(f"{what} of no known format", where=str(path), expected=known)


def read(path: Path, spec: Spec = None) -> Loaded:
    """Reads a file or folder of any known format."""
    if not path.exists():
        raise ArgumentError("no such file or folder", where=str(path))
    return format_of(path).load(path, spec)


def _title(name: str) -> str:
    """The first line of a format's documentation, without its full stop."""
    text = importlib.import_module(f"fastseq.formats.{name}").__doc__ or name
    return text.split("\n", 1)[0].rstrip(".")
