"""SentencePiece models: recorded ids, places in the text, and damaged files."""

import base64
import gzip
import json
import struct
from functools import cache
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastseq
from fastseq.errors import ArgumentError, ArgumentTypeError, FastseqError, FormatError, UnsupportedError
from fastseq.text.sentencepiece import SentencePieceTokenizer
from tests.reference.subwords import unigram
from tests.text.sentencepiece_models import RECORDED, SMALL
from tests.text.strategies import TEXT

RECORD = json.loads(gzip.decompress(RECORDED.read_bytes()))


@cache
def model(name):
    return base64.b64decode(RECORD["models"][name]["model"])


def load(data, folder):
    path = folder / "m.spm"
    path.write_bytes(data)
    return fastseq.Tokenizer.load(path)


@cache
def tokenizer(name):
    return SentencePieceTokenizer(fastseq._core.native.SentencePieceEncoder(model(name)))


@pytest.mark.parametrize("name", SMALL)
def test_recorded(name, tmp_path):
    ours, recorded = load(model(name), tmp_path), RECORD["models"][name]
    for text, normalized, ids, decoded in zip(
        RECORD["texts"], recorded["normalized"], recorded["ids"], recorded["decoded"], strict=True
    ):
        assert ours.normalize(text) == normalized
        assert ours.encode(text) == ids
        assert ours.encode(text.encode()) == ids
        assert ours.decode(ids) == decoded
        assert ours.count(text) == len(ids)
    batch = ours.encode_batch(RECORD["texts"], threads=2)
    assert [ids.tolist() for ids in batch] == recorded["ids"]
    assert ours.decode_batch(batch) == recorded["decoded"]


# fields of the file, by hand


def test_pieces_are_known_by_their_spelling():
    known = tokenizer(SMALL[0])
    assert [known.token_id(known.piece(id)) for id in range(len(known))] == list(range(len(known)))
    assert known.token_id("no such piece") is known.token_id("\ud800") is known.token_id("") is None


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number, value):
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def piece(text, score=0.0, type=1):
    return field(
        1, field(1, text if isinstance(text, bytes) else text.encode()) + field(2, score) + field(3, type)
    )


UNKNOWN = piece("<unk>", type=2)
NORMALIZER = field(3, field(3, 0) + field(4, 0))
SPACE = "\u2581"


def test_worked_by_hand(tmp_path):
    """Ab + c is better than a + bc; a and b alone are better than ab where that is all."""
    pieces = piece("a", -1.0) + piece("b", -1.5) + piece("ab", -2.75) + piece("bc", -9.0) + piece("c", -2.0)
    ours = load(UNKNOWN + pieces + NORMALIZER, tmp_path)
    assert ours.tokenize("abc") == ["a", "b", "c"]
    merging = load(UNKNOWN + pieces + NORMALIZER + field(2, field(3, 2)), tmp_path)
    assert merging.tokenize("abc") == ["ab", "c"]
    assert ours.tokenize("axyb") == ["a", "<unk>", "b"]
    assert ours.offsets("axyb") == [(0, 1), (1, 3), (3, 4)]
    assert ours.decode(ours.encode("axyb")) == "a \u2047 b"


@cache
def equal_scores():
    """A tokenizer whose scores are multiples of a half, so that many ways are as good; its pieces."""
    random = Random(3)
    scores = {SPACE: -2.0, "a": -1.0, "b": -1.5, "é": -2.0, "あ": -1.0}
    for length in (2, 3, 4, 5, 6, 7, 9, 12):
        for _ in range(25):
            text = random.choice([SPACE, "a", "あ"]) + "".join(random.choices("abéあ", k=length - 1))
            scores[text] = -random.randint(0, 2 * length) / 2
    file = UNKNOWN + b"".join(piece(text, score) for text, score in scores.items())
    ours = SentencePieceTokenizer(fastseq._core.native.SentencePieceEncoder(file))
    return ours, [("<unk>", 0.0), *scores.items()]


WORD = st.text("abéあx私", min_size=1, max_size=16) | st.text("abéx", min_size=50, max_size=70)


@given(words=st.lists(WORD, min_size=1, max_size=6))
def test_of_equal_ways_the_first_is_taken(words):
    """Beside the search in plain Python, whose sums are exact; then the same from the cache."""
    ours, pieces = equal_scores()
    ids = unigram(pieces, "".join(SPACE + word for word in words), 0)
    assert ours.encode(" ".join(words)) == ids
    assert ours.encode(" ".join(words)) == ids


