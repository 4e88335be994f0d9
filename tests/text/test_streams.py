"""Decoding ids one by one: together it is the whole, and no character comes in halves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastseq._core import native
from fastseq.errors import ArgumentError
from fastseq.text import CharTokenizer, Vocabulary, WordTokenizer
from fastseq.text.bpe import from_ranks
from fastseq.text.sentencepiece import SentencePieceTokenizer
from fastseq.text.sentencepiece_file import Piece, Rules, Settings, model_bytes
from tests.examples import examples
from tests.text import toy
from tests.text.strategies import TEXT
from tests.text.test_sentencepiece import SMALL, tokenizer

BPE = from_ranks(toy.ranks_bytes(), "cl100k", {"<|end|>": 1000})
VOCABULARY = Vocabulary.from_tokens(["<unk>", "<pad>", *"abc", "größe"], specials=["<pad>"], unknown="<unk>")
WORDS, CHARACTERS = WordTokenizer(VOCABULARY), CharTokenizer(VOCABULARY)


def check(tokenizer, ids, **options):
    """One by one, all at once, in two parts; and the stream is as new behind its end."""
    whole = tokenizer.decode(ids, **options)
    stream = tokenizer.decode_stream(**options)
    for parts in (ids, [ids], [np.array(ids[:3], np.int64), ids[3:]], ids):
        given = [stream.add(part) for part in parts]
        assert "".join(given) + stream.end() == whole
    return given


@pytest.mark.parametrize("name", SMALL)
@settings(max_examples=examples(25))
@given(TEXT, st.data())
def test_sentencepiece(name, text, data):
    ours = tokenizer(name)
    check(ours, ours.encode(text))
    ids = data.draw(st.lists(st.integers(0, len(ours) - 1) | st.integers(0, 270), max_size=12))
    check(ours, ids)


# every rule of spaces, and pieces that spell bytes, with and without rules for decoded text
PIECES = [
    Piece("<unk>", 0, 2),
    Piece("<s>", 0, 3),
    *(Piece(f"<0x{byte:02X}>", 0, 6) for byte in range(256)),
    *(Piece(text, -1, 1) for text in ("▁", "▁a", "a", "b▁", "▁▁", "é")),
    Piece("no text", 0, 3),
]
FEW = [
    0,
    1,
    *(2 + byte for byte in b"a\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80\xff\xed\xa0\x80\xc0"),
    *range(258, 265),
]


@pytest.mark.parametrize("prefix", [False, True])
@pytest.mark.parametrize("remove", [False, True])
@given(st.lists(st.sampled_from(FEW), max_size=14))
def test_spaces_and_bytes(prefix, remove, ids):
    rules = Rules(add_dummy_prefix=prefix, remove_extra_whitespaces=remove)
    facts = Settings(unigram=False, byte_fallback=True, normalizer=rules, unk_surface="?▁")
    key = prefix, remove
    if key not in MADE:
        MADE[key] = SentencePieceTokenizer(native.SentencePieceEncoder(model_bytes(PIECES, facts)))
    check(MADE[key], ids)


MADE: dict[tuple[bool, bool], SentencePieceTokenizer] = {}


def test_characters_come_whole_and_at_once():
    facts = Settings(unigram=False, byte_fallback=True)
    ours = SentencePieceTokenizer(native.SentencePieceEncoder(model_bytes(PIECES, facts)))
    ids = [259, *(2 + byte for byte in "日a".encode()), 258, 259]
    assert check(ours, ids) == ["a", "", "", "日", "a", " ", " a"]
    assert check(ours, [2 + 0xE6, 2 + 0x97, 260]) == ["", "", "\ufffd\ufffda"]
    with pytest.raises(ArgumentError, match="id not in the vocabulary"):
        ours.decode_stream().add(len(ours))


@given(st.lists(st.sampled_from([*range(len(toy.ranks())), 1000]), max_size=12), st.booleans())
def test_bytes(ids, skip):
    check(BPE, ids, skip_special_tokens=skip)


@pytest.mark.parametrize("tokenizer", [WORDS, CHARACTERS])
@given(st.lists(st.integers(0, 5), max_size=6), st.booleans())
def test_tokens(tokenizer, ids, skip):
    check(tokenizer, ids, skip_special_tokens=skip)


def test_tokens_that_are_none():
    with pytest.raises(ArgumentError):
        WORDS.decode_stream().add([1, 99])
