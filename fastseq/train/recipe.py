"""Recipes: everything that decides a training run, as plain JSON-able data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from fastseq.errors import ArgumentError, FormatError
from fastseq.models.plain import Plain, read
from fastseq.train.data import Source


@dataclass(frozen=True)
class Training(Plain):
    """How the weights are moved.

    The learning rate climbs over ``warmup_steps``, stays at ``learning_rate``, and falls in a
    straight line to zero over the last ``decay_epochs``; so a run may be prolonged (raise
    ``epochs`` and resume) as long as the fall has not begun.

    Attributes:
        ema: how much of the running mean of the weights each step keeps; the mean is what is
            evaluated and exported. 0 evaluates the last weights themselves.
        threads: PyTorch threads; None leaves PyTorch's own choice.

    """

    epochs: int
    batch_size: int
    learning_rate: float
    decay_epochs: int = 0
    warmup_steps: int = 0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    clip_norm: float = 1.0
    ema: float = 0.0
    threads: int | None = None

    def check(self) -> None:
        for name in ("epochs", "batch_size", "learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise FormatError(
                    "out of range", where=name, expected="above zero", found=str(getattr(self, name))
                )
        if not 0 <= self.decay_epochs <= self.epochs:
            raise FormatError(
                "the learning rate cannot fall for longer than the run",
                where="decay_epochs",
                expected=f"0 to {self.epochs}",
                found=str(self.decay_epochs),
            )

    def learning_rate_at(self, step: int, steps_per_epoch: int) -> float:
        """Learning rate of the ``step``-th step, counted from 0."""
        left = self.epochs * steps_per_epoch - step
        scale = 1.0
        if step < self.warmup_steps:
            scale = (step + 1) / self.warmup_steps
        elif left < (falling := self.decay_epochs * steps_per_epoch):
            scale = max(0.0, left / falling)
        return self.learning_rate * scale


@dataclass(frozen=True)
class Recipe(Plain):
    """One training run.

    Attributes:
        name: what the model is called in its folder.
        seed: everything drawn at random in the run follows from it.
        data: where the examples are.
        model: sizes and choices of the network, see the task's configuration class.
        config: further entries of the model's config.json: description, licence, segment.
        folder: what relative paths in ``data`` start from.

    """

    name: str
    task: Literal["seq2seq", "language_model", "classifier"]
    seed: int
    data: Source
    model: dict[str, Any]
    training: Training
    config: dict[str, Any] = field(default_factory=dict)
    folder: Path = Path()


def load_recipe(source: Mapping[str, Any] | str | PathLike[str]) -> Recipe:
    """Read a recipe from a mapping, a JSON file, or the name of a bundled one."""
    if isinstance(source, Mapping):
        return _recipe(dict(source), "recipe", Path())
    if isinstance(source, str) and source in bundled():
        text = (_bundle() / f"{source}.json").read_text(encoding="utf-8")
        return _recipe(json.loads(text), source, Path())
    path = Path(source)
    if not path.is_file():
        raise ArgumentError(
            "no such recipe",
            where=str(path),
            expected=f"a JSON file, or one of: {', '.join(bundled())}",
            found="neither",
        )
    try:
        parsed = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError("not valid JSON", where=str(path), found=str(error)) from error
    return _recipe(parsed, str(path), path.parent)


def bundled() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(entry.name[:-5] for entry in _bundle().iterdir() if entry.name.endswith(".json"))


def _recipe(values: object, where: str, folder: Path) -> Recipe:
    try:
        if isinstance(values, dict):
            parts: dict[str, type[Plain]] = {"data": Source, "training": Training}
            made = {name: read(cls, values[name], name) for name, cls in parts.items() if name in values}
            values = {**values, **made, "folder": folder}
        return read(Recipe, values, "")
    except FormatError as error:
        raise error.within(where) from None


def _bundle() -> Any:
    return resources.files("fastseq.train") / "recipes"
