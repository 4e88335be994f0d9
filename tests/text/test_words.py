"""WordTokenizer: its ways of splitting, filters, special tokens, places."""

# ruff: noqa: RUF001

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastseq.errors import ArgumentError, FormatError, UnknownTokenError
from fastseq.text import Tokenizer, Vocabulary, WordTokenizer
from tests.reference import texts as reference
from tests.text.strategies import TEXT


def words(*tokens, **options):
    return WordTokenizer(Vocabulary.from_tokens(["<unk>", *tokens], unknown="<unk>"), **options)


def test_a_hand_worked_example():
    tokenizer = words("can't", "stop", "!", lowercase=True)
    text = "  Can't STOP, you!"
    assert tokenizer.tokenize(text) == ["can't", "stop", ",", "you", "!"]
    assert tokenizer.encode(text) == [1, 2, 0, 0, 3]
    assert tokenizer.offsets(text) == [(2, 7), (8, 12), (12, 13), (14, 17), (17, 18)]
    assert tokenizer.decode([1, 2, 3]) == "can't stop !"
    quiet = words("can't", "stop", lowercase=True, punctuation="drop", unknown="drop")
    assert quiet.encode(text) == [1, 2]
    assert quiet.offsets(text) == [(2, 7), (8, 12)]


@given(TEXT)
def test_whitespace_is_what_str_split_takes_for_it(text):
    assert words(split="whitespace").tokenize(text) == text.split()
    assert words(split="whitespace", lowercase=True).tokenize(text) == text.lower().split()


@given(TEXT)
def test_space_is_one_character(text):
    assert words(split="space").tokenize(text) == [piece for piece in text.split(" ") if piece]


@given(TEXT)
def test_the_whole_text(text):
    assert words(split="none").tokenize(text) == [text]
    assert words(split="none").offsets(text) == [(0, len(text))]


@given(TEXT)
def test_ascii_alphanumeric_is_the_regular_expression(text):
    """All but letters, digits and white space taken out of the lower-case text."""
    cleaned = re.sub(r"[^a-zA-Z0-9\s]", "", text.lower()).strip().split()
    tokenizer = words(split="whitespace", lowercase=True, keep="ascii_alphanumeric")
    assert tokenizer.tokenize(text) == cleaned


@given(TEXT, st.booleans(), st.sampled_from(sorted(reference.KEEP)), st.sampled_from(["whitespace", "space"]))
def test_pieces_and_places(text, lowercase, keep, split):
    separates = str.isspace if split == "whitespace" else " ".__eq__
    expected = reference.split_at(reference.mapped(text, lowercase, keep), separates)
    tokenizer = words(split=split, lowercase=lowercase, keep=keep)
    assert tokenizer.tokenize(text) == [piece.text for piece in expected]
    assert tokenizer.offsets(text) == [(piece.begin, piece.end) for piece in expected]


@given(TEXT, st.booleans())
def test_places_of_words_cover_what_they_came_from(text, lowercase):
    tokenizer = words(lowercase=lowercase)
    data = text.encode()
    pieces, places, in_bytes = (
        tokenizer.tokenize(text),
        tokenizer.offsets(text),
        tokenizer.offsets(text, unit="bytes"),
    )
    assert len(pieces) == len(places) == len(in_bytes) == len(tokenizer.encode(text))
    last = 0
    for piece, (begin, end), (first, behind) in zip(pieces, places, in_bytes, strict=True):
        covered = text[begin:end]
        # A final sigma depends on what is around it.
        assert (covered.lower() if lowercase else covered).replace("ς", "σ") == piece.replace("ς", "σ")
        assert data[first:behind].decode() == covered
        assert begin >= last
        last = end


@given(st.lists(TEXT), st.sampled_from(["words", "whitespace", "space", "none"]))
def test_batches_are_their_texts(texts, split):
    tokenizer = WordTokenizer(Vocabulary.from_texts([*texts, "a"], split="whitespace"), split=split)
    batch = tokenizer.encode_batch(texts, spans="characters")
    assert [ids.tolist() for ids in batch] == [tokenizer.encode(text) for text in texts]
    assert batch.spans.tolist() == [list(place) for text in texts for place in tokenizer.offsets(text)]
    assert tokenizer.count(texts) == len(batch.ids)


