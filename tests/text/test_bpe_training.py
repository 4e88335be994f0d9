"""Training of byte-pair encoding: the counts, the merges, the files."""

import json
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastseq
from fastseq import errors
from fastseq._core import native
from fastseq.text import patterns
from fastseq.text.bpe_training import train_bpe
from fastseq.text.counting import Counting
from tests.reference import bpe_train
from tests.reference.pretokens import pieces
from tests.text import published, toy

PROSE = "the cat sat on the mat, and the other cat saw that it's 1999 там же был кот\n"
WORDS = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(1, 9)), min_size=1, max_size=9
)


def learned(words, symbols, vocab_size, **options):
    trainer = native.MergeTrainer(symbols, vocab_size, **options)
    for word, count in words:
        trainer.add(word, count)
    assert not trainer.train()
    return trainer.symbols(), [tuple(merge) for merge in trainer.merges().tolist()]


@given(WORDS, st.integers(4, 30), st.integers(1, 5), st.sampled_from([0, 0, 3, 5]))
def test_merges_are_those_of_the_definition(words, vocab_size, least, longest):
    symbols = [b"a", b"b", b"c", b"d"]
    wanted = bpe_train.train(words, symbols, vocab_size, least, longest)
    assert learned(words, symbols, vocab_size, least=least, longest=longest) == wanted


@given(WORDS, st.integers(8, 30))
def test_marks_of_continuation_are_left_out_where_symbols_meet(words, vocab_size):
    symbols = [b"a", b"b", b"c", b"d", b"##a", b"##b", b"##c", b"##d"]
    words = [([word[0], *(4 + id for id in word[1:])], count) for word, count in words]
    wanted = bpe_train.train(words, symbols, vocab_size, prefix=b"##")
    assert learned(words, symbols, vocab_size, prefix=b"##") == wanted


def test_a_symbol_that_two_pairs_spell():
    """(ab, c) and (a, bc) both make abc: one symbol, two merges."""
    words = [([0, 1], 9), ([0, 1, 2], 8), ([3, 2], 5), ([0, 3, 2], 1), ([0, 4], 3)]
    symbols = [b"a", b"b", b"c", b"x", b"bc"]
    assert learned(words, symbols, 20) == bpe_train.train(words, symbols, 20)


def test_counts_beyond_32_bits():
    words = [([0, 1], 2**40), ([1, 0], 2**40 + 1)]
    spelled, _ = learned(words, [b"a", b"b"], 4)
    assert spelled[2:] == [b"ba", b"ab"]
    with pytest.raises(errors.ArgumentError, match="sum below"):
        learned([([0, 1], 2**62), ([0, 1], 2**62)], [b"a", b"b"], 4)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_pieces_are_counted(threads):
    texts = [PROSE * 3, "", "x" * 40 + " y", " " * 30, PROSE]
    wanted = Counter(piece.encode() for text in texts for piece in pieces("gpt2", text))
    corpus = native.CorpusCounter("gpt2", threads=threads)
    corpus.add(texts[:2])
    corpus.add([text.encode() for text in texts[2:]])
    assert corpus.counts() == wanted
    corpus.add([PROSE])  # after a look at the counts it goes on
    wanted.update(piece.encode() for piece in pieces("gpt2", PROSE))
    assert corpus.counts() == wanted
    assert corpus.byte_counts().sum() == sum(len(piece) * count for piece, count in wanted.items())


def test_lines_are_texts_with_their_ends(tmp_path):
    lines = [PROSE, "\n", "a\r\n", "  b  \n", "end"] * 5000
    (tmp_path / "a.txt").write_bytes("".join(lines).encode())
    options = {"vocab_size": 300, "threads": 2}
    by_file = train_bpe(files=tmp_path / "a.txt", **options)
    lines = "".join(lines).splitlines(keepends=True)
    assert by_file.merges == train_bpe(lines, **options).merges


