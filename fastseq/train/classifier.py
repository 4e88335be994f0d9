"""The classifier task: texts with labels, and a recurrent network that tells the label."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fastseq.errors import ArgumentError, FormatError
from fastseq.train import data
from fastseq.train.modules import recurrent, run_ragged
from fastseq.train.networks import ClassifierConfig, config_of
from fastseq.train.recipe import Recipe
from fastseq.train.tokens import PAD, UNKNOWN, source_tokenizer

Example = tuple[list[int], int]  # ids of a text, index of its label


class ClassifierNetwork(nn.Module):
    """Embedding, recurrent layers, and a linear layer on the last states, [forward; backward]."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        rnn = recurrent(
            config.cell, config.embedding, config.hidden, config.layers, config.bidirectional, config.dropout
        )
        self.encoder = nn.ModuleDict(
            {
                "embedding": nn.Embedding(config.source_vocab, config.embedding),
                "rnn": rnn,
                "head": nn.Linear(config.width, config.labels_vocab),
            }
        )

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Logits (B, labels) of ids (B, T)."""
        x = functional.dropout(self.encoder["embedding"](ids), self.config.dropout, self.training)
        rnn = self.encoder["rnn"]
        assert isinstance(rnn, nn.RNNBase)
        _, final = run_ragged(rnn, x, lengths)
        hidden = final[0] if isinstance(final, tuple) else final
        top = torch.cat([hidden[-2], hidden[-1]], -1) if self.config.bidirectional else hidden[-1]
        logits: Tensor = self.encoder["head"](functional.dropout(top, self.config.dropout, self.training))
        return logits


class Batch(NamedTuple):
    """Padded ids (B, T), their lengths (B,) and label indices (B,)."""

    ids: Tensor
    lengths: Tensor
    labels: Tensor


class ClassifierTask:
    """Training data and loss of a classifier recipe; the target of each text is its label."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        pairs = recipe.data.read(recipe.folder)
        self.labels = sorted({label for known in pairs.values() for label in known})
        parts = data.split(pairs)
        if not parts["train"]:
            raise ArgumentError("no training examples", where="data", expected="at least one text")
        cut = (data.tokens(text, recipe.data.level) for text in parts["train"])
        self._listed = data.listed(cut, (PAD, UNKNOWN))
        self.tokenizer = source_tokenizer(recipe, self._listed)
        self.parts = {name: self._examples(part) for name, part in parts.items()}

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self.parts["train"]) // self.recipe.training.batch_size)

    def model(self) -> ClassifierNetwork:
        """A network with fresh weights."""
        config = config_of(self.recipe, self.vocabularies())
        assert isinstance(config, ClassifierConfig)
        return ClassifierNetwork(config)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, which alone (with the recipe's seed) decides them."""
        return self._batches("train", np.random.default_rng([self.recipe.seed, epoch]))

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Mean cross entropy a text, in nats."""
        smoothing = self.recipe.training.label_smoothing
        return functional.cross_entropy(
            model(batch.ids, batch.lengths), batch.labels, label_smoothing=smoothing
        )

    def evaluate(self, model: nn.Module, part: str) -> dict[str, float]:
        """Share of texts given a wrong label."""
        model.eval()
        wrong = 0
        with torch.no_grad():
            for batch in self._batches(part, np.random.default_rng(0)):
                wrong += int((model(batch.ids, batch.lengths).argmax(-1) != batch.labels).sum())
        return {"error": wrong / max(len(self.parts[part]), 1)}

    def vocabularies(self) -> dict[str, list[str]]:
        """Tokens and labels in the order of their ids."""
        return {"source": self._listed, "labels": self.labels}

    def _examples(self, part: dict[str, list[str]]) -> list[Example]:
        examples: list[Example] = []
        for text, known in part.items():
            if len(known) != 1:
                raise FormatError(
                    "a text needs one label", where=repr(text), expected="1", found=str(len(known))
                )
            ids = self.tokenizer.encode(text) or [self.tokenizer.vocabulary[UNKNOWN]]
            examples.append((ids, self.labels.index(known[0])))
        return examples

    def _batches(self, part: str, rng: np.random.Generator) -> Iterator[Batch]:
        examples = self.parts[part]
        order = rng.permutation(len(examples))
        lengths = [(len(ids),) for ids, _ in examples]
        for chosen in data.bucketed(order, lengths, self.recipe.training.batch_size, rng):
            ids = [examples[index][0] for index in chosen]
            labels = torch.tensor([examples[index][1] for index in chosen])
            yield Batch(torch.from_numpy(data.padded(ids)), torch.tensor([len(one) for one in ids]), labels)
