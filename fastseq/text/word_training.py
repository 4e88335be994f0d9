"""Vocabularies of words and of characters, counted as the other kinds are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from fastseq.errors import ArgumentError, UnsupportedError
from fastseq.files import write_whole
from fastseq.text.added import AddedToken
from fastseq.text.characters import CharTokenizer
from fastseq.text.checkpoint import Checkpoint
from fastseq.text.counting import Counting, Files, Text
from fastseq.text.merges import number, something, tokens
from fastseq.text.pickled import reduced, restored
from fastseq.text.tokenizer import Tokenizer
from fastseq.text.vocabulary import Vocabulary
from fastseq.text.words import WordTokenizer


class _Written:
    """Writes tokenizer.json of what it can say."""

    vocabulary: Vocabulary
    split: str
    lowercase: bool
    keep: str

    def __reduce__(self) -> tuple[Any, ...]:
        assert isinstance(self, (TrainedWords, TrainedChars))
        return _trained, (type(self), *reduced(self)[1])

    def write(self, path: str | Path) -> None:
        """Writes tokenizer.json; `UnsupportedError` for rules that it cannot say (`save` can)."""
        if Path(path).suffix != ".json":
            raise ArgumentError("unknown ending", where=str(path), expected=".json")
        cuts = {
            "whitespace": {"type": "WhitespaceSplit"},
            "characters": {"type": "FixedLength", "length": 1},
        }
        if self.split not in cuts or self.keep != "all":
            raise UnsupportedError(
                "tokenizer.json cannot say this",
                where="split" if self.keep == "all" else "keep",
                expected='split="whitespace", keep="all"',
                found=repr(self.split if self.keep == "all" else self.keep),
            )
        content = {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                AddedToken(token, self.vocabulary[token]).to_json() for token in self.vocabulary.specials
            ],
            "normalizer": {"type": "Lowercase"} if self.lowercase else None,
            "pre_tokenizer": cuts[self.split],
            "post_processor": None,
            "decoder": {"type": "Fuse"} if self.split == "characters" else None,
            "model": {
                "type": "WordLevel",
                "vocab": {token: id for id, token in enumerate(self.vocabulary)},
                "unk_token": self.vocabulary.unknown or "<unk>",
            },
        }
        write_whole(Path(path), [json.dumps(content, ensure_ascii=False, indent=1).encode()])


def _trained(made: type[TrainedWords | TrainedChars], entry: dict[str, Any], file: bytes) -> Tokenizer:
    """One that was pickled."""
    options = {name: entry[name] for name in made.option_types}
    return made.from_options(restored(entry, file).vocabulary, options)


class TrainedWords(_Written, WordTokenizer):
    """A `WordTokenizer` that was trained here."""


class TrainedChars(_Written, CharTokenizer):
    """A `CharTokenizer` that was trained here."""


def train_words(
    texts: Iterable[Text] | None = None,
    *,
    kind: Literal["word", "char"] = "word",
    files: Files | None = None,
    vocab_size: int | None = None,
    min_frequency: int = 1,
    special_tokens: Sequence[str] = (),
    unknown: str | None = "<unk>",
    lowercase: bool = False,
    keep: str = "all",
    split: Literal["words", "whitespace", "space"] = "words",
    punctuation: Literal["separate", "drop"] = "separate",
    max_memory: int | str | None = None,
    checkpoint: str | Path | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> TrainedWords | TrainedChars:
    """A tokenizer whose tokens are the most frequent words, or characters, of a corpus.

    The vocabulary has `special_tokens`, `unknown`, then tokens by falling frequency, ties by code point.

    Args:
        texts: `str`, or `bytes` in UTF-8; taken one after another and not kept.
        kind: "word" or "char".
        files: instead of texts, files in UTF-8, each line without its end a text.
        vocab_size: most tokens, special ones included; None: all.
        min_frequency: leave out what occurs less often.
        unknown: a token to stand for all others; None for none.
        lowercase, keep, split, punctuation: as in `WordTokenizer`; the last two for words only.
        max_memory, checkpoint, threads, progress: as for `fastseq.text.bpe_training.train_bpe`.
    """
    least = number("min_frequency", min_frequency, 0)
    size = None if vocab_size is None else number("vocab_size", vocab_size, 1)
    special = tokens("special_tokens", special_tokens)
    if kind not in ("word", "char"):
        raise ArgumentError("unknown choice", where="kind", expected="word, char", found=f"{kind!r:.60}")
    if punctuation not in ("separate", "drop"):
        raise ArgumentError(
            "unknown choice", where="punctuation", expected="separate, drop", found=f"{punctuation!r:.60}"
        )
    rules: dict[str, Any] = {"lowercase": lowercase, "keep": keep}
    options = {"kind": kind, "split": split, "punctuation": punctuation, **rules}
    cutter = {
        **rules,
        "rule": "split",
        "split": split if kind == "word" else "characters",
        "punctuation": punctuation == "separate",
        "bare_lines": True,
    }
    saved = None if checkpoint is None else Checkpoint(checkpoint, options)
    with Counting(max_memory=max_memory, checkpoint=saved, threads=threads, **cutter) as counted:
        counted.count(texts, files, progress)
        something(counted.counter)
        vocabulary = Vocabulary.from_counts(
            counted.counter, min_frequency=least, max_size=size, specials=special, unknown=unknown
        )
    if kind == "char":
        return TrainedChars(vocabulary, **rules)
    return TrainedWords(vocabulary, split=split, punctuation=punctuation, **rules)