def test_any_order_and_any_threads_give_the_same():
    texts = [PROSE, "other words\n", "the other cat\n"] * 7
    wanted = train_bpe(texts, vocab_size=320, threads=1)
    other = train_bpe(reversed(texts), vocab_size=320, threads=3)
    assert (wanted.vocab, wanted.merges) == (other.vocab, other.merges)


@pytest.mark.parametrize("pattern", native.SCAN_RULES)
def test_files_written_are_read(tmp_path, pattern):
    trained = train_bpe([PROSE] * 3, vocab_size=300, pattern=pattern, special_tokens=["<|end|>"])
    trained.write(tmp_path / "tokenizer.json")
    read = fastseq.Tokenizer.load(tmp_path)
    text = PROSE + "unseen wörds 12345\t\n<|end|>"
    ids = trained.encode(text, allowed_special="all")
    assert ids[-1] == 0
    assert read.encode(text, allowed_special="all") == ids
    assert read.decode(ids, skip_special_tokens=False) == text
    trained.write(tmp_path / "a.tiktoken")
    ranks = fastseq.Tokenizer.load(tmp_path / "a.tiktoken", pattern=pattern, special_tokens={"<|end|>": 0})
    assert ranks.encode(text, allowed_special="all") == ids
    content = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    assert len(content["model"]["vocab"]) == 300


def test_alphabets():
    seen = train_bpe(["abcabd"], vocab_size=20, alphabet="seen", min_frequency=2)
    assert seen.vocab == {"a": 0, "b": 1, "c": 2, "d": 3, "ab": 4}
    limited = train_bpe(["abcabdab"], vocab_size=20, alphabet="seen", limit_alphabet=2, min_frequency=2)
    assert list(limited.vocab)[:3] == ["a", "b", "ab"]
    assert limited.decode(limited.encode("abc")) == "ab"


def test_token_length_is_limited():
    tokens = train_bpe(["abcdefgh " * 5], vocab_size=290, max_token_length=4).vocab
    assert max(map(len, tokens)) == 4


def test_progress_is_told_and_may_stop_the_work():
    told = []
    rng = np.random.default_rng(1)
    trainer = native.MergeTrainer([bytes([97 + i]) for i in range(26)], 200_000)
    for _ in range(20_000):
        trainer.add(rng.integers(0, 26, 12), 1)

    def stop(done):
        told.append(done)
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        trainer.train(progress=stop)
    assert len(told) == 1


def refused(how, match, **options):
    with pytest.raises(how, match=match):
        train_bpe(**{"texts": [PROSE], "vocab_size": 300, **options})


def test_what_makes_no_sense_is_refused(tmp_path):
    refused(errors.ArgumentTypeError, "either texts or files", texts=None)
    refused(errors.ArgumentTypeError, "one text", texts=PROSE)
    refused(errors.ArgumentError, "no room", vocab_size=255)
    refused(errors.ArgumentError, "unknown pattern", pattern="nonesuch")
    refused(errors.ArgumentTypeError, "not a pattern", pattern=5)
    refused(errors.ArgumentTypeError, "texts: not texts", texts=5)
    refused(errors.ArgumentError, "unknown choice", alphabet="all")
    refused(errors.ArgumentError, "all bytes", limit_alphabet=3)
    refused(errors.ArgumentError, "spelled like a byte", special_tokens=["a"])
    refused(errors.ArgumentError, r"texts\[1\]", texts=["a", "\ud800"])
    refused(errors.ArgumentError, r"texts\[0\], byte 1", texts=[b"a\xff"])
    (tmp_path / "bad.txt").write_bytes(b"fine\nnot\xff\n")
    refused(errors.FormatError, "bad.txt: byte 8", texts=None, files=tmp_path / "bad.txt")
    with pytest.raises(errors.ArgumentError, match="unknown ending"):
        train_bpe([PROSE], vocab_size=260).write(tmp_path / "a.bin")


