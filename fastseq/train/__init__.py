"""Training, with PyTorch (the ``train`` extra): a recipe in, a model folder out.

``fastseq train RECIPE --out DIR`` on the command line, ``train`` below from Python.
PyTorch is imported when a run starts, never by importing this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from fastseq.train.recipe import bundled, load_recipe

if TYPE_CHECKING:
    from fastseq.train.loop import Result

__all__ = ["bundled", "load_recipe", "train"]


def train(
    recipe: Mapping[str, Any] | str | PathLike[str],
    out: str | PathLike[str],
    *,
    resume: bool = False,
    progress: bool | None = None,
    threads: int | None = None,
) -> Result:
    """Train the model a recipe describes and write it to ``out`` in the native format.

    Args:
        recipe: the name of a bundled recipe (``bundled()`` lists them), a JSON file, or its
            content.
        out: folder for the model; its checkpoints lie in ``out/checkpoints``.
        resume: go on from the last finished epoch found there, if there is one. The result is
            what the uninterrupted run would have given.
        progress: a bar an epoch on standard error; None shows it when somebody is looking.
        threads: PyTorch threads; None takes the recipe's.

    Returns:
        The best epoch: its checkpoint and its figures on the dev part.

    Raises:
        MissingExtraError: PyTorch is not installed.
        FormatError: the recipe or its data say something impossible.
        ArgumentError: the recipe's files or ``out`` cannot be used.

    >>> train("phonemes-en", "my-phonemes")  # doctest: +SKIP

    """
    from fastseq.train.run import run

    return run(load_recipe(recipe), out, resume=resume, progress=progress, threads=threads)