def test_unused_pieces_are_taken_apart_again(tmp_path):
    pieces = (
        piece("a", -9.0) + piece("b", -9.0) + piece("c", -9.0) + piece("ab", -1.0, 5) + piece("abc", -2.0, 5)
    )
    ours = load(UNKNOWN + pieces + NORMALIZER + field(2, field(3, 2)), tmp_path)
    assert ours.tokenize("abcab") == ["a", "b", "c", "a", "b"]
    assert ours.offsets("abcab") == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]


def test_around(tmp_path):
    path = tmp_path / "m.model"
    path.write_bytes(UNKNOWN + piece("<s>", type=3) + piece("</s>", type=3) + piece("a", -1.0) + NORMALIZER)
    encoder = fastseq._core.native.SentencePieceEncoder(path.read_bytes())
    ours = SentencePieceTokenizer(encoder, add_bos=True, add_eos=True)
    assert ours.encode("a") == [1, 3, 2]
    assert ours.encode("a", add_special_tokens=False) == [3]
    assert ours.offsets("aé") == [(0, 0), (0, 1), (1, 2), (2, 2)]
    assert (ours.unk_id, ours.bos_id, ours.eos_id, ours.pad_id) == (0, 1, 2, -1)
    assert ours.is_control(1)
    assert not ours.is_control(3)
    with pytest.raises(ArgumentError, match="add_bos"):
        SentencePieceTokenizer(fastseq._core.native.SentencePieceEncoder(UNKNOWN + piece("a")), add_bos=True)


@pytest.mark.parametrize("name", SMALL)
@given(text=TEXT)
def test_places_cover_the_text(name, text):
    """In bytes and characters alike: in order, within the text, and nothing left out but spaces."""
    ours = tokenizer(name)
    ids = ours.encode(text)
    spans, in_bytes = ours.offsets(text), ours.offsets(text, unit="bytes")
    assert len(spans) == len(ids) == len(in_bytes)
    assert [(len(text[:a].encode()), len(text[:b].encode())) for a, b in spans] == in_bytes
    assert all(0 <= a <= b <= len(text) for a, b in spans)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(spans))
    covered = {i for a, b in spans for i in range(a, b)}
    assert all(c in f" {SPACE}" for i, c in enumerate(text) if i not in covered)


@given(text=TEXT)
def test_bytes_come_back(text):
    ours = tokenizer("bpe-bytes")
    assert ours.decode(ours.encode(text)) == ours.normalize(text).replace(SPACE, " ")[1:].lstrip(" ")


@pytest.mark.parametrize("text", [*" aé▁本😀", "ab", "a ", "0"])
@pytest.mark.parametrize("name", SMALL)
def test_one_long_text(name, text):
    """A million characters in a row, through the heap and the Viterbi search alike."""
    ours, long = tokenizer(name), text * 200_000
    ids = ours.encode(long)
    assert ours.count(long) == len(ids)
    begin = ours.decode(ids[:48]).rstrip("\ufffd")
    assert ours.decode(ours.encode(long[:400])).startswith(begin)


def test_sums_start_anew():
    """Whatever stands before, even a hundred thousand words, the same word is cut the same way."""
    ours = tokenizer("unigram-identity")
    word = ours.encode("remendar", add_special_tokens=False)
    assert ours.encode("remendar " * 100_000 + "remendar") == word * 100_001


@pytest.mark.parametrize("name", SMALL)
def test_words_of_many_texts(name):
    """Words are looked up a kilobyte of texts at a time; with places a text is encoded whole: equal ids."""
    ours, random = tokenizer(name), Random(12)
    words = [word for text in RECORD["texts"] for word in text.split(" ")]
    words += ["\0", "a\0b", "\u2581", "日本語" * 30]
    texts = ["", " ", "x" * 1024 + " y", "a " * 600, "é" * 140, "\u2581a" + " b" * 600, ""]
    texts += ["x" * size for size in range(1019, 1026)]
    for _ in range(120):
        count = random.choice((0, 1, 2, 4, 9, 300))
        texts.append(random.choice((" ", "  ")).join(random.choices(words, k=count)))
    for _ in range(2):  # the second time all words are known
        ids = [ids.tolist() for ids in ours.encode_batch(texts)]
        assert ids == [ids.tolist() for ids in ours.encode_batch(texts, spans="bytes")]
    assert ids == [ours.encode(text) for text in texts]


