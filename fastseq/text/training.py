"""One face for all kinds of training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fastseq.errors import ArgumentError
from fastseq.text.tokenizer import Tokenizer

ENDINGS = {
    "bpe": (".json", ".tiktoken"),
    "wordpiece": (".json",),
    "unigram": (".model", ".spm", ".json"),
    "sentencepiece-bpe": (".model", ".spm", ".json"),
    "word": (".json",),
    "char": (".json",),
}
"""Of the files that `write` of each kind writes."""
KINDS = tuple(ENDINGS)


def check_name(path: str | Path, kind: str) -> None:
    """`ArgumentError` for a file that `write` of that kind could not write."""
    place, endings = Path(path), ENDINGS[kind]
    if place.suffix not in endings:
        raise ArgumentError("unknown ending", where=str(path), expected=" or ".join(endings))
    if not place.parent.is_dir():
        raise ArgumentError("cannot be written", where=str(path), expected="a folder that is there")


def train(texts: Iterable[str | bytes] | None = None, *, kind: str = "bpe", **options: Any) -> Tokenizer:
    """A tokenizer of some kind, learned from a corpus; options are those of its trainer.

    ========================================  ====================================================
    kind                                      trainer
    ========================================  ====================================================
    ``"bpe"``                                 `fastseq.text.bpe_training.train_bpe`
    ``"wordpiece"``                           `fastseq.text.wordpiece_training.train_wordpiece`
    ``"unigram"``, ``"sentencepiece-bpe"``    `fastseq.text.sentencepiece_training.train_sentencepiece`
    ``"word"``, ``"char"``                    `fastseq.text.word_training.train_words`
    ========================================  ====================================================
    """
    from fastseq.text.bpe_training import train_bpe
    from fastseq.text.sentencepiece_training import train_sentencepiece
    from fastseq.text.word_training import train_words
    from fastseq.text.wordpiece_training import train_wordpiece

    trainers: dict[str, Callable[..., Tokenizer]] = {"bpe": train_bpe, "wordpiece": train_wordpiece}
    if kind in ("unigram", "sentencepiece-bpe"):
        return train_sentencepiece(texts, kind=kind, **options)  # type: ignore[arg-type]
    if kind in ("word", "char"):
        return train_words(texts, kind=kind, **options)  # type: ignore[arg-type]
    if kind not in trainers:
        raise ArgumentError("unknown choice", where="kind", expected=", ".join(KINDS), found=f"{kind!r:.60}")
    return trainers[kind](texts, **options)
