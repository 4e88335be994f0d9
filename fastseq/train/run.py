"""A training run from recipe to model folder."""

from __future__ import annotations

import importlib
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastseq.errors import ArgumentError, MissingExtraError
from fastseq.train.recipe import Recipe

if TYPE_CHECKING:
    from fastseq.train.loop import Result, Task

TASKS = {
    "seq2seq": ("fastseq.train.seq2seq", "Seq2SeqTask"),
    "language_model": ("fastseq.train.language", "LanguageTask"),
    "classifier": ("fastseq.train.classifier", "ClassifierTask"),
}


def run(
    recipe: Recipe, out: str | PathLike[str], *, resume: bool, progress: bool | None, threads: int | None
) -> Result:
    """See ``fastseq.train.train``."""
    torch = _torch()
    from fastseq.train.export import export
    from fastseq.train.loop import Trainer
    from fastseq.train.networks import spec_of

    folder = Path(out)
    checkpoints = folder / "checkpoints"
    if not resume and (checkpoints / "last.pt").exists():
        raise ArgumentError("a run lies here already: resume it or choose another folder", where=str(folder))
    if (threads or recipe.training.threads) is not None:
        torch.set_num_threads(threads or recipe.training.threads)
    task = task_of(recipe)
    spec_of(recipe, task.vocabularies())  # refuse now what the engine could not run
    trainer = Trainer(task, checkpoints)
    if resume:
        trainer.resume()
    result = trainer.run(progress)
    export(result.checkpoint, folder)
    return result


def task_of(recipe: Recipe) -> Task:
    """The task a recipe names, with its data read."""
    module, name = TASKS[recipe.task]
    task: Task = getattr(importlib.import_module(module), name)(recipe)
    return task


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(
            "training needs PyTorch", expected="pip install 'fastseq-cpu[train]'", found="no torch"
        ) from error
    return torch
