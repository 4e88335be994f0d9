"""Training of WordPiece, of SentencePiece's models and of vocabularies."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq
from fastseq import errors
from fastseq._core import native
from tests.examples import examples
from tests.reference import bpe_train, unigram_train

LINES = [
    "The cat sat on the mat, and the other cat saw that it's 1999.",
    "Там же был кот; коты сидели на матах 12 дней.",
    "日本語の文章です。東京都と京都府。 cafés naïves",
    "the mats that cats sat on",
] * 6
WORDS = st.dictionaries(st.text("abcé", min_size=1, max_size=7), st.integers(1, 20), min_size=1, max_size=8)
KINDS = ["wordpiece", "unigram", "sentencepiece-bpe", "word", "char", "bpe"]


def facts(tokenizer):
    if hasattr(tokenizer, "file"):
        return tokenizer.file
    return (
        list(tokenizer.vocabulary) if hasattr(tokenizer, "vocabulary") else tokenizer.encode(" ".join(LINES))
    )


def unigram(words):
    """(a native trainer of these words, the reference's scores, its required characters)."""
    counts = Counter()
    for word, count in words.items():
        counts.update({letter: count * word.count(letter) for letter in set(word)})
    letters = sorted(counts)
    trainer = native.UnigramTrainer(letters, [counts[letter] for letter in letters], threads=2)
    corpus = native.CorpusCounter("whole", threads=1)
    for word, count in words.items():
        corpus.add([word] * count)
    trainer.add(corpus)
    return trainer, {letter: counts[letter] for letter in letters}


def held(trainer):
    return dict(zip(trainer.pieces(), trainer.scores().tolist(), strict=True))


@settings(max_examples=examples(60))
@given(WORDS, st.integers(0, 12), st.integers(2, 5))
def test_seeds_are_the_best_substrings(words, most, longest):
    trainer, letters = unigram(words)
    trainer.seed(most, longest)
    wanted = {**letters, **unigram_train.seeds(words, most, longest)}
    total = sum(wanted.values())
    assert held(trainer) == pytest.approx({piece: np.log(value / total) for piece, value in wanted.items()})


@settings(max_examples=examples(60))
@given(WORDS)
def test_rounds_and_losses_are_those_of_the_definition(words):
    trainer, letters = unigram(words)
    trainer.seed(50, 5)
    for _ in range(2):
        before = held(trainer)
        wanted, likelihood = unigram_train.em_round(words, before, letters)
        mean, _ = trainer.round()
        assert mean == pytest.approx(likelihood, abs=1e-6)
        assert held(trainer) == pytest.approx(wanted, abs=1e-6)
    before = held(trainer)
    losses = unigram_train.losses(words, before, letters)
    trainer.prune(len(letters) + 1)
    left = set(trainer.pieces()) - set(letters)
    assert left <= set(losses)
    assert [losses[piece] for piece in left] == pytest.approx(
        [max(losses.values())] if losses else [], abs=1e-9
    )


def test_sums_of_long_words_do_not_vanish():
    trainer, _ = unigram({"ab" * 3000 + "c" * 4000: 3, "abc": 2})
    trainer.seed(100, 16)
    for _ in range(2):
        mean, _ = trainer.round()
        assert -np.inf < mean < 0
    assert np.isfinite(trainer.scores()).all()


@pytest.mark.parametrize("kind", KINDS)
def test_memory_threads_and_order_change_nothing(kind, tmp_path):
    options = {"kind": kind, "vocab_size": 300}
    wanted = facts(fastseq.Tokenizer.train(LINES, **options, threads=1))
    assert facts(fastseq.Tokenizer.train(LINES[::-1], **options, threads=3, max_memory="1kB")) == wanted
    for _ in range(2):
        saved = fastseq.Tokenizer.train(LINES, **options, checkpoint=tmp_path / "saved", max_memory=1)
        assert facts(saved) == wanted


@pytest.mark.parametrize("kind", ["unigram", "sentencepiece-bpe"])
@pytest.mark.parametrize("options", [{}, {"byte_fallback": True}, {"user_defined_symbols": ["cat", "<x>"]}])
def test_models_are_read_again(kind, options, tmp_path):
    made = fastseq.Tokenizer.train(LINES, kind=kind, vocab_size=450, special_tokens=["<sep>"], **options)
    assert len(made) <= 450
    assert [made.piece(id) for id in range(4)] == ["<unk>", "<s>", "</s>", "<sep>"]
    made.write(tmp_path / "a.model")
    read = fastseq.Tokenizer.load(tmp_path / "a.model")
    for line in {*LINES, "unseen wörds \U0001f600"}:
        ids = made.encode(line)
        assert read.encode(line) == ids
        if options.get("byte_fallback") or made.unk_id not in ids:
            assert made.decode(ids) == line
    if "user_defined_symbols" in options:
        assert made.tokenize("acat<x>")[-2:] == ["cat", "<x>"]


def test_pieces_keep_words_scripts_and_digits_apart():
    lines = ["abcждв12 abcждв12 東京abc"] * 9
    made = fastseq.Tokenizer.train(lines, kind="unigram", vocab_size=60, split_digits=True)
    pieces = {piece.text for piece in made.pieces if piece.type == 1}
    assert {"▁abc", "ждв", "1", "2"} <= pieces
    assert not {"12", "cж", "京a", "▁abcж"} & pieces
    joined = fastseq.Tokenizer.train(lines, kind="unigram", vocab_size=60, split_by_unicode_script=False)
    assert "▁abcждв12" in {piece.text for piece in joined.pieces}


def test_rare_characters_are_not_covered():
    lines = ["abab" * 500, "q"]
    made = fastseq.Tokenizer.train(lines, kind="unigram", vocab_size=20, character_coverage=0.99)
    assert "q" not in {piece.text for piece in made.pieces}
    assert made.unk_id in made.encode("q")


def test_wordpiece_merges_are_those_of_the_definition():
    made = fastseq.Tokenizer.train(
        LINES, kind="wordpiece", vocab_size=200, lowercase=False, handle_chinese_chars=False
    )
    content = json.loads(json.dumps(made._content))
    vocab = list(content["model"]["vocab"])
    corpus = native.CorpusCounter(rule="bert", normalizer=native.Normalizer([]))
    corpus.add(LINES)
    counts = {word.decode(): count for word, count in corpus.counts().items()}
    assert (counts["the"], counts[";"]) == (18, 6)
    symbols = vocab[: len([token for token in vocab if len(token.removeprefix("##")) == 1]) + 5]
    spelled = [[word[0], *("##" + letter for letter in word[1:])] for word in counts]
    words = [
        ([symbols.index(part) for part in parts], count)
        for parts, count in zip(spelled, counts.values(), strict=True)
    ]
    wanted, _ = bpe_train.train(words, [symbol.encode() for symbol in symbols], 200, prefix=b"##")
    assert vocab == [token.decode() for token in wanted]


def test_wordpiece_alphabets():
    made = fastseq.Tokenizer.train(
        ["aab aab cd É"], kind="wordpiece", vocab_size=30, limit_alphabet=4, initial_alphabet=["z"]
    )
    vocab = made._content["model"]["vocab"]
    assert {"z", "a", "b", "##a", "##b", "aab"} <= set(vocab)
    assert "##z" not in vocab
    assert len([token for token in vocab if len(token) == 1]) == 4
    assert made.tokenize("AAB") == ["aab"]


def test_vocabularies_are_those_that_are_counted():
    made = fastseq.Tokenizer.train(LINES, kind="word", vocab_size=12, special_tokens=["<s>"])
    wanted = fastseq.text.vocabulary.Vocabulary.from_texts(LINES, max_size=12, specials=["<s>"])
    assert made.vocabulary == wanted
    letters = fastseq.Tokenizer.train(LINES, kind="char", lowercase=True)
    assert letters.vocabulary == fastseq.text.vocabulary.Vocabulary.from_texts(
        LINES, "character", lowercase=True
    )


def refused(match, how=errors.ArgumentError, **options):
    with pytest.raises(how, match=match):
        fastseq.Tokenizer.train(**{"texts": LINES, "vocab_size": 300, **options})


def test_what_makes_no_sense_is_refused(tmp_path):
    refused("unknown choice", kind="nonesuch")
    for kind in KINDS:
        refused("nothing to learn from", kind=kind, texts=["", ""])
        refused("vocab_size: out of range", kind=kind, vocab_size=-1)
        refused("not a number", kind=kind, vocab_size="3", how=errors.ArgumentTypeError)
        refused("min_frequency: out of range", kind=kind, min_frequency=-1)
        refused("twice", kind=kind, special_tokens=["<a>", "<a>"])
        refused(r"texts\[1\], byte 1", kind=kind, texts=["a", b"a\xff"])
    for kind in KINDS[:3]:
        refused("no room", kind=kind, vocab_size=9)
    refused("not among them", kind="wordpiece", special_tokens=["a"])
    refused("not a character", kind="wordpiece", initial_alphabet=["ab"])
    refused("limit_alphabet", kind="wordpiece", limit_alphabet=0)
    refused("character_coverage", kind="unigram", character_coverage=0)
    refused("max_piece_length", kind="unigram", max_piece_length=1)
    refused("twice", kind="unigram", special_tokens=["<x>"], user_defined_symbols=["<x>"])
    words = fastseq.Tokenizer.train(LINES, kind="word")
    with pytest.raises(errors.UnsupportedError, match="cannot say"):
        words.write(tmp_path / "a.json")
