"""Training checkpoints on disk: written whole or not at all, read without running code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from fastseq.errors import FormatError


def save(values: dict[str, Any], path: Path) -> None:
    """Write ``values``; a crash on the way leaves the file that was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    torch.save(values, unfinished)
    os.replace(unfinished, path)


def load(path: Path) -> dict[str, Any]:
    """Read what ``save`` wrote."""
    try:
        values = torch.load(path, weights_only=True)
    except Exception as error:  # torch raises many kinds, by how the file is damaged
        raise FormatError(
            "not a training checkpoint", where=str(path), found=str(error).split("\n")[0]
        ) from error
    if not isinstance(values, dict):
        raise FormatError(
            "not a training checkpoint", where=str(path), expected="a dict", found=type(values).__name__
        )
    return values
