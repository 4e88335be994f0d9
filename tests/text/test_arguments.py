"""Odd arguments: taken where what they mean is plain, else an exception that tells which it is."""

import numpy as np
import pytest

from fastseq.errors import ArgumentError, ArgumentTypeError
from fastseq.text import Tokenizer, tokenizer_json
from fastseq.text.bpe import from_ranks
from tests.text import pipeline_models as models
from tests.text import toy
from tests.text.test_sentencepiece import SMALL
from tests.text.test_sentencepiece import tokenizer as pieces

BYTES = from_ranks(toy.ranks_bytes(), "cl100k", {"<|end|>": 1000})
PIPELINE = tokenizer_json.from_json(models.bert())
PIECES = pieces(next(name for name in SMALL if pieces(name).encode("\u1234")[-1] != pieces(name).unk_id))
"""Of byte fallback."""
KINDS = [BYTES, PIPELINE, PIECES]
WORDS = "the text the tokenizer"


@pytest.mark.parametrize("tokenizer", KINDS)
def test_lengths(tokenizer):
    ids = tokenizer.encode(WORDS)
    assert tokenizer.encode(WORDS, max_length=10**30) == ids
    assert tokenizer.encode(WORDS, max_length=np.int64(3)) == tokenizer.encode(WORDS, max_length=3)
    for wrong in ("3", 2.5, [3]):
        with pytest.raises(ArgumentTypeError, match="max_length: not a number"):
            tokenizer.encode(WORDS, max_length=wrong)
    with pytest.raises(ArgumentError, match="max_length: negative"):
        tokenizer.count(WORDS, max_length=-1)


def test_threads():
    assert BYTES.encode_batch([WORDS], threads=np.int64(2)).tolist() == [BYTES.encode(WORDS)]
    for wrong in (-1, 10**20, "2", 2.0):
        with pytest.raises(ArgumentError, match="threads: bad thread count"):
            BYTES.encode_batch([WORDS], threads=wrong)


def test_special_tokens():
    with pytest.raises(ArgumentTypeError, match="allowed_special: not a set of tokens"):
        BYTES.encode(WORDS, allowed_special=5)
    for wrong in (["<|a|>"], {"<|a|>": "5"}, {"<|a|>": 5.0}):
        with pytest.raises(ArgumentTypeError, match="special_tokens: not tokens and their ids"):
            from_ranks(toy.ranks_bytes(), "cl100k", wrong)


@pytest.mark.parametrize("tokenizer", KINDS)
def test_texts(tokenizer):
    for wrong in (None, 5, bytearray(b"a"), ["a"]):
        with pytest.raises(ArgumentTypeError, match=r"text: not a text .expected str or bytes"):
            tokenizer.encode(wrong)
    with pytest.raises(ArgumentTypeError, match=r"texts\[1\]: not a text .expected str or bytes, found int"):
        tokenizer.encode_batch(["a", 5])


@pytest.mark.parametrize("tokenizer", KINDS)
def test_ids(tokenizer):
    ids = tokenizer.encode(WORDS)
    text = tokenizer.decode(ids)
    for same in (tuple(ids), iter(ids), np.array(ids, np.uint32), np.array(ids, ">i8"), map(np.int64, ids)):
        assert tokenizer.decode(same) == text
    for wrong in (None, 5, "12", [5.0], ["5"], [None], [[5]], np.array([[5]])):
        with pytest.raises(ArgumentTypeError, match="ids: not a list of ids"):
            tokenizer.decode(wrong)
    for wrong in (-1, 2**24 + 5, 2**31, 2**40):
        with pytest.raises(ArgumentError, match=rf"ids\[1\]: id not in the vocabulary.*found {wrong}"):
            tokenizer.decode([ids[0], wrong])
    with pytest.raises(ArgumentError, match=r"batch\[1\]: ids\[0\]: id not in the vocabulary"):
        tokenizer.decode_batch([ids, [2**24 + 5]])


def test_tokens_by_their_bytes():
    id = BYTES.encode(" the")[0]
    assert BYTES.token_id(" the") == BYTES.token_id(b" the") == id
    assert BYTES.token(BYTES.token_id(b"\xff")) == b"\xff"
    assert BYTES.token_id(b"<|end|>") == 1000
    assert BYTES.token_id(b"no such token") is None
    with pytest.raises(ArgumentTypeError, match="token: not a token"):
        BYTES.token_id(5)


@pytest.mark.parametrize("tokenizer", [BYTES, PIECES, tokenizer_json.from_json(models.llama())])
def test_half_characters(tokenizer):
    ids = tokenizer.encode("a\u1234", add_special_tokens=False)
    assert tokenizer.decode(ids, errors="strict") == tokenizer.decode(ids)
    assert "\ufffd" in tokenizer.decode(ids[:-1])
    assert "\ufffd" in tokenizer.decode_batch([ids[:-1]])[0]
    for call in (tokenizer.decode, lambda ids, **how: tokenizer.decode_batch([ids], **how)):
        with pytest.raises(UnicodeDecodeError):
            call(ids[:-1], errors="strict")
    with pytest.raises(ArgumentError, match=r"errors: unknown choice .expected replace, strict"):
        tokenizer.decode(ids, errors="ignore")


def test_folders(tmp_path):
    with pytest.raises(ArgumentError, match=r"no tokenizer .expected tokenizer.json, or one file"):
        Tokenizer.load(tmp_path)
    (tmp_path / "config.json").write_text("{}")  # of other libraries
    (tmp_path / "gpt2.tiktoken").write_bytes(toy.ranks_bytes())
    assert Tokenizer.load(tmp_path).encode(WORDS)
    (tmp_path / "b.spm").write_bytes(b"")
    with pytest.raises(ArgumentError, match=r"which tokenizer.*found b.spm, gpt2.tiktoken"):
        Tokenizer.load(tmp_path)
    toy.write_json(tmp_path)
    assert Tokenizer.load(tmp_path).encode(WORDS)


@pytest.mark.parametrize("kind", ["wordpiece", "char"])
def test_endings_of_files(kind, tmp_path):
    made = Tokenizer.train([WORDS], kind=kind, vocab_size=60)
    with pytest.raises(ArgumentError, match=r"unknown ending .expected .json"):
        made.write(tmp_path / "a.model")


def test_tokens_that_no_text_comes_to(tmp_path):
    vocab = toy.tokenizer_json()["model"]["vocab"]
    model = {**toy.tokenizer_json()["model"], "vocab": {**vocab, "\u6f22": 990, "<x>": 991}}
    tokenizer = Tokenizer.load(toy.write_json(tmp_path, model=model))
    assert [tokenizer.token_id(token) for token in ("\u6f22", "<x>", "<y>", "", b"\xe6\xbc\xa2")] == [
        990,
        991,
        None,
        None,
        990,
    ]
    assert all(tokenizer.token_id(tokenizer.token(id)) == id for id in tokenizer.ranked_ids())