@given(st.lists(st.text("ab\u00e9", min_size=1), min_size=1))
def test_round_trip(tokens):
    text = " ".join(tokens)
    for split in ("words", "whitespace", "space"):
        tokenizer = WordTokenizer(Vocabulary.from_texts([text], unknown=None), split=split)
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_text_is_never_taken_for_a_special_token():
    vocabulary = Vocabulary.from_tokens(["</s>", "<unk>", "a"], unknown="<unk>", specials=["</s>"])
    assert WordTokenizer(vocabulary, split="space", append=["</s>"]).encode("a </s>") == [2, 1, 0]
    assert WordTokenizer(vocabulary, split="space", allow_special=True).encode("a </s>") == [2, 0]
    with pytest.raises(UnknownTokenError, match=r"^text, character 2: .*special.*</s>"):
        WordTokenizer(vocabulary, split="space", unknown="error").encode("a </s>")
    assert vocabulary["</s>"] == 0


def test_unknown_words_are_named_whole_or_cut_between_characters():
    tokenizer = words("a", split="whitespace", unknown="error", lowercase=True)
    with pytest.raises(UnknownTokenError, match=r"texts\[1\], character 3: .*found ünknown\)"):
        tokenizer.encode_batch(["a", "a\n\nÜnknown"])
    with pytest.raises(UnknownTokenError, match=r"found x(é){49}\.\.\.\)"):
        tokenizer.encode("X" + "é" * 1000)


def test_an_empty_text_can_be_a_piece():
    labels = WordTokenizer(Vocabulary.from_tokens(["", "a"]), split="none", lowercase=True, keep="letters")
    assert labels.encode_batch(["", "A", "!"]).ids.tolist() == [0, 1, 0]
    assert labels.offsets("!") == [(0, 0)]
    with pytest.raises(UnknownTokenError, match=r"^text, character 0: "):
        words(split="none", unknown="error", lowercase=True).encode("")


def test_a_word_of_a_million_characters():
    text = "ab" * 500_000
    tokenizer = words(text, split="words")
    assert tokenizer.encode(text) == [1]
    assert tokenizer.encode_batch([text, "ab", text]).ids.tolist() == [1, 0, 1]
    assert tokenizer.encode("a b " * 250_000) == [0] * 500_000


def test_threads_agree():
    rng = np.random.default_rng(1)
    known = [f"w{i}" for i in range(1000)]
    texts = [" ".join(f"W{i}" for i in rng.integers(0, 2000, n)) for n in rng.integers(0, 200, 2000)]
    tokenizer = words(*known, lowercase=True)
    batches = [tokenizer.encode_batch(texts, threads=n, spans="bytes") for n in (1, 2, 3)]
    for other in batches[1:]:
        for name in ("ids", "offsets", "spans"):
            assert np.array_equal(getattr(batches[0], name), getattr(other, name))
    plain = {word: i for i, word in enumerate(["<unk>", *known])}
    assert batches[0].ids.tolist() == [plain.get(w, 0) for text in texts for w in text.lower().split()]


def test_saved_and_loaded(tmp_path):
    tokenizer = words("a", "b", split="space", punctuation="drop", lowercase=True, append=["b"], join="_")
    config = tokenizer.save(tmp_path)
    again = Tokenizer.from_config(config, tmp_path)
    assert type(again) is WordTokenizer
    assert again.to_config("vocab.json") == config
    assert again.encode("A  c") == [1, 0, 2]
    assert again.decode([1, 2]) == "a_b"
    for change in ({"split": 1}, {"join": None}, {"level": "word"}):
        with pytest.raises(FormatError):
            Tokenizer.from_config({**config, **change}, tmp_path)
    for change in ({"split": "lines"}, {"split": "characters"}, {"punctuation": "keep"}, {"keep": "x"}):
        with pytest.raises(ArgumentError):
            Tokenizer.from_config({**config, **change}, tmp_path)
