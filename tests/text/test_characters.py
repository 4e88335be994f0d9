"""CharTokenizer: ids, places, options, and texts that are wrong."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError, UnknownTokenError
from fastseq.text import CharTokenizer, Tokenizer, Vocabulary
from tests.reference import texts as reference
from tests.text.strategies import ANY, TEXT

EVERY = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c < 0xE000]


def letters(**options):
    return CharTokenizer(Vocabulary.from_tokens(["<unk>", *"abc", "</s>"], unknown="<unk>"), **options)


def test_a_hand_worked_example():
    tokenizer = letters(append=["</s>"])
    assert tokenizer.encode("cab!") == [3, 1, 2, 0, 4]
    assert tokenizer.tokenize("cab!") == ["c", "a", "b", "!", "</s>"]
    assert tokenizer.offsets("cab!") == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 4)]
    assert tokenizer.count("cab!") == 5
    assert tokenizer.encode("cab!", add_special_tokens=False) == [3, 1, 2, 0]
    batch = tokenizer.encode_batch(["a", "", "cb"])
    assert batch.ids.tolist() == [1, 4, 4, 3, 2, 4]
    assert batch.offsets.tolist() == [0, 2, 3, 6]
    assert batch.lengths.tolist() == [2, 1, 3]
    assert batch.padded(9).tolist() == [[1, 4, 9], [4, 9, 9], [3, 2, 4]]
    assert batch.padded(9, "left", 4).tolist() == [[9, 9, 1, 4], [9, 9, 9, 4], [9, 3, 2, 4]]
    assert [ids.tolist() for ids in batch] == [[1, 4], [4], [3, 2, 4]]
    assert batch[-1].base is not None
    assert tokenizer.decode_batch(batch) == ["a</s>", "</s>", "cb</s>"]  # no token was named special


def test_special_tokens_are_left_out_of_decoded_text():
    vocabulary = Vocabulary.from_tokens(["<s>", "a", "</s>"], specials=["<s>", "</s>"])
    tokenizer = CharTokenizer(vocabulary, prepend=["<s>"], append=["</s>"])
    assert tokenizer.encode("aa") == [0, 1, 1, 2]
    assert tokenizer.decode([0, 1, 1, 2]) == "aa"
    assert tokenizer.decode(np.array([0, 1, 2]), skip_special_tokens=False) == "<s>a</s>"
    assert tokenizer.decode([]) == ""
    with pytest.raises(ArgumentError, match=r"ids\[1\].*0 to 2.*3"):
        tokenizer.decode([0, 3])
    with pytest.raises(ArgumentError):
        tokenizer.decode([-1])


@pytest.mark.exhaustive
def test_every_character():
    vocabulary = Vocabulary.from_tokens(EVERY)
    tokenizer = CharTokenizer(vocabulary)
    text = "".join(EVERY)
    ids = tokenizer.encode(text)
    assert ids == list(range(len(EVERY)))
    assert tokenizer.decode(ids) == text
    assert tokenizer.offsets(text) == [(i, i + 1) for i in range(len(EVERY))]


@given(st.lists(ANY))
def test_round_trip(texts):
    tokenizer = CharTokenizer(Vocabulary.from_texts(texts, level="character", unknown=None))
    batch = tokenizer.encode_batch(texts)
    assert tokenizer.decode_batch(batch) == texts
    assert [ids.tolist() for ids in batch] == [tokenizer.encode(text) for text in texts]
    assert tokenizer.count(texts) == len(batch.ids)


@given(TEXT, st.booleans(), st.sampled_from(sorted(reference.KEEP)))
def test_pieces_and_places(text, lowercase, keep):
    expected = reference.split_characters(reference.mapped(text, lowercase, keep))
    tokenizer = letters(lowercase=lowercase, keep=keep)
    assert tokenizer.tokenize(text) == [piece.text for piece in expected]
    assert tokenizer.offsets(text) == [(piece.begin, piece.end) for piece in expected]
    in_bytes = [(len(text[:begin].encode()), len(text[:end].encode())) for _, begin, end in expected]
    assert tokenizer.offsets(text, unit="bytes") == in_bytes
    assert tokenizer.count(text) == len(expected)


def test_unknown_characters():
    plain = Vocabulary.from_tokens(["abc", *"abc"])
    with pytest.raises(UnknownTokenError, match=r"^text, character 2: .*é"):
        CharTokenizer(plain).encode("aaé")
    with pytest.raises(UnknownTokenError, match=r"texts\[1\], character 2: .*x"):
        CharTokenizer(plain, lowercase=True).encode_batch(["abc", "ABX"])
    assert CharTokenizer(plain, unknown="drop").encode("axbxc") == [1, 2, 3]
    assert CharTokenizer(plain, unknown="drop").offsets("axbxc") == [(0, 1), (2, 3), (4, 5)]
    assert CharTokenizer(plain, unknown="drop").tokenize("axbxc") == ["a", "b", "c"]
    assert CharTokenizer(plain).tokenize("ax") == ["a", "x"]
    with pytest.raises(ArgumentError, match="unknown"):
        CharTokenizer(plain, unknown="ignore")
    with pytest.raises(ArgumentError):
        CharTokenizer(plain, unknown="map")


def test_the_place_of_an_unknown_character_is_in_the_original():
    tokenizer = CharTokenizer(Vocabulary.from_tokens([*"ai", "\u0307"]), lowercase=True, keep="alphanumeric")
    with pytest.raises(UnknownTokenError, match=r"^text, character 4: .*found x"):
        tokenizer.encode("İ!İ!X")


def test_the_first_text_at_fault_is_named_whatever_the_threads():
    texts = ["a" * 50_000] * 20
    texts[7] = "a" * 49_999 + "x"
    texts[13] = "x"
    for threads in (1, 2, 4):
        with pytest.raises(UnknownTokenError, match=r"texts\[7\], character 49999"):
            CharTokenizer(Vocabulary.from_tokens(["a"])).encode_batch(texts, threads=threads)


def test_texts_that_are_wrong():
    tokenizer = letters()
    with pytest.raises(ArgumentError, match=r"texts\[2\], character 1: lone surrogate.*DC00"):
        tokenizer.encode_batch(["a", "b", "c\udc00"])
    with pytest.raises(ArgumentError, match=r"^text, character 0: lone surrogate"):
        tokenizer.encode("\ud800")
    with pytest.raises(ArgumentTypeError, match=r"texts\[1\].*expected str or bytes, found NoneType"):
        tokenizer.encode_batch(["a", None])
    with pytest.raises(ArgumentError, match=r"texts\[1\], byte 1: not UTF-8"):
        tokenizer.encode_batch([b"a", b"a\xff"])
    assert tokenizer.encode(b"ab") == tokenizer.encode("ab")
    for texts in ("abc", b"abc", 3, None):
        with pytest.raises(ArgumentTypeError, match="list of str"):
            tokenizer.encode_batch(texts)
    for threads in (-1, "2"):
        with pytest.raises(ArgumentError, match="threads"):
            tokenizer.encode_batch(["a"], threads=threads)
    with pytest.raises(ArgumentError, match="keep"):
        letters(keep="vowels")
    with pytest.raises(ArgumentError, match=r"append.*'<e>'"):
        letters(append=["<e>"])
    with pytest.raises(ArgumentTypeError, match="append"):
        letters(append="</s>")


def test_texts_that_are_unusual():
    class Text(str):
        pass

    tokenizer = letters(append=["</s>"])
    assert tokenizer.encode("") == [4]
    assert tokenizer.encode_batch([]).offsets.tolist() == [0]
    assert tokenizer.encode_batch(()).padded(0).shape == (0, 0)
    assert tokenizer.encode(Text("ab")) == [1, 2, 4]
    assert tokenizer.encode_batch(Text(c) for c in "ab").ids.tolist() == [1, 4, 2, 4]
    assert tokenizer.encode_batch(np.array(["a", "b"])).ids.tolist() == [1, 4, 2, 4]
    assert tokenizer.encode("a\0b") == [1, 0, 2, 4]
    nul = CharTokenizer(Vocabulary.from_tokens(["\0", "a"]))
    assert nul.decode(nul.encode("\0a\0")) == "\0a\0"
    assert tokenizer.encode("é" * 1_000_000) == [0] * 1_000_000 + [4]


def test_threads_agree():
    texts = [("abc" * (i % 50) + "é") * (i % 7) for i in range(3000)]
    tokenizer = letters(append=["</s>"])
    one, two = (tokenizer.encode_batch(texts, threads=n, spans="characters") for n in (1, 2))
    for a, b in ((one.ids, two.ids), (one.offsets, two.offsets), (one.spans, two.spans)):
        assert np.array_equal(a, b)
    assert one[2999].tolist() == tokenizer.encode(texts[2999])


def test_saved_and_loaded(tmp_path):
    tokenizer = letters(append=["</s>"], lowercase=True, keep="letters", unknown="drop", join="-")
    config = tokenizer.save(tmp_path, "source.vocab.json")
    assert config["kind"] == "character"
    again = Tokenizer.from_config(config, tmp_path)
    assert type(again) is CharTokenizer
    assert again.to_config("source.vocab.json") == config
    assert again.encode("A!b") == tokenizer.encode("A!b") == [1, 2, 4]
    assert again.decode([1, 2]) == "a-b"
    short = {"kind": "character", "vocabulary": "source.vocab.json"}
    assert Tokenizer.from_config(short, tmp_path).encode("ax") == [1, 0]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"kind": "syllable"}, "kind"),
        ({"kind": ["word"]}, "kind"),
        ({"vocabulary": "../v.json"}, "vocabulary"),
        ({"vocabulary": None}, "vocabulary"),
        ({"lowercase": 1}, "lowercase"),
        ({"append": "</s>"}, "append"),
        ({"append": [1]}, "append"),
        ({"uppercase": True}, "uppercase"),
    ],
)
def test_wrong_configurations(tmp_path, change, what):
    config = letters().save(tmp_path)
    with pytest.raises(FormatError, match=what):
        Tokenizer.from_config({**config, **change}, tmp_path)
