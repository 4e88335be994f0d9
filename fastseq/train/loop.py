"""The training loop: one for all tasks; seeded, resumable after any epoch, best weights kept."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from fastseq.errors import ArgumentError
from fastseq.progress import progress_bar
from fastseq.train import checkpoint
from fastseq.train.recipe import Recipe

MAY_CHANGE = ("epochs", "decay_epochs", "threads")  # of a recipe's training, when a run is resumed


class Task(Protocol):
    """What the loop must know of a task."""

    recipe: Recipe

    @property
    def steps(self) -> int:
        """Batches an epoch."""

    def model(self) -> nn.Module:
        """A network with fresh weights."""

    def batches(self, epoch: int) -> Iterable[Any]:
        """Batches of an epoch, the same each time it is asked."""

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        """What to minimise on a batch."""

    def evaluate(self, model: nn.Module, part: str) -> dict[str, float]:
        """Figures on a part of the data; the first chooses the best epoch, lower is better."""

    def vocabularies(self) -> dict[str, list[str]]:
        """Tokens in the order of their ids, by the name of what they are tokens of."""


@dataclass(frozen=True)
class Result:
    """The best epoch of a run.

    Attributes:
        checkpoint: file with its weights.
        epoch: counted from 1.
        dev: its figures on the dev part.

    """

    checkpoint: Path
    epoch: int
    dev: dict[str, float]


class Trainer:
    """Moves a task's network through the epochs of its recipe.

    ``folder`` gets ``last.pt`` (all that resuming needs), ``best.pt`` (the weights of the epoch
    best on dev) and ``log.jsonl`` (a line an epoch).
    """

    def __init__(self, task: Task, folder: Path) -> None:
        self.task, self.folder = task, folder
        self.plan = task.recipe.training
        torch.manual_seed(task.recipe.seed)
        self.model = task.model()
        self.mean = task.model()  # running mean of the weights
        self.mean.load_state_dict(self.model.state_dict())
        self.weights: list[Tensor] = list(self.model.parameters())
        self.mean_weights: list[Tensor] = list(self.mean.parameters())
        self.optimizer = torch.optim.AdamW(
            self.weights, weight_decay=self.plan.weight_decay, betas=(0.9, 0.98), fused=True
        )
        self.epoch = self.step = 0
        self.best: Result | None = None

    def resume(self) -> bool:
        """Go on from ``last.pt``; False when there is none."""
        path = self.folder / "last.pt"
        if not path.is_file():
            return False
        saved = checkpoint.load(path)
        self._check_same_run(saved["recipe"], path)
        self.model.load_state_dict(saved["model"])
        self.mean.load_state_dict(saved["mean"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.epoch, self.step = saved["epoch"], saved["step"]
        if saved["best"] is not None:
            self.best = Result(self.folder / "best.pt", **saved["best"])
        torch.set_rng_state(saved["rng"])
        return True

    def run(self, progress: bool | None = False) -> Result:
        """Train the epochs that are left. ``progress``: see ``fastseq.progress.progress_bar``."""
        while self.epoch < self.plan.epochs:
            with progress_bar(progress, total=self.task.steps, unit="batch", title=self._caption()) as done:
                loss = self._train(done)
            self.epoch += 1
            self._record(loss, self.task.evaluate(self.mean, "dev"))
        if self.best is None:
            raise ArgumentError("nothing was trained", where="training.epochs", found=str(self.plan.epochs))
        return self.best

    def _caption(self) -> str:
        caption = f"epoch {self.epoch + 1}/{self.plan.epochs}"
        if self.best is not None:
            name, figure = next(iter(self.best.dev.items()))
            caption += f", best {name} {figure:.4f}"
        return caption

    def _train(self, done: Callable[[int], Any]) -> float:
        self.model.train()
        total, count = torch.zeros(()), 0
        for batch in self.task.batches(self.epoch):
            rate = self.plan.learning_rate_at(self.step, self.task.steps)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            loss = self.task.loss(self.model, batch)
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.weights, self.plan.clip_norm)
            self.optimizer.step()
            self.step += 1
            self._average()
            total += loss.detach()
            count += 1
            done(1)
        return float(total) / max(count, 1)

    def _average(self) -> None:
        # Early on the mean follows fast, so that it does not remember the random start.
        keep = min(self.plan.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.mean_weights, self.weights, 1 - keep)

    def _record(self, loss: float, dev: dict[str, float]) -> None:
        recipe = as_data(self.task.recipe)
        key = next(iter(dev))
        if self.best is None or dev[key] < self.best.dev[key]:
            self.best = Result(self.folder / "best.pt", self.epoch, dev)
            kept = {
                "recipe": recipe,
                "vocabularies": self.task.vocabularies(),
                "model": self.mean.state_dict(),
                "epoch": self.epoch,
                "dev": dev,
            }
            checkpoint.save(kept, self.best.checkpoint)
        progress = {
            "recipe": recipe,
            "model": self.model.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "best": {"epoch": self.best.epoch, "dev": self.best.dev},
            "rng": torch.get_rng_state(),
        }
        checkpoint.save(progress, self.folder / "last.pt")
        with open(self.folder / "log.jsonl", "a", encoding="utf-8") as log:
            print(json.dumps({"epoch": self.epoch, "loss": loss, **dev}), file=log)

    def _check_same_run(self, saved: dict[str, Any], path: Path) -> None:
        ours, theirs = (dict(_decisions(values)) for values in (as_data(self.task.recipe), saved))
        differing = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
        if differing:
            name = differing[0]
            raise ArgumentError(
                f"the run to resume has another {name}",
                where=str(path),
                expected=repr(ours.get(name)),
                found=repr(theirs.get(name)),
            )


def as_data(recipe: Recipe) -> dict[str, Any]:
    """A recipe as the JSON-able mapping it was read from."""
    values = dataclasses.asdict(recipe)
    del values["folder"]  # where a recipe lies decides nothing
    return values


def _decisions(recipe: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in recipe.items():
        if name not in ("config", "training"):
            yield name, value
    for name, value in recipe["training"].items():
        if name not in MAY_CHANGE:
            yield f"training.{name}", value
