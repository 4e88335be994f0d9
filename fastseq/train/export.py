"""Trained weights to a model folder in the native format (docs/native-format.md)."""

from __future__ import annotations

import json
from pathlib import Path

from fastseq.formats import safetensors
from fastseq.formats.tensor import Tensor, numpy_tensor
from fastseq.models.spec import check_tensors
from fastseq.train import checkpoint
from fastseq.train.networks import spec_of
from fastseq.train.recipe import load_recipe


def export(weights: Path, folder: Path) -> None:
    """Write the network of a checkpoint (``best.pt``) to ``folder``, in float32.

    ``fastseq.load(folder).save(other, dtype="int8")`` makes it smaller.
    """
    saved = checkpoint.load(weights)
    vocabularies = saved["vocabularies"]
    spec = spec_of(load_recipe(saved["recipe"]), vocabularies)
    tensors: dict[str, Tensor] = {
        name: numpy_tensor(value.detach().float().numpy()) for name, value in saved["model"].items()
    }
    check_tensors(spec, {name: tensor.shape for name, tensor in tensors.items()})
    folder.mkdir(parents=True, exist_ok=True)
    safetensors.save(folder / "model.safetensors", tensors)
    for side in ("source", "target"):
        if side in vocabularies:
            _write(folder / f"{side}.vocab.json", vocabularies[side])
    _write(folder / "config.json", spec.to_dict())


def _write(path: Path, values: object) -> None:
    path.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
