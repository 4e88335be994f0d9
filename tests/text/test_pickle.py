"""Tokenizers through pickle: copies, and processes of their own."""

import copy
import multiprocessing
import pickle

import pytest

from fastseq.text import CharTokenizer, Tokenizer, Vocabulary, WordTokenizer, tokenizer_json
from fastseq.text.bpe import from_ranks
from fastseq.text.lengths import Padding, Truncation
from tests.text import pipeline_models as models
from tests.text import toy
from tests.text.test_sentencepiece import SMALL
from tests.text.test_sentencepiece import tokenizer as pieces

TEXT = "the text doesn't look back <|end|> Cafe\u0301 größer 中文字 😀\n"
LINES = toy.TEXT.splitlines(True)


def made():
    normalized = toy.tokenizer_json(rule="cl100k", normalizer={"type": "NFC"}, added_tokens=[])
    special = {"<|end|>": 1000}
    words = Vocabulary(["<unk>", "the", "text"], unknown="<unk>", specials=["<unk>"])
    yield "bytes", from_ranks(toy.ranks_bytes(), "cl100k", special)
    yield "by a pattern", from_ranks(toy.ranks_bytes(), "whole", special)
    yield "normalized bytes", tokenizer_json.from_json(normalized)
    yield "all steps", tokenizer_json.from_json(models.bert())
    yield "pieces", pieces(SMALL[0])
    yield "words", WordTokenizer(words)
    yield "characters", CharTokenizer(Vocabulary(["<unk>", *"the x"], unknown="<unk>"))
    for kind in ("bpe", "wordpiece", "unigram", "sentencepiece-bpe", "word", "char"):
        yield f"trained {kind}", Tokenizer.train(LINES, kind=kind, vocab_size=310)


MADE = dict(made())


@pytest.mark.parametrize("name", MADE)
def test_the_same_again(name):
    tokenizer = MADE[name]
    data = pickle.dumps(tokenizer)
    again = pickle.loads(data)
    assert type(again) is type(tokenizer)
    assert len(again) == len(tokenizer)
    assert again.encode(TEXT) == tokenizer.encode(TEXT)
    assert again.special_tokens == tokenizer.special_tokens
    assert again.decode(again.encode(TEXT)) == tokenizer.decode(tokenizer.encode(TEXT))
    assert pickle.dumps(again) == data
    assert copy.deepcopy(tokenizer).encode(TEXT) == tokenizer.encode(TEXT)


def test_lengths_come_along():
    tokenizer = tokenizer_json.from_json(models.bert())
    tokenizer.set_lengths(Truncation(5, "left"), Padding(0, length=8))
    again = pickle.loads(pickle.dumps(tokenizer))
    assert (again.truncation, again.padding) == (tokenizer.truncation, tokenizer.padding)
    assert again.encode(TEXT) == tokenizer.encode(TEXT)
    assert len(again.encode(TEXT)) == 5


def test_processes():
    tokenizer = MADE["bytes"]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(tokenizer.encode, LINES) == [tokenizer.encode(line) for line in LINES]
