"""Tokenizers as bytes: for pickle, and so for `copy.deepcopy` and pools of processes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastseq.text.tokenizer import Tokenizer


def reduced(tokenizer: Tokenizer) -> tuple[Any, ...]:
    """What `restored` makes the same tokenizer of: its entry of config.json, and the bytes of its file."""
    with TemporaryDirectory(prefix="fastseq-") as folder:
        entry = tokenizer.save(folder)
        return restored, (entry, Path(folder, entry["vocabulary"]).read_bytes())


def restored(entry: dict[str, Any], file: bytes) -> Tokenizer:
    """The tokenizer of an entry of config.json and the bytes of its file."""
    with TemporaryDirectory(prefix="fastseq-") as folder:
        Path(folder, entry["vocabulary"]).write_bytes(file)
        return Tokenizer.from_config(entry, folder)
