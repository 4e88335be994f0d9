"""Learning SentencePiece models: Unigram (Kudo, 2018) and byte-pair encoding over characters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastseq._core import native
from fastseq.errors import ArgumentError
from fastseq.files import write_whole
from fastseq.progress import progress_bar
from fastseq.text.checkpoint import Checkpoint
from fastseq.text.counting import Counting, Files, Text
from fastseq.text.merges import learn, number, room, something, tokens
from fastseq.text.sentencepiece import SentencePieceTokenizer
from fastseq.text.sentencepiece_file import Piece, Rules, Settings, model_bytes
from fastseq.text.sentencepiece_json import content

_NORMAL, _UNKNOWN, _CONTROL, _DEFINED, _BYTE = 1, 2, 3, 4, 6
_SEEDS = 1_000_000
_SHRINKING = 0.75
_ROUNDS = 2
_SURPLUS = 1.1
"""Pruning stops at so many times the pieces wanted; the rest goes by score."""


class TrainedSentencePiece(SentencePieceTokenizer):
    """A model that was trained here, with what it takes to write its files.

    Attributes:
        pieces: all of them; a piece's place is its id.
        settings: what the file says besides.

    """

    def __init__(self, pieces: list[Piece], settings: Settings) -> None:
        self.pieces, self.settings = pieces, settings
        self.file = model_bytes(pieces, settings)
        super().__init__(native.SentencePieceEncoder(self.file))

    def __reduce__(self) -> tuple[Any, ...]:
        return TrainedSentencePiece, (self.pieces, self.settings)

    def write(self, path: str | Path) -> None:
        """Writes the model, which sentencepiece reads, or tokenizer.json when the name ends in .json."""
        path = Path(path)
        if path.suffix in (".model", ".spm"):
            write_whole(path, [self.file])
        elif path.suffix == ".json":
            made = content(self.pieces, self.settings)
            write_whole(path, [json.dumps(made, ensure_ascii=False, indent=1).encode()])
        else:
            raise ArgumentError("unknown ending", where=str(path), expected=".model, .spm or .json")


def train_sentencepiece(
    texts: Iterable[Text] | None = None,
    *,
    kind: Literal["unigram", "sentencepiece-bpe"] = "unigram",
    files: Files | None = None,
    vocab_size: int,
    min_frequency: int = 0,
    special_tokens: Sequence[str] = (),
    user_defined_symbols: Sequence[str] = (),
    character_coverage: float = 0.9995,
    byte_fallback: bool = False,
    add_dummy_prefix: bool = True,
    remove_extra_whitespaces: bool = True,
    split_by_unicode_script: bool = True,
    split_digits: bool = False,
    max_piece_length: int = 16,
    max_memory: int | str | None = None,
    checkpoint: str | Path | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> TrainedSentencePiece:
    """Trains a SentencePiece model; the same whatever the threads and the order of the texts.

    Args:
        texts: `str`, or `bytes` in UTF-8; taken one after another and not kept.
        kind: "unigram", or "sentencepiece-bpe": merges of characters, which as scores have minus their rank.
        files: instead of texts, files in UTF-8, each line without its end a text.
        vocab_size: most pieces. First come `<unk>`, `<s>`, `</s>`, special tokens, symbols and bytes.
        min_frequency: leave out merges of pairs that are seen less often; of sentencepiece-bpe.
        special_tokens: control pieces, which no text becomes.
        user_defined_symbols: pieces that text is always cut into where it spells them.
        character_coverage: how much of all characters in texts become pieces; the others, which are the
            rarest, are unknown, or bytes with `byte_fallback`.
        byte_fallback: a piece for every byte, of which unknown characters are made.
        add_dummy_prefix, remove_extra_whitespaces: a space before each text; no other two in a row.
        split_by_unicode_script: no piece has letters of two scripts, or letters beside signs.
        split_digits: each digit is a piece.
        max_piece_length: most characters of a piece; for sentencepiece-bpe at most four bytes for each.
        max_memory, checkpoint, threads, progress: as for `fastseq.text.bpe_training.train_bpe`.

    Raises `ArgumentError` for values that contradict each other, and `FormatError` naming the file and the
    place that is not UTF-8.
    """
    vocab_size, least = number("vocab_size", vocab_size, 1), number("min_frequency", min_frequency, 0)
    longest = number("max_piece_length", max_piece_length, 2, 512)
    if not isinstance(character_coverage, (int, float)) or not 0.0 < character_coverage <= 1.0:
        raise ArgumentError(
            "out of range",
            where="character_coverage",
            expected="above 0, at most 1",
            found=f"{character_coverage!r:.60}",
        )
    defined = tokens("user_defined_symbols", user_defined_symbols)
    meta = _meta(tokens("special_tokens", special_tokens), defined, byte_fallback)
    settings = Settings(
        unigram=kind == "unigram",
        byte_fallback=byte_fallback,
        normalizer=Rules(b"", add_dummy_prefix, remove_extra_whitespaces, True),
    )
    options = {
        "kind": kind,
        "vocab_size": vocab_size,
        "min_frequency": least,
        "meta": [[piece.text, piece.type] for piece in meta],
        "character_coverage": character_coverage,
        "rules": [add_dummy_prefix, remove_extra_whitespaces, split_by_unicode_script, split_digits],
        "max_piece_length": longest,
    }
    saved = None if checkpoint is None else Checkpoint(checkpoint, options)
    cutter: dict[str, Any] = {
        "rule": "spaces",
        "model": native.SentencePieceEncoder(model_bytes(meta, settings)),
        "scripts": split_by_unicode_script,
        "digits": split_digits,
        "bare_lines": True,
        "threads": threads,
    }
    with Counting(max_memory=max_memory, checkpoint=saved, **cutter) as counted:
        counted.count(texts, files, progress)
        something(counted.counter)
        characters, counts = _characters(counted.counter, float(character_coverage))
        room(vocab_size, len(meta) + len(characters))
        size = vocab_size - len(meta)
        if kind == "unigram":
            unigram = native.UnigramTrainer(characters, counts, threads=threads)
            unigram.add(counted.counter)
        else:
            merges = native.MergeTrainer(characters, size, least=max(least, 1), longest=4 * longest)
            merges.add_characters(counted.counter, True)
        del counted.counter
    if kind == "unigram":
        learned = _expectation_maximization(unigram, len(characters), size, longest, saved, progress)
    else:
        spelled = [piece.decode() for piece in learn(merges, size, saved, progress)[0]]
        made = [*spelled[len(characters) :], *characters]
        learned = [(piece, float(-rank)) for rank, piece in enumerate(made)]
    taken = {piece.text for piece in meta}
    kept = (Piece(text, float(np.float32(score)), _NORMAL) for text, score in learned if text not in taken)
    pieces = [*meta, *kept]
    return TrainedSentencePiece(pieces, settings)


def _meta(special: list[str], defined: list[str], byte_fallback: bool) -> list[Piece]:
    """The pieces that are there before anything is learned."""
    pieces = [Piece("<unk>", 0.0, _UNKNOWN), Piece("<s>", 0.0, _CONTROL), Piece("</s>", 0.0, _CONTROL)]
    names = {piece.text for piece in pieces}
    pieces += [Piece(token, 0.0, _CONTROL) for token in special if token not in names]
    pieces += [Piece(symbol, 0.0, _DEFINED) for symbol in defined]
    if byte_fallback:
        pieces += [Piece(f"<0x{byte:02X}>", 0.0, _BYTE) for byte in range(256)]
    seen: set[str] = set()
    for piece in pieces:
        if piece.text in seen:
            raise ArgumentError("twice", where="special_tokens", expected="each once", found=repr(piece.text))
        seen.add(piece.text)
    return pieces


def _characters(corpus: native.CorpusCounter, coverage: float) -> tuple[list[str], list[int]]:
    """The characters that cover that much of the corpus, most frequent first, and their counts."""
    counts = corpus.character_counts()[0]
    counts[0] = 0  # NUL is in no piece
    codes = np.argsort(-counts, kind="stable")[: int(np.count_nonzero(counts))]
    covered = np.cumsum(counts[codes])
    wanted = int(np.searchsorted(covered, coverage * covered[-1])) + 1 if len(codes) else 0
    chosen = codes[:wanted]
    return [chr(code) for code in chosen.tolist()], counts[chosen].tolist()


def _expectation_maximization(
    trainer: native.UnigramTrainer,
    required: int,
    size: int,
    longest: int,
    checkpoint: Checkpoint | None,
    progress: bool | None,
) -> list[tuple[str, float]]:
    """The pieces and their scores, best first."""
    kept = checkpoint.kept("pieces") if checkpoint else None
    if kept is None:
        trainer.seed(_SEEDS, longest)
    else:
        trainer.go_on_from(kept["piece"].tolist(), kept["score"])
    wanted = max(int(size * _SURPLUS), required)
    with progress_bar(progress, unit="pass", title="pieces") as done:
        while True:
            for _ in range(_ROUNDS):
                trainer.round()
                done(1)
            if len(trainer) <= wanted:
                break
            before = len(trainer)
            trainer.prune(max(wanted, int(before * _SHRINKING)))
            done(1)
            if checkpoint:
                checkpoint.keep("pieces", _table(trainer, longest))
    pieces, scores = trainer.pieces(), trainer.scores().tolist()
    others = sorted(zip(pieces[required:], scores[required:], strict=True), key=_best_first)
    chosen = [*zip(pieces[:required], scores[:required], strict=True), *islice(others, size - required)]
    return sorted(chosen, key=_best_first)


def _best_first(piece: tuple[str, float]) -> tuple[float, str]:
    return -piece[1], piece[0]


def _table(trainer: native.UnigramTrainer, longest: int) -> NDArray[Any]:
    made = np.empty(len(trainer), [("piece", f"U{longest}"), ("score", np.float64)])
    made["piece"], made["score"] = trainer.pieces(), trainer.scores()
    return made
