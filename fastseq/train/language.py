"""The language model task: texts, and a recurrent network that tells the next token of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fastseq.errors import ArgumentError
from fastseq.train import data
from fastseq.train.modules import recurrent
from fastseq.train.networks import LanguageConfig, config_of
from fastseq.train.recipe import Recipe
from fastseq.train.tokens import BOS, EOS, PAD, UNKNOWN, source_tokenizer


class LanguageNetwork(nn.Module):
    """The parts of a language model, under the names they have in the native format."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.config = config
        self.decoder = nn.ModuleDict(
            {
                "embedding": nn.Embedding(config.target_vocab, config.embedding),
                "rnn": recurrent(
                    config.cell, config.embedding, config.hidden, config.layers, False, config.dropout
                ),
                "head": nn.Linear(config.hidden, config.target_vocab),
            }
        )

    def forward(self, ids: Tensor) -> Tensor:
        """Logits (B, T, V) of the tokens after ids (B, T)."""
        x = functional.dropout(self.decoder["embedding"](ids), self.config.dropout, self.training)
        out = functional.dropout(self.decoder["rnn"](x)[0], self.config.dropout, self.training)
        logits: Tensor = self.decoder["head"](out)
        return logits


class Batch(NamedTuple):
    """Padded ids (B, T) and what should follow each (B, T)."""

    inputs: Tensor
    wanted: Tensor


class LanguageTask:
    """Training data and loss of a language model recipe.

    Each text starts after ``<s>`` and ends in ``</s>``.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        texts = data.split(recipe.data.read(recipe.folder))
        if not texts["train"]:
            raise ArgumentError("no training examples", where="data", expected="at least one text")
        cut = (data.tokens(text, recipe.data.level) for text in texts["train"])
        self._listed = data.listed(cut, (PAD, UNKNOWN, BOS, EOS))
        tokenizer = source_tokenizer(recipe, self._listed)
        eos = tokenizer.vocabulary[EOS]
        self.parts = {name: [[*tokenizer.encode(text), eos] for text in part] for name, part in texts.items()}

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self.parts["train"]) // self.recipe.training.batch_size)

    def model(self) -> LanguageNetwork:
        """A network with fresh weights."""
        config = config_of(self.recipe, self.vocabularies())
        assert isinstance(config, LanguageConfig)
        return LanguageNetwork(config)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, which alone (with the recipe's seed) decides them."""
        return self._batches("train", np.random.default_rng([self.recipe.seed, epoch]))

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Mean cross entropy a token, in nats."""
        return self._entropy(model, batch, "mean", self.recipe.training.label_smoothing)

    def evaluate(self, model: nn.Module, part: str) -> dict[str, float]:
        """Perplexity a token, ``</s>`` included."""
        model.eval()
        count = sum(len(text) - 1 for text in self.parts[part])
        total = 0.0
        with torch.no_grad():
            for batch in self._batches(part, np.random.default_rng(0)):
                total += float(self._entropy(model, batch, "sum", 0.0))
        return {"perplexity": math.exp(total / max(count, 1))}

    def vocabularies(self) -> dict[str, list[str]]:
        """Tokens in the order of their ids."""
        return {"target": self._listed}

    def _batches(self, part: str, rng: np.random.Generator) -> Iterator[Batch]:
        texts = self.parts[part]
        order = rng.permutation(len(texts))
        lengths = [(len(text),) for text in texts]
        for chosen in data.bucketed(order, lengths, self.recipe.training.batch_size, rng):
            ids = torch.from_numpy(data.padded([texts[index] for index in chosen]))
            yield Batch(ids[:, :-1], ids[:, 1:])

    def _entropy(self, model: nn.Module, batch: Batch, reduction: str, smoothing: float) -> Tensor:
        return functional.cross_entropy(
            model(batch.inputs).flatten(0, 1),
            batch.wanted.flatten(),
            ignore_index=0,
            reduction=reduction,
            label_smoothing=smoothing,
        )
