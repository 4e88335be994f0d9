"""Whole runs on tiny data: they learn, repeat exactly, and go on exactly where they stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import fastseq
from fastseq.errors import ArgumentError, FormatError
from fastseq.formats import safetensors
from fastseq.models.spec import ModelSpec, check_tensors
from fastseq.train import load_recipe, train
from fastseq.train.loop import Result, Trainer
from fastseq.train.run import task_of
from fastseq.train.seq2seq import predictor

pytestmark = pytest.mark.torch


def spelled(number: int) -> str:
    return "".join("abcd"[int(digit)] for digit in f"{number:o}".translate(str.maketrans("4567", "0123")))


TEXTS = sorted({spelled(number) for number in range(3000)})
TRAINING = {"batch_size": 16, "learning_rate": 0.01, "warmup_steps": 5, "ema": 0.9, "threads": 1}
RECIPES: dict[str, dict[str, Any]] = {
    "seq2seq": {
        "data": {"kind": "tsv", "path": "pairs.tsv", "level": "characters"},
        "model": {
            "cell": "gru",
            "source_embedding": 8,
            "target_embedding": 8,
            "encoder_hidden": 12,
            "decoder_hidden": 24,
            "bidirectional": True,
            "bridge": "concat",
            "attention": "dot",
            "dropout": 0.1,
        },
    },
    "language_model": {
        "data": {"kind": "lines", "path": "texts.txt", "level": "characters"},
        "model": {"cell": "lstm", "embedding": 8, "hidden": 16, "dropout": 0.1},
    },
    "classifier": {
        "data": {"kind": "tsv", "path": "labels.tsv", "level": "characters"},
        "model": {"cell": "gru", "embedding": 8, "hidden": 16, "bidirectional": True, "dropout": 0.1},
    },
}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Letters to upper-case names, texts, and texts labelled by their first letter."""
    where: Path = tmp_path_factory.mktemp("data")
    (where / "pairs.tsv").write_text("".join(f"{text}\t{' '.join(text.upper())}\n" for text in TEXTS))
    (where / "texts.txt").write_text("\n".join(TEXTS))
    (where / "labels.tsv").write_text("".join(f"{text}\tstarts {text[0]}\n" for text in TEXTS))
    return where


def recipe(task: str, folder: Path, **training: Any) -> Path:
    values = {"name": "tiny", "task": task, "seed": 7, **RECIPES[task]}
    values["training"] = {**TRAINING, "epochs": 2, **training}
    path = folder / f"{task}.json"
    path.write_text(json.dumps(values))
    return path


def trainer(task: str, folder: Path, out: Path, **training: Any) -> Trainer:
    return Trainer(task_of(load_recipe(recipe(task, folder, **training))), out)


def weights(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(result.checkpoint, weights_only=True)["model"]
    return found


@pytest.mark.parametrize(
    ("task", "epochs", "limit"), [("seq2seq", 8, 0.2), ("language_model", 3, 4.5), ("classifier", 3, 0.1)]
)
def test_a_tiny_task_is_learnt(task: str, epochs: int, limit: float, folder: Path, tmp_path: Path) -> None:
    result = trainer(task, folder, tmp_path, epochs=epochs, decay_epochs=1).run()
    assert next(iter(result.dev.values())) < limit
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, epochs + 1))


@pytest.mark.parametrize("task", RECIPES)
def test_a_resumed_run_is_the_uninterrupted_one(task: str, folder: Path, tmp_path: Path) -> None:
    whole = trainer(task, folder, tmp_path / "whole", epochs=2)
    whole.run()
    trainer(task, folder, tmp_path / "parts", epochs=1).run()
    torch.rand(3)  # what others draw meanwhile must not matter
    second = trainer(task, folder, tmp_path / "parts", epochs=2)
    assert second.resume()
    second.run()
    assert (second.epoch, second.step) == (whole.epoch, whole.step)
    for name, value in whole.mean.state_dict().items():
        assert torch.equal(value, second.mean.state_dict()[name]), name
    assert (tmp_path / "whole/log.jsonl").read_text() == (tmp_path / "parts/log.jsonl").read_text()


def test_the_best_checkpoint_predicts_by_itself(folder: Path, tmp_path: Path) -> None:
    run = trainer("seq2seq", folder, tmp_path, epochs=6)
    result = run.run()
    predict = predictor(result.checkpoint)
    said = predict(["abc", "d", "", "x"])
    assert len(said) == 4
    assert run.task.evaluate(predict.model, "dev") == result.dev
    assert weights(result).keys() == run.model.state_dict().keys()


def test_the_engine_says_what_the_trained_network_says(folder: Path, tmp_path: Path) -> None:
    result = train(recipe("seq2seq", folder, epochs=6), tmp_path, progress=False)
    texts = ["abcd", "d", "aabbccdd", "not seen"]
    said = [" ".join(tokens) for tokens in predictor(result.checkpoint)(texts)]
    assert fastseq.load(tmp_path)(texts, max_new_tokens=64) == said


def test_resuming_another_run_is_refused(folder: Path, tmp_path: Path) -> None:
    trainer("classifier", folder, tmp_path, epochs=1).run()
    with pytest.raises(ArgumentError, match=r"training\.batch_size"):
        trainer("classifier", folder, tmp_path, epochs=1, batch_size=8).resume()
    (tmp_path / "last.pt").write_bytes(b"damaged")
    with pytest.raises(FormatError, match=r"last\.pt"):
        trainer("classifier", folder, tmp_path).resume()


def test_nothing_to_resume_is_told(folder: Path, tmp_path: Path) -> None:
    assert not trainer("classifier", folder, tmp_path / "empty").resume()


@pytest.mark.parametrize("task", RECIPES)
def test_train_writes_a_native_folder(task: str, folder: Path, tmp_path: Path) -> None:
    path = recipe(task, folder, epochs=1)
    result = train(path, tmp_path / "model", progress=False)
    assert result.epoch == 1
    spec = ModelSpec.from_dict(json.loads((tmp_path / "model/config.json").read_text()))
    tensors = safetensors.load(tmp_path / "model/model.safetensors")
    check_tensors(spec, {name: tensor.shape for name, tensor in tensors.items()})
    for name, value in weights(result).items():
        assert (tensors[name].array == value.numpy()).all(), name
    assert fastseq.load(tmp_path / "model").info.task == task
    with pytest.raises(ArgumentError, match="resume it"):
        train(path, tmp_path / "model", progress=False)
    assert train(path, tmp_path / "model", resume=True, progress=False).dev == result.dev


def test_what_the_engine_could_not_run_is_refused_at_once(folder: Path, tmp_path: Path) -> None:
    values = json.loads(recipe("seq2seq", folder).read_text())
    values["model"]["decoder_hidden"] = 23
    values["data"]["path"] = str(folder / "pairs.tsv")
    with pytest.raises(FormatError, match="equal widths"):
        train(values, tmp_path, progress=False)
    assert not (tmp_path / "checkpoints").exists()
