"""Recipes: what is bundled loads, what is wrong is named, and the learning rate's course."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastseq.errors import ArgumentError, FormatError
from fastseq.train import bundled, load_recipe
from fastseq.train.recipe import Training

SMALL: dict[str, Any] = {
    "name": "small",
    "task": "seq2seq",
    "seed": 3,
    "data": {"kind": "tsv", "path": "pairs.tsv", "level": "characters"},
    "model": {},
    "training": {"epochs": 10, "batch_size": 4, "learning_rate": 0.1},
}


@pytest.mark.parametrize("name", bundled())
def test_bundled_recipes_load(name: str) -> None:
    assert load_recipe(name).name == name


def test_a_file_gives_paths_their_start(tmp_path: Path) -> None:
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    recipe = load_recipe(tmp_path / "small.json")
    assert (recipe.folder, recipe.seed, recipe.training.epochs) == (tmp_path, 3, 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 1}, "recipe: seeds: unknown key"),
        ({"seed": "three"}, "seed: wrong value.*an integer"),
        ({"seed": True}, "seed: wrong value"),
        ({"task": "vision"}, "task: wrong value.*classifier"),
        ({"training": {"epochs": 10}}, r"training\.batch_size: missing key"),
        ({"training": {**SMALL["training"], "epochs": 0}}, r"training\.epochs: out of range"),
        ({"training": {**SMALL["training"], "decay_epochs": 11}}, "cannot fall for longer"),
        ({"training": []}, "training: not an object"),
        ({"data": {"kind": "tsv", "level": "characters"}}, r"data\.path"),
        ({"data": {"kind": "csv", "level": "words", "path": "a"}}, r"data\.kind: wrong value"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        load_recipe({**SMALL, **change})


def test_an_absent_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"no such recipe.*phonemes-en"):
        load_recipe("phonemes-xx")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(FormatError, match=r"broken\.json: not valid JSON"):
        load_recipe(tmp_path / "broken.json")
    with pytest.raises(FormatError, match="missing key"):
        load_recipe({})


def test_learning_rate_climbs_stays_and_falls() -> None:
    plan = Training(epochs=4, batch_size=1, learning_rate=1.0, decay_epochs=2, warmup_steps=5)
    rates = [plan.learning_rate_at(step, 10) for step in range(41)]
    assert rates[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert rates[5:21] == [1.0] * 16
    assert rates[30] == pytest.approx(0.5)
    assert rates[40] == 0.0
