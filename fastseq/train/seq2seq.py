"""The seq2seq task: pairs of texts, an encoder and a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fastseq.errors import ArgumentError
from fastseq.train import data
from fastseq.train.data import BOS, EOS, PAD, UNKNOWN, Symbols
from fastseq.train.metrics import error_rates
from fastseq.train.modules import Seq2Seq
from fastseq.train.networks import Seq2SeqConfig, Vocabularies, config_of
from fastseq.train.recipe import Recipe, load_recipe


class Batch(NamedTuple):
    """Padded ids: source (B, S) with its lengths (B,); decoder inputs and what should follow each (B, T)."""

    source: Tensor
    lengths: Tensor
    inputs: Tensor
    wanted: Tensor


class Predictor:
    """A network with its vocabularies: texts to greedy token sequences, by PyTorch.

    Args:
        level: how source texts are cut.
        limit: most tokens a text may get.

    """

    batch = 512

    def __init__(self, model: Seq2Seq, source: Symbols, target: Symbols, level: str, limit: int = 64) -> None:
        self.model, self.source, self.target = model, source, target
        self.level, self.limit = level, limit

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        """Target tokens for each text, in order."""
        self.model.eval()
        ids = [encode_source(text, self.source, self.level) for text in texts]
        order = sorted(range(len(texts)), key=lambda index: len(ids[index]))
        said: list[list[str]] = [[] for _ in texts]
        bos, eos = self.target.ids[BOS], self.target.ids[EOS]
        for start in range(0, len(order), self.batch):
            chosen = order[start : start + self.batch]
            source, lengths = tensors([ids[index] for index in chosen])
            with torch.no_grad():
                rows = self.model.greedy(source, lengths, bos, eos, self.limit)
            for index, row in zip(chosen, rows.tolist(), strict=True):
                said[index] = self.target.decode(row)
        return said


class Seq2SeqTask:
    """Training data and loss of a seq2seq recipe.

    Each epoch takes one of a source's targets, drawn anew.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.level, self.target_level = recipe.data.level, recipe.data.target_level
        self.parts = data.split(recipe.data.read(recipe.folder))
        targets = {
            text: [data.tokens(one, self.target_level) for one in known]
            for text, known in self.parts["train"].items()
        }
        if not targets:
            raise ArgumentError("no training examples", where="data", expected="at least one pair")
        letters = (data.tokens(text, self.level) for text in targets)
        self.source = Symbols.build(letters, (PAD, UNKNOWN, EOS))
        said = (one for known in targets.values() for one in known)
        self.target = Symbols.build(said, (PAD, UNKNOWN, BOS, EOS))
        self._examples = [
            (encode_source(text, self.source, self.level), [self._encode_target(one) for one in known])
            for text, known in targets.items()
        ]

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self._examples) // self.recipe.training.batch_size)

    def model(self) -> Seq2Seq:
        """A network with fresh weights."""
        return network(self.recipe, self.vocabularies())

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, which alone (with the recipe's seed) decides them."""
        rng = np.random.default_rng([self.recipe.seed, epoch])
        draws = rng.random(len(self._examples))
        order = rng.permutation(len(self._examples))
        pairs = [
            (source, targets[int(draw * len(targets))])
            for (source, targets), draw in zip(self._examples, draws, strict=True)
        ]
        lengths = [(len(source), len(target)) for source, target in pairs]
        for chosen in data.bucketed(order, lengths, self.recipe.training.batch_size, rng):
            source, source_lengths = tensors([pairs[index][0] for index in chosen])
            target = torch.from_numpy(data.padded([pairs[index][1] for index in chosen]))
            yield Batch(source, source_lengths, target[:, :-1], target[:, 1:])

    def loss(self, model: torch.nn.Module, batch: Batch) -> Tensor:
        """Mean cross entropy a target token, in nats."""
        logits = model(batch.source, batch.lengths, batch.inputs)
        return functional.cross_entropy(
            logits.flatten(0, 1),
            batch.wanted.flatten(),
            ignore_index=0,
            label_smoothing=self.recipe.training.label_smoothing,
        )

    def evaluate(self, model: torch.nn.Module, part: str) -> dict[str, float]:
        """Error rates of greedy decoding on a part; the first is the one to minimise."""
        assert isinstance(model, Seq2Seq)
        pairs = self.parts[part]
        said = Predictor(model, self.source, self.target, self.level)(list(pairs))
        accepted = [[data.tokens(one, self.target_level) for one in known] for known in pairs.values()]
        rates = error_rates(said, accepted)
        figures = {"sequence_error": rates.sequence, "token_error": rates.token}
        if self.recipe.data.kind == "cmudict":
            plain = error_rates(said, accepted, stress=False)
            figures |= {"sequence_error_unstressed": plain.sequence, "token_error_unstressed": plain.token}
        return figures

    def vocabularies(self) -> dict[str, list[str]]:
        """Tokens by side, in the order of their ids."""
        return {"source": self.source.listed, "target": self.target.listed}

    def _encode_target(self, tokens: Sequence[str]) -> list[int]:
        return [self.target.ids[BOS], *self.target.encode(tokens), self.target.ids[EOS]]


def predictor(checkpoint: str | Path) -> Predictor:
    """What a training checkpoint (``best.pt``) predicts."""
    saved = torch.load(checkpoint, weights_only=True)
    recipe = load_recipe(saved["recipe"])
    model = network(recipe, saved["vocabularies"])
    model.load_state_dict(saved["model"])
    source, target = (Symbols(saved["vocabularies"][side]) for side in ("source", "target"))
    return Predictor(model, source, target, recipe.data.level)


def network(recipe: Recipe, vocabularies: Vocabularies) -> Seq2Seq:
    """The network a recipe asks for, with fresh weights."""
    config = config_of(recipe, vocabularies)
    assert isinstance(config, Seq2SeqConfig)
    return Seq2Seq(config)


def encode_source(text: str, symbols: Symbols, level: str) -> list[int]:
    """Ids of a source text, ``</s>`` at the end."""
    return [*symbols.encode(data.tokens(text, level)), symbols.ids[EOS]]


def tensors(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Padded ids (B, S) and lengths (B,)."""
    return torch.from_numpy(data.padded(sequences)), torch.tensor([len(one) for one in sequences])
