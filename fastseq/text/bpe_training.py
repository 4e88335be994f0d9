"""Learning a byte-level vocabulary from a corpus (Sennrich et al., 2016; Radford et al., 2019)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError
from fastseq.files import write_whole
from fastseq.text import patterns, tokenizer_json
from fastseq.text.added import AddedToken
from fastseq.text.bpe import BpeTokenizer
from fastseq.text.byte_letters import LETTERS
from fastseq.text.checkpoint import Checkpoint
from fastseq.text.counting import Counting, Files, Text
from fastseq.text.merges import learn, number, room, something, tokens
from fastseq.text.regexes import Isolated
from fastseq.text.tiktoken_file import ENCODINGS

Alphabet = Literal["bytes", "seen"]


class TrainedBpe(BpeTokenizer):
    """A tokenizer that was trained here, with what it takes to write its files.

    Attributes:
        vocab: token, as tokenizer.json spells it, to id: special tokens, single bytes, then by merge.
        merges: pairs of tokens, the earlier the stronger.
        pattern: name of the scanner, or the regular expression that has none.

    """

    def __init__(
        self, vocab: dict[str, int], merges: list[tuple[str, str]], pattern: str, special: Sequence[str]
    ) -> None:
        self.vocab, self.merges, self.pattern = vocab, merges, pattern
        self._json = _content(vocab, merges, pattern, special)
        made = tokenizer_json.from_json(self._json)
        assert isinstance(made, BpeTokenizer)
        super().__init__(made._native, made.added)
        self._made_of = vocab, merges, pattern, list(special)

    def __reduce__(self) -> tuple[Any, ...]:
        return TrainedBpe, self._made_of

    def write(self, path: str | Path) -> None:
        """Writes tokenizer.json, or tiktoken's file of ranks when the name ends in .tiktoken.

        A file of ranks holds neither pattern nor special tokens: give them again on loading.
        """
        path = Path(path)
        if path.suffix == ".tiktoken":
            special = set(self.special_tokens)
            ids = (id for token, id in self.vocab.items() if token not in special)
            write_whole(path, (b"%s %d\n" % (base64.b64encode(self.token(id)), id) for id in ids))
        elif path.suffix == ".json":
            write_whole(path, [json.dumps(self._json, ensure_ascii=False, indent=1).encode()])
        else:
            raise ArgumentError("unknown ending", where=str(path), expected=".json or .tiktoken")


def train_bpe(
    texts: Iterable[Text] | None = None,
    *,
    files: Files | None = None,
    vocab_size: int,
    pattern: str = "gpt2",
    min_frequency: int = 0,
    special_tokens: Sequence[str] = (),
    alphabet: Alphabet = "bytes",
    limit_alphabet: int | None = None,
    max_token_length: int | None = None,
    max_memory: int | str | None = None,
    checkpoint: str | Path | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> TrainedBpe:
    """Trains byte-level byte-pair encoding.

    The merges are those of the definition: again and again the most frequent pair, of equally frequent ones
    that of the lower ids; the same whatever the threads and the order of the texts.

    Args:
        texts: `str`, or `bytes` in UTF-8; taken one after another and not kept.
        files: instead of texts, files in UTF-8, each line with its LF a text.
        vocab_size: most tokens, special ones and single bytes among them.
        pattern: what cuts texts: the name of a scanner, or a regular expression as tokenizer.json has it
            (docs/tokenizers.md); one without a scanner needs the package `regex`, and counting takes longer.
        min_frequency: leave out merges of pairs that are seen less often.
        special_tokens: they get the first ids.
        alphabet: "bytes" begins with all 256 bytes, "seen" with those of the corpus.
        limit_alphabet: with "seen", at most so many bytes, the most frequent; others are left out of texts.
        max_token_length: most bytes of a token as tokenizer.json spells it (two for a byte above 127).
        max_memory: bytes, or "2GB": about what counting may take; what is more is sorted and written to
            temporary files. The result is the same.
        checkpoint: a folder. Counts and merges go there now and then; a later call with the same corpus and
            options goes on from them and gives the same.

    Raises `ArgumentError` for values that contradict each other, and `FormatError` naming the file and the
    place that is not UTF-8.
    """
    vocab_size, least = number("vocab_size", vocab_size, 1), number("min_frequency", min_frequency, 0)
    special = tokens("special_tokens", special_tokens)
    pattern, outside = _scanner(pattern)
    longest = 0 if max_token_length is None else number("max_token_length", max_token_length, 1)
    options = {
        "kind": "bpe",
        "vocab_size": vocab_size,
        "pattern": pattern,
        "min_frequency": least,
        "special_tokens": special,
        "alphabet": alphabet,
        "limit_alphabet": limit_alphabet,
        "max_token_length": longest,
    }
    saved = None if checkpoint is None else Checkpoint(checkpoint, options)
    rule = pattern if outside is None else "whole"
    with Counting(
        max_memory=max_memory, checkpoint=saved, outside=outside, pattern=rule, threads=threads
    ) as counted:
        counted.count(texts, files, progress)
        something(counted.counter)
        chosen = _alphabet(counted.counter, alphabet, limit_alphabet)
        symbols = [*special, *(LETTERS[byte] for byte in chosen)]
        room(vocab_size, len(symbols))
        if len(set(symbols)) < len(symbols):
            raise ArgumentError("a special token spelled like a byte", where="special_tokens")
        trainer = native.MergeTrainer(symbols, vocab_size, least=least, longest=longest)
        of_byte = np.full(256, -1, np.int32)
        of_byte[chosen] = np.arange(len(special), len(symbols))
        trainer.add_bytes(counted.counter, of_byte)
        del counted.counter  # what follows takes its place in memory
    spelled, merges = learn(trainer, vocab_size, saved, progress)
    del trainer
    names = [token.decode() for token in spelled]
    pairs = [(names[left], names[right]) for left, right, _ in merges.tolist()]
    return TrainedBpe({token: id for id, token in enumerate(names)}, pairs, pattern, special)


def _scanner(pattern: str) -> tuple[str, Isolated | None]:
    """(name of the scanner, or the pattern itself where there is none; what cuts then)."""
    if not isinstance(pattern, str):
        raise ArgumentTypeError("not a pattern", where="pattern", expected="str", found=f"{pattern!r:.60}")
    known = {name: encoding.pattern for name, encoding in ENCODINGS.items()}
    known |= patterns.IN_TIKTOKEN | patterns.IN_JSON
    name = known.get(pattern, pattern)
    if name in native.SCAN_RULES:
        return name, None
    patterns.check_regex(name)
    return pattern, Isolated(pattern)


def _alphabet(corpus: native.CorpusCounter, alphabet: str, limit: int | None) -> list[int]:
    """Bytes to begin with, in the order of the characters that spell them."""
    if alphabet == "bytes":
        if limit is not None:
            raise ArgumentError("all bytes are asked for", where="limit_alphabet", expected='alphabet="seen"')
        found = list(range(256))
    elif alphabet == "seen":
        counts = corpus.byte_counts()
        ranked = sorted(np.flatnonzero(counts).tolist(), key=lambda byte: (-counts[byte], LETTERS[byte]))
        found = ranked if limit is None else ranked[: number("limit_alphabet", limit, 1)]
    else:
        raise ArgumentError(
            "unknown choice", where="alphabet", expected="bytes or seen", found=repr(alphabet)
        )
    return sorted(found, key=lambda byte: LETTERS[byte])


def _content(
    vocab: dict[str, int], merges: list[tuple[str, str]], pattern: str, special: Sequence[str]
) -> dict[str, Any]:
    """The content of tokenizer.json."""
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [AddedToken(token, vocab[token]).to_json() for token in special],
        "normalizer": None,
        "pre_tokenizer": _pre_tokenizer(pattern),
        "post_processor": None,
        "decoder": _byte_level(True),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocab,
            "merges": [list(pair) for pair in merges],
        },
    }


def _byte_level(use_regex: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


def _split(regex: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}


def _pre_tokenizer(pattern: str) -> dict[str, Any]:
    """What cuts a text as the scanner of that name does, or as the pattern says."""
    if pattern == "gpt2":
        return _byte_level(True)
    if pattern == "whole":
        return _byte_level(False)
    if pattern == "smollm":
        steps = [{"type": "Digits", "individual_digits": True}, _byte_level(True)]
    elif pattern == "deepseek":
        steps = [*map(_split, patterns.DEEPSEEK), _byte_level(False)]
    else:
        regexes = [regex for regex, name in patterns.IN_JSON.items() if name == pattern]
        steps = [_split(regexes[0] if regexes else pattern), _byte_level(False)]
    return {"type": "Sequence", "pretokenizers": steps}
