"""Learning a WordPiece vocabulary, as tokenizers does: merges of characters, those inside a word marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastseq._core import native
from fastseq.errors import ArgumentError
from fastseq.text import tokenizer_json
from fastseq.text.added import AddedToken
from fastseq.text.checkpoint import Checkpoint
from fastseq.text.counting import Counting, Files, Text
from fastseq.text.merges import learn, number, room, something, tokens
from fastseq.text.pipeline import PipelineTokenizer

BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def train_wordpiece(
    texts: Iterable[Text] | None = None,
    *,
    files: Files | None = None,
    vocab_size: int,
    min_frequency: int = 0,
    special_tokens: Sequence[str] = BERT,
    unknown: str = "[UNK]",
    prefix: str = "##",
    initial_alphabet: Sequence[str] = (),
    limit_alphabet: int | None = None,
    lowercase: bool = True,
    strip_accents: bool | None = None,
    handle_chinese_chars: bool = True,
    max_memory: int | str | None = None,
    checkpoint: str | Path | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> PipelineTokenizer:
    """Trains WordPiece behind BERT's normalizer and pre-tokenizer.

    The vocabulary has special tokens, the alphabet, the alphabet marked by `prefix`, then what is merged:
    again and again the most frequent pair, of equally frequent ones that of the lower ids. The same whatever
    the threads and the order of the texts.

    Args:
        texts: `str`, or `bytes` in UTF-8; taken one after another and not kept.
        files: instead of texts, files in UTF-8, each line a text.
        vocab_size: most tokens, special ones and characters among them.
        min_frequency: leave out merges of pairs that are seen less often.
        special_tokens: they get the first ids; `unknown` is one of them.
        prefix: marks what does not start a word.
        initial_alphabet: characters that are there whether they are seen or not.
        limit_alphabet: at most so many characters, the most frequent; others are left out of words.
        lowercase, strip_accents, handle_chinese_chars: of the normalizer. strip_accents None: if `lowercase`.
        max_memory, checkpoint, threads, progress: as for `fastseq.text.bpe_training.train_bpe`.
    """
    vocab_size, least = number("vocab_size", vocab_size, 1), number("min_frequency", min_frequency, 0)
    special = tokens("special_tokens", special_tokens)
    if unknown not in special:
        raise ArgumentError("not among them", where="special_tokens", expected=f"{unknown!r:.60}")
    normalizer = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": handle_chinese_chars,
        "strip_accents": strip_accents,
        "lowercase": lowercase,
    }
    options = {
        "kind": "wordpiece",
        "vocab_size": vocab_size,
        "min_frequency": least,
        "special_tokens": special,
        "prefix": prefix,
        "initial_alphabet": sorted(set(initial_alphabet)),
        "limit_alphabet": limit_alphabet,
        "normalizer": normalizer,
    }
    saved = None if checkpoint is None else Checkpoint(checkpoint, options)
    asked = {**normalizer, "strip_accents": lowercase if strip_accents is None else strip_accents}
    step = {"kind": "BertNormalizer", "options": [name for name, on in asked.items() if on is True]}
    cutter: dict[str, Any] = {"rule": "bert", "normalizer": native.Normalizer([step]), "threads": threads}
    with Counting(max_memory=max_memory, checkpoint=saved, **cutter) as counted:
        counted.count(texts, files, progress)
        something(counted.counter)
        alphabet, inside = _alphabet(counted.counter, initial_alphabet, limit_alphabet)
        given = [*special, *alphabet, *(prefix + letter for letter in inside)]
        symbols = list(dict.fromkeys(given))  # a special token may be a character, too
        room(vocab_size, len(symbols))
        trainer = native.MergeTrainer(symbols, vocab_size, least=max(least, 1), prefix=prefix.encode())
        trainer.add_characters(counted.counter, False)
        del counted.counter
    spelled, _ = learn(trainer, vocab_size, saved, progress)
    vocab = {token.decode(): id for id, token in enumerate(spelled)}
    made = tokenizer_json.from_json(_content(vocab, special, unknown, prefix, normalizer))
    assert isinstance(made, PipelineTokenizer)
    return made


def _alphabet(
    corpus: native.CorpusCounter, initial: Sequence[str], limit: int | None
) -> tuple[list[str], list[str]]:
    """(the characters of a vocabulary, those of them that are seen inside words), by code point."""
    counts, inside = corpus.character_counts()
    for place, letter in enumerate(initial):
        if not isinstance(letter, str) or len(letter) != 1:
            raise ArgumentError(
                "not a character", where=f"initial_alphabet[{place}]", expected="one", found=f"{letter!r:.60}"
            )
        counts[ord(letter)] = 2**62
    codes = np.argsort(-counts, kind="stable")[: int(np.count_nonzero(counts))]
    if limit is not None:
        codes = codes[: number("limit_alphabet", limit, 1)]
    chosen = sorted(codes.tolist())
    return [chr(code) for code in chosen], [chr(code) for code in chosen if inside[code]]


def _content(
    vocab: dict[str, int], special: Sequence[str], unknown: str, prefix: str, normalizer: dict[str, Any]
) -> dict[str, Any]:
    """The content of tokenizer.json."""
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [AddedToken(token, vocab[token]).to_json() for token in special],
        "normalizer": normalizer,
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": prefix, "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": unknown,
            "continuing_subword_prefix": prefix,
            "max_input_chars_per_word": 100,
            "vocab": vocab,
        },
    }
