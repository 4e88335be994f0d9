"""Trained weights to a model folder in the native format (docs/native-format.md)."""

from __future__ import annotations

from pathlib import Path

from fastseq.formats import native
from fastseq.train import checkpoint
from fastseq.train.networks import spec_of
from fastseq.train.recipe import load_recipe
from fastseq.train.tokens import source_tokenizer, target_tokenizer


def export(weights: str | Path, folder: str | Path, dtype: str | None = None) -> None:
    """Write the network of a training checkpoint (``best.pt``) to ``folder``.

    ``dtype`` is what its matrices are stored in: float32 (None), bfloat16 or int8.
    """
    saved = checkpoint.load(Path(weights))
    recipe, vocabularies = load_recipe(saved["recipe"]), saved["vocabularies"]
    target = None
    if recipe.task == "seq2seq":
        target = target_tokenizer(recipe, vocabularies["target"])
    read = vocabularies["target" if recipe.task == "language_model" else "source"]
    native.save(
        folder,
        spec_of(recipe, vocabularies),
        {name: value.detach().float().numpy() for name, value in saved["model"].items()},
        tokenizer=source_tokenizer(recipe, read),
        target_tokenizer=target,
        dtype=dtype,
    )
