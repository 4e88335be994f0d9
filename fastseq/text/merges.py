"""What trainers have in common: checks of options, and learning merges so that it can go on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError
from fastseq.lazy import np
from fastseq.progress import progress_bar
from fastseq.text import counting
from fastseq.text.checkpoint import Checkpoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MERGES_AT_ONCE = 2000
VOCAB_MAX = 2**28


def number(name: str, value: object, least: int, most: int = VOCAB_MAX) -> int:
    """An option that is an integer; `ArgumentError` when it is out of range."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ArgumentTypeError(
            "not a number", where=name, expected=f"an integer of at least {least}", found=f"{value!r:.60}"
        )
    if not least <= value <= most:
        raise ArgumentError("out of range", where=name, expected=f"{least} to {most}", found=str(value))
    return value


def tokens(name: str, given: Sequence[str]) -> list[str]:
    """Tokens that are given: str, not empty, each once."""
    if isinstance(given, str):
        raise ArgumentTypeError("not a list", where=name, expected="a list of tokens", found="str")
    found = list(given)
    for place, token in enumerate(found):
        if not isinstance(token, str) or not token:
            raise ArgumentTypeError(
                "not a token", where=f"{name}[{place}]", expected="a str, not empty", found=f"{token!r:.60}"
            )
        if token in found[:place]:
            raise ArgumentError("twice", where=f"{name}[{place}]", found=f"{token!r:.60}")
    return found


def room(vocab_size: int, needed: int) -> None:
    """`ArgumentError` when what a vocabulary begins with does not fit in it."""
    if vocab_size < needed:
        raise ArgumentError(
            "no room for the alphabet",
            where="vocab_size",
            expected=f"{needed} or more",
            found=str(vocab_size),
        )


def something(corpus: native.CorpusCounter) -> None:
    """`ArgumentError` for an empty corpus."""
    if corpus.empty:
        raise ArgumentError("nothing to learn from", where="texts", expected="a text that is not empty")


class Steps:
    """Turns the amount done so far into the amount just done."""

    def __init__(self, done: Any) -> None:
        self._done, self._before = done, 0

    def __call__(self, so_far: int) -> None:
        self._done(so_far - self._before)
        self._before = so_far


def learn(
    trainer: native.MergeTrainer, vocab_size: int, checkpoint: Checkpoint | None, progress: bool | None
) -> tuple[list[bytes], NDArray[np.int32]]:
    """(spellings of all symbols, merges (N, 3): left, right, made), going on from those that were kept."""
    with progress_bar(progress, total=vocab_size - len(trainer), unit="merge", title="merges") as done:
        if checkpoint is None:
            trainer.train(progress=Steps(done))
            return trainer.symbols(), trainer.merges()
        before = len(trainer)
        kept = checkpoint.kept("merges")
        if kept is not None:
            trainer.replay(kept)
            done(len(trainer) - before)
        saved = time.monotonic()
        while trainer.train(len(trainer) + _MERGES_AT_ONCE, progress=Steps(done)):
            if time.monotonic() - saved >= counting.SAVE_SECONDS:
                checkpoint.keep("merges", trainer.done())
                saved = time.monotonic()
        checkpoint.keep("merges", trainer.done())
    return trainer.symbols(), trainer.merges()
