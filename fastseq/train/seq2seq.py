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
from fastseq.text import Tokenizer
from fastseq.train import checkpoint, data
from fastseq.train.metrics import error_rates
from fastseq.train.modules import Seq2Seq
from fastseq.train.networks import Seq2SeqConfig, config_of
from fastseq.train.recipe import Recipe, load_recipe
from fastseq.train.tokens import BOS, EOS, PAD, UNKNOWN, Vocabularies, source_tokenizer, target_tokenizer


class Batch(NamedTuple):
    """Padded ids: source (B, S) with its lengths (B,); decoder inputs and what should follow each (B, T)."""

    source: Tensor
    lengths: Tensor
    inputs: Tensor
    wanted: Tensor


class Predictor:
    """A network with its tokenizers: texts to greedy token sequences, by PyTorch.

    Args:
        limit: most tokens a text may get.
    """

    batch = 512

    def __init__(self, model: Seq2Seq, source: Tokenizer, target: Tokenizer, limit: int = 64) -> None:
        self.model, self.source, self.target, self.limit = model, source, target.vocabulary, limit

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        """Target tokens for each text, in order."""
        self.model.eval()
        ids = [self.source.encode(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda index: len(ids[index]))
        said: list[list[str]] = [[] for _ in texts]
        bos, eos = self.target[BOS], self.target[EOS]
        for start in range(0, len(order), self.batch):
            chosen = order[start : start + self.batch]
            source, lengths = tensors([ids[index] for index in chosen])
            with torch.no_grad():
                rows = self.model.greedy(source, lengths, bos, eos, self.limit)
            for index, row in zip(chosen, rows.tolist(), strict=True):
                end = row.index(eos) if eos in row else len(row)
                said[index] = self.target.tokens(row[:end])
        return said


class Seq2SeqTask:
    """Training data and loss of a seq2seq recipe.

    Each epoch takes one of a source's targets, drawn anew.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.parts = data.split(recipe.data.read(recipe.folder))
        pairs = self.parts["train"]
        if not pairs:
            raise ArgumentError("no training examples", where="data", expected="at least one pair")
        letters = (data.tokens(text, recipe.data.level) for text in pairs)
        said = (self._cut(one) for known in pairs.values() for one in known)
        self._vocabularies = {
            "source": data.listed(letters, (PAD, UNKNOWN, EOS)),
            "target": data.listed(said, (PAD, UNKNOWN, BOS, EOS)),
        }
        self.source = source_tokenizer(recipe, self._vocabularies["source"])
        self.target = target_tokenizer(recipe, self._vocabularies["target"])
        bos, eos = (self.target.vocabulary[token] for token in (BOS, EOS))
        self._examples = [
            (self.source.encode(text), [[bos, *self.target.encode(one), eos] for one in known])
            for text, known in pairs.items()
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
        said = Predictor(model, self.source, self.target)(list(pairs))
        accepted = [[self._cut(one) for one in known] for known in pairs.values()]
        rates = error_rates(said, accepted)
        figures = {"sequence_error": rates.sequence, "token_error": rates.token}
        if self.recipe.data.kind == "cmudict":
            plain = error_rates(said, accepted, stress=False)
            figures |= {"sequence_error_unstressed": plain.sequence, "token_error_unstressed": plain.token}
        return figures

    def vocabularies(self) -> dict[str, list[str]]:
        """Tokens by side, in the order of their ids."""
        return self._vocabularies

    def _cut(self, target: str) -> list[str]:
        return data.tokens(target, self.recipe.data.target_level)


def predictor(weights: str | Path) -> Predictor:
    """What a training checkpoint (``best.pt``) predicts."""
    saved = checkpoint.load(Path(weights))
    recipe = load_recipe(saved["recipe"])
    model = network(recipe, saved["vocabularies"])
    model.load_state_dict(saved["model"])
    source = source_tokenizer(recipe, saved["vocabularies"]["source"])
    return Predictor(model, source, target_tokenizer(recipe, saved["vocabularies"]["target"]))


def network(recipe: Recipe, vocabularies: Vocabularies) -> Seq2Seq:
    """The network a recipe asks for, with fresh weights."""
    config = config_of(recipe, vocabularies)
    assert isinstance(config, Seq2SeqConfig)
    return Seq2Seq(config)


def tensors(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Padded ids (B, S) and lengths (B,)."""
    return torch.from_numpy(data.padded(sequences)), torch.tensor([len(one) for one in sequences])