def test_texts_are_checked():
    ours = tokenizer("bpe-bytes")
    with pytest.raises(ArgumentError, match=r"texts\[1\], character 1: lone surrogate"):
        ours.encode_batch(["a", "b\ud800"])
    with pytest.raises(ArgumentError, match="not UTF-8"):
        ours.encode(b"\xff")
    with pytest.raises(ArgumentTypeError):
        ours.encode(1)
    with pytest.raises(ArgumentError, match=r"ids\[1\]: id not in the vocabulary"):
        ours.decode([0, len(ours)])
    with pytest.raises(ArgumentError):
        ours.piece(-1)


# damaged files

CHARSMAP = struct.pack("<III", 8, 0, 0)
BAD = {
    "no pieces": (b"", "no pieces"),
    "no unknown piece": (piece("a"), "no unknown piece"),
    "two unknown pieces": (UNKNOWN + piece("b", type=2), r"pieces\[1\]: a second unknown piece"),
    "a piece twice": (UNKNOWN + piece("a") + piece("a"), r"pieces\[2\]: the piece is there twice"),
    "an empty piece": (UNKNOWN + piece(""), r"pieces\[1\]: empty piece"),
    "a piece of 100 kB": (UNKNOWN + piece("a" * 100_000), r"pieces\[1\]: piece too long"),
    "a piece that is not UTF-8": (UNKNOWN + piece(b"\xff"), r"pieces\[1\]: not UTF-8"),
    "a score that is no number": (UNKNOWN + piece("a", float("nan")), r"pieces\[1\]: score not finite"),
    "an infinite score": (UNKNOWN + piece("a", float("-inf")), r"pieces\[1\]: score not finite"),
    "an unknown type": (UNKNOWN + piece("a", type=7), r"pieces\[1\]: unknown type"),
    "a byte that is none": (UNKNOWN + piece("<0xag>", type=6), r"pieces\[1\]: not a byte"),
    "bytes without pieces": (UNKNOWN + field(2, field(35, 1)), "a byte has no piece"),
    "another model": (UNKNOWN + field(2, field(3, 3)), "model_type"),
    "a wrong wire type": (field(1, 5), "wrong wire type"),
    "a field too long": (UNKNOWN + b"\x0a\x7f", f"byte {len(UNKNOWN)}: field longer than what is left"),
    "a truncated number": (UNKNOWN + b"\x80", "truncated number"),
    "an endless number": (b"\xff" * 11, "number of more than ten bytes"),
    "groups": (b"\x0b", "unknown wire type"),
    "field 0": (b"\x00\x00", "field number out of range"),
    "a charsmap without size": (
        UNKNOWN + field(3, field(2, b"abc")),
        "precompiled_charsmap: size of the trie",
    ),
    "a charsmap too large": (UNKNOWN + field(3, field(2, struct.pack("<II", 4096, 0))), "size of the trie"),
    "a charsmap without end": (
        UNKNOWN + field(3, field(2, CHARSMAP[:8] + b"\0\0\0\0" + b"ab")),
        "damaged replacements",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(name, tmp_path):
    data, message = BAD[name]
    with pytest.raises((FormatError, UnsupportedError), match=message) as error:
        load(data, tmp_path)
    assert str(tmp_path / "m.spm") in error.value.where


@pytest.mark.parametrize("name", ["unigram-identity", "bpe-bytes"])
def test_cut_short(name, tmp_path):
    """Files that end early never crash: they are refused, or hold less."""
    data = model(name)
    for size in [*range(0, 200), *range(200, len(data), 97)]:
        try:
            ours = SentencePieceTokenizer(fastseq._core.native.SentencePieceEncoder(data[:size]))
        except FastseqError:
            continue
        ours.decode(ours.encode("a b"))


@given(place=st.integers(0, 10**6), value=st.integers(0, 255))
def test_changed_bytes(place, value):
    data = bytearray(model("unigram-identity"))
    data[place % len(data)] = value
    try:
        ours = SentencePieceTokenizer(fastseq._core.native.SentencePieceEncoder(bytes(data)))
    except FastseqError:
        return
    for text in RECORD["texts"]:
        ours.decode(ours.encode(text))
        ours.offsets(text)