def test_known_expressions_are_scanners():
    wanted = train_bpe([PROSE], vocab_size=300, pattern="cl100k")
    for name in ("cl100k_base", patterns.CL100K, published.PATTERNS["cl100k_base"]):
        made = train_bpe([PROSE], vocab_size=300, pattern=name)
        assert (made.pattern, made.vocab) == ("cl100k", wanted.vocab)


def test_pieces_that_python_cuts(tmp_path):
    """A regular expression without a scanner, here that of Python's own `re`."""

    def cut(text):
        return np.array([match.span() for match in re.finditer(r"\w+|\W", text)], np.int32).reshape(-1, 2)

    def counting():
        return Counting(max_memory=None, checkpoint=None, outside=cut, pattern="whole")

    texts = ["one two\n", "zwei größer, größer\n", "", "\n", "the end"]
    wanted = Counter(piece for text in texts for piece in re.findall(r"\w+|\W", text))
    (tmp_path / "corpus").write_text("".join(texts), encoding="utf-8")
    for corpus in (
        (texts, None),
        (iter([text.encode() for text in texts]), None),
        (None, tmp_path / "corpus"),
    ):
        with counting() as counted:
            counted.count(*corpus, progress=False)
            assert {piece.decode(): count for piece, count in counted.counter.counts().items()} == wanted
    for wrong, error in (
        ([5], errors.ArgumentTypeError),
        (["\ud800"], errors.ArgumentError),
        ([b"\xff"], ValueError),
    ):
        with counting() as counted, pytest.raises(error, match=r"texts\[0\]"):
            counted.count(wrong, None, progress=False)
    (tmp_path / "bad").write_bytes(b"fine\nnot\xff\n")
    with counting() as counted, pytest.raises(errors.FormatError, match="bad: byte 8"):
        counted.count(None, tmp_path / "bad", progress=False)


@pytest.mark.peers
@pytest.mark.parametrize(
    "pattern",
    [
        "cl100k",
        r"\w+|\W",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}"
        r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    ],
)
def test_any_pattern_beside_tokenizers(pattern, tmp_path):
    import tokenizers

    texts = [*published.code(60_000).splitlines(True), *toy.TEXT.splitlines(True)]
    mine = train_bpe(texts, vocab_size=1000, pattern=pattern)
    mine.write(tmp_path / "tokenizer.json")
    read = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    text = published.prose(50_000) + toy.TEXT + " 12345 \n\n  \n x's IT'S  \n "
    wanted = read.encode(text).ids
    assert mine.encode(text) == fastseq.Tokenizer.load(tmp_path).encode(text) == wanted
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = read.pre_tokenizer
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    options = {"vocab_size": 1000, "initial_alphabet": alphabet, "show_progress": False}
    theirs.train_from_iterator(texts, tokenizers.trainers.BpeTrainer(**options))
    assert mine.vocab == theirs.get_vocab()


@pytest.mark.peers
def test_merges_are_those_of_tokenizers(tmp_path):
    """On this repository's own sources, where its counts stay below 32 bits."""
    from pathlib import Path

    import tokenizers

    files = sorted(map(str, Path(__file__).parents[2].glob("csrc/**/*.c")))
    mine = train_bpe(files=files, vocab_size=4000)
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    options = {"vocab_size": 4000, "initial_alphabet": alphabet, "show_progress": False}
    theirs.train(files, tokenizers.trainers.BpeTrainer(**options))
    model = json.loads(theirs.to_str())["model"]
    assert mine.vocab == model["vocab"]
    assert mine.merges == [tuple(merge) for merge in model["merges"]]
    mine.write(tmp_path / "t.json")
    read = tokenizers.Tokenizer.from_file(str(tmp_path / "t.json"))
    for line in Path(files[0]).read_text().splitlines(keepends=True):
        assert read.encode(line).ids == mine.encode(line)
