"""Small language models whose weights follow from their names, and what `transformers` makes of them.

data/families.json has, for each model, its config.json, the shapes of its tensors, and logits of
`transformers`. huggingface_models.py writes it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastseq.formats import safetensors
from fastseq.formats.tensor import Tensor

PLACE = Path(__file__).parent / "data" / "families.json"
VOCABULARY = 96
IDS = np.random.default_rng(0).integers(3, VOCABULARY, 40).astype(np.int32)
LENGTHS = (1, 17, 40)
KEPT = 6
"""Logits of each length that are kept: the first ones of the last token."""


def weight(name: str, shape: tuple[int, ...], gemma: bool) -> np.ndarray:
    """Numbers of a size that makes mistakes show. Norms of Gemma are stored less 1."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    mean = len(shape) == 1 and name.endswith("weight") and not gemma
    return (rng.standard_normal(shape, np.float32) * np.float32(0.2) + np.float32(mean)).astype(np.float32)


def weights(shapes: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, np.ndarray]:
    gemma = config["model_type"].startswith("gemma")
    return {name: weight(name, tuple(shape), gemma) for name, shape in shapes.items()}


def cases() -> dict[str, Any]:
    """All that is recorded, by the models' names."""
    return json.loads(PLACE.read_text())


def write(folder: Path, case: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The folder of a model."""
    made = weights(case["shapes"], case["config"])
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(case["config"]))
    tensors = {name: Tensor("float32", array) for name, array in made.items()}
    safetensors.save(folder / "model.safetensors", tensors)
    return made
