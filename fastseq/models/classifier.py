"""An encoder with a pool and labels: which kind of text is this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np

from fastseq.errors import ArgumentError
from fastseq.models.base import Model, Texts, Weights, listed, packed
from fastseq.models.parts import Encoder
from fastseq.models.results import F32
from fastseq.models.spec import ModelSpec
from fastseq.text import Batch


class Classifier(Model):
    """Labels with probabilities.

    A text without tokens gets the label that the spec's `empty` names, with probability 1; without `empty` it
    raises `ArgumentError`.
    """

    task = "classifier"

    def __init__(self, spec: ModelSpec, weights: Weights, **options: Any) -> None:
        super().__init__(spec, weights, **options)
        self.encoder = Encoder(self, self._graphs["encoder"])

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the columns of `predict_proba`."""
        return self.spec.labels

    @overload
    def __call__(self, texts: str, **options: Any) -> str: ...
    @overload
    def __call__(self, texts: Iterable[str], **options: Any) -> list[str]: ...
    def __call__(self, texts: Texts, **options: Any) -> str | list[str]:
        """The likeliest label: a str for a str, a list in order for a list."""
        many, alone = listed(texts)
        found = self.predict(many, **options)
        return found[0] if alone else found

    def predict(self, texts: Texts, *, threads: int | None = None) -> list[str]:
        """The likeliest label of each text."""
        best = self.predict_proba(texts, threads=threads).argmax(1).tolist()
        return [self.labels[index] for index in best]

    def predict_proba(self, texts: Texts, *, threads: int | None = None) -> F32:
        """(B, labels) float32: the probability of each label, rows summing to 1."""
        many, _ = listed(texts)
        self._open()
        return self.predict_proba_ids(self.encoder.batch(many, self._threads(threads)), threads=threads)

    def predict_proba_ids(self, sequences: Sequence[Any] | Batch, *, threads: int | None = None) -> F32:
        """As `predict_proba`, for callers with their own tokens."""
        batch = packed(sequences)
        empty = batch.lengths == 0
        probabilities = np.zeros((len(batch), len(self.labels)), np.float32)
        if empty.any():
            probabilities[empty, self._label_of_empty(int(np.flatnonzero(empty)[0]))] = 1
        held = Batch(batch.ids, np.concatenate([batch.offsets[:1], batch.offsets[1:][~empty]]))
        probabilities[~empty] = _softmax(self._logits(held, threads))
        return probabilities

    def logits(self, texts: Texts, *, threads: int | None = None) -> F32:
        """(B, labels) float32: what the last block gives, before the softmax."""
        many, _ = listed(texts)
        self._open()
        batch = self.encoder.batch(many, self._threads(threads))
        if not batch.lengths.all():
            self._empty_text(int(np.flatnonzero(batch.lengths == 0)[0]))
        return self._logits(batch, threads)

    def _logits(self, batch: Batch, threads: int | None) -> F32:
        self._open()
        rows, _, _ = self._graphs["encoder"].forward(batch.ids, batch.offsets, threads=self._threads(threads))
        assert rows is not None  # rows=True
        return rows

    def _label_of_empty(self, place: int) -> int:
        if self.spec.empty is None:
            self._empty_text(place)
        return self.labels.index(self.spec.empty or "")

    @staticmethod
    def _empty_text(place: int) -> None:
        raise ArgumentError(
            "a text without tokens",
            where=f"texts[{place}]",
            expected="at least one token that the model reads",
        )


def _softmax(logits: F32) -> F32:
    powers = np.exp(logits - logits.max(1, keepdims=True, initial=-np.inf))
    total: F32 = powers / powers.sum(1, keepdims=True)
    return total
