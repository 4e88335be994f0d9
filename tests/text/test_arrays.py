"""Texts in arrays: Arrow's, through its C structures, and NumPy's."""

import ctypes
import struct

import numpy as np
import pytest

from fastseq._core import native
from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError, OutOfMemoryError
from fastseq.text import CharTokenizer, Vocabulary
from fastseq.text.bpe import from_ranks
from tests.text import toy
from tests.text.arrow_arrays import LAYOUTS, Producer, Schema

TEXTS = [
    "the tokenizer",
    "",
    "größer, größer 1234",
    "中文的文字",
    "a\0b",
    "twelve bytes",
    "thirteen byte",
    "",
]
BYTES = [text.encode() for text in TEXTS]
TOKENIZER = from_ranks(toy.ranks_bytes(), "cl100k", {})
WANTED = TOKENIZER.encode_batch(TEXTS, spans="characters")
CHARACTERS = CharTokenizer(Vocabulary.from_tokens(["<unk>", *sorted(set("".join(TEXTS)))], unknown="<unk>"))


def check(texts, wanted=WANTED):
    found = TOKENIZER.encode_batch(texts, spans="characters")
    for name in ("ids", "offsets", "spans"):
        assert getattr(found, name).tolist() == getattr(wanted, name).tolist()


@pytest.mark.parametrize("format", LAYOUTS)
def test_arrow(format):
    one = Producer(BYTES, format)
    check(one)
    assert one.released == {"schema": 1, "array": 1, "stream": 0}
    many = Producer(format=format, chunks=[BYTES[:3], [], BYTES[3:4], BYTES[4:]])
    check(many)
    assert many.released == {"schema": 1, "array": 4, "stream": 1}
    check(Producer(BYTES, format, offset=2, length=4), TOKENIZER.encode_batch(TEXTS[2:6], spans="characters"))
    check(Producer(format=format), TOKENIZER.encode_batch([], spans="characters"))
    assert TOKENIZER.count(Producer(BYTES, format)) == len(WANTED.ids)


def test_arrow_for_the_other_tokenizers():
    wanted = CHARACTERS.encode_batch(TEXTS).ids.tolist()
    assert CHARACTERS.encode_batch(Producer(BYTES, "U")).ids.tolist() == wanted
    assert CHARACTERS.encode_batch(Producer(BYTES, "z")).ids.tolist() == wanted


def test_tokens_of_a_vocabulary_are_no_bytes():
    for texts in (Producer(BYTES, "z"), np.array([b"a"])):
        with pytest.raises(ArgumentTypeError, match="tokens: not texts"):
            native.Vocab(texts)


@pytest.mark.parametrize("format", ["u", "vu"])
def test_nulls_are_refused_with_their_place(format):
    with pytest.raises(ArgumentTypeError, match=r"texts\[4\].*null"):
        TOKENIZER.encode_batch(Producer(BYTES, format, valid=b"\x6f"))
    later = Producer(format=format, chunks=[BYTES[:2], BYTES], valid=b"\xf7")
    with pytest.raises(ArgumentTypeError, match=r"texts\[5\]"):
        TOKENIZER.encode_batch(later)
    assert later.released == {"schema": 1, "array": 2, "stream": 1}
    check(Producer(BYTES, format, valid=b"\xff"))
    check(Producer(BYTES[:1] * 2 + BYTES, format, valid=b"\xfc\x03", offset=2, length=8))


@pytest.mark.parametrize("format", LAYOUTS)
def test_bytes_that_are_not_utf8(format):
    with pytest.raises(ArgumentError, match=r"texts\[1\], byte 13.*0xff"):
        TOKENIZER.encode_batch(Producer([b"x", b"thirteen byte\xff"], format))


def view(size, buffer, offset):
    return struct.pack("<i4sii", size, b"abcd", buffer, offset)


SIZES = struct.pack("<q", 20)


@pytest.mark.parametrize(
    ("producer", "error", "told"),
    [
        (Producer([b""], "i"), ArgumentTypeError, "expected Arrow strings, found i"),
        (Producer([b""], "+s"), ArgumentTypeError, "a struct or table"),
        (Producer([b""], "+l"), ArgumentTypeError, "a nested type"),
        (Producer([b""], "w:3"), ArgumentTypeError, "binary of fixed size"),
        (Producer([b"a"], length=-1), FormatError, "out of range"),
        (Producer([b"a"], offset=-1), FormatError, "out of range"),
        (Producer([b"a"], offset=2**62), FormatError, "out of range"),
        (Producer([b"a"], n_buffers=2), FormatError, "wrong number of buffers"),
        (Producer([b"a"], "vu", n_buffers=2), FormatError, "wrong number of buffers"),
        (Producer([b"a"], buffers=[None, b"a"]), FormatError, "a buffer is missing"),
        (Producer([b"a"], buffers=[struct.pack("<2i", 0, 1), None]), FormatError, "no bytes"),
        (Producer([b"a"], buffers=[struct.pack("<2i", -1, 1), b"a"]), FormatError, "negative offset"),
        (
            Producer([b"a"] * 2, buffers=[struct.pack("<3i", 0, 1, 0), b"a"]),
            FormatError,
            r"\[1\]: offsets fall",
        ),
        (Producer([b"a"], "U", buffers=[struct.pack("<2q", 1, -(2**63)), b"a"]), FormatError, "offsets fall"),
        (Producer([b"a"], "vu", buffers=[view(-1, 0, 0), b"", SIZES]), FormatError, "negative size"),
        (Producer([b"a"], "vu", buffers=[view(13, 1, 0), b"x" * 20, SIZES]), FormatError, "no such buffer"),
        (Producer([b"a"], "vu", buffers=[view(13, -1, 0), b"x" * 20, SIZES]), FormatError, "no such buffer"),
        (
            Producer([b"a"], "vu", buffers=[view(13, 0, 8), b"x" * 20, SIZES]),
            FormatError,
            "outside its buffer",
        ),
        (Producer([b"a"], "vu", buffers=[view(13, 0, -1), b"x" * 20, SIZES]), FormatError, "outside"),
        (Producer([b"a"], "vu", buffers=[view(13, 0, 0), None, SIZES]), FormatError, "outside its buffer"),
        (Producer([b"a"], length=2**56), OutOfMemoryError, "out of memory"),
        (Producer(chunks=[[b"a"], [b"b"]], fails=1), FormatError, "error 5|out of tape"),
    ],
)
def test_what_contradicts_itself_is_refused_and_released(producer, error, told):
    with pytest.raises(error, match=told):
        TOKENIZER.encode_batch(producer)
    assert producer.released["schema"] == 1
    assert producer.released["array"] == min(1, len(producer.chunks))
    assert producer.released["stream"] == hasattr(producer, "__arrow_c_stream__")


def test_dictionaries_are_refused_by_name():
    producer = Producer(BYTES)
    producer.kept.append(Schema())
    producer.dictionary = ctypes.addressof(producer.kept[0])
    with pytest.raises(ArgumentTypeError, match="dictionary-encoded"):
        TOKENIZER.encode_batch(producer)


class Odd:
    def __init__(self, capsules):
        self.capsules = capsules

    def __arrow_c_array__(self, requested_schema=None):
        return self.capsules


def test_what_is_no_capsule_is_refused():
    schema, array = Producer(BYTES).__arrow_c_array__()
    for capsules in (None, (1,), (1, 2), (array, schema), (schema, None)):
        with pytest.raises(ArgumentTypeError, match="texts: not "):
            TOKENIZER.encode_batch(Odd(capsules))
    used = Producer(BYTES)
    capsules = used.__arrow_c_array__()
    check(Odd(capsules))
    with pytest.raises(FormatError, match="released"):
        TOKENIZER.encode_batch(Odd(capsules))
    assert used.released == {"schema": 1, "array": 1, "stream": 0}


def test_numpy():
    plain = [text.rstrip("\0") for text in TEXTS]
    for texts in (
        np.array(plain),
        np.array(plain, object),
        np.array(plain).astype(">U30"),
        np.array([x for text in plain for x in (text, "not this")])[::2],
        np.array(plain[::-1])[::-1],
        np.array([text.encode() for text in plain]),
        np.array([text.encode() for text in plain[::-1]])[::-1],
    ):
        check(texts)
    check(np.array([], "U5"), TOKENIZER.encode_batch([], spans="characters"))
    check(np.array(["", ""], "U0"), TOKENIZER.encode_batch(["", ""], spans="characters"))
    if hasattr(np, "dtypes") and hasattr(np.dtypes, "StringDType"):
        check(np.array(plain, np.dtypes.StringDType()))
        with pytest.raises(ArgumentTypeError, match=r"texts\[1\]"):
            TOKENIZER.encode_batch(np.array(["a", None], np.dtypes.StringDType(na_object=None)))


def test_numpy_that_is_no_text():
    with pytest.raises(ArgumentError, match=r"texts\[1\], byte 1.*0xff"):
        TOKENIZER.encode_batch(np.array([b"a", b"b\xff"]))
    for code in (0xD800, 0x110000, 0xFFFFFFFF):
        texts = np.array([0x61, 0x62, code, 0x63], np.uint32).view("<U2")
        with pytest.raises(ArgumentError, match=rf"texts\[1\], character 0.*{code:X}"):
            TOKENIZER.encode_batch(texts)
    with pytest.raises(ArgumentTypeError, match="one dimension"):
        TOKENIZER.encode_batch(np.array([["a"]]))
    with pytest.raises(ArgumentTypeError, match=r"texts\[0\]"):
        TOKENIZER.encode_batch(np.array([1, 2]))


def test_training_takes_arrays():
    from fastseq.text.bpe_training import train_bpe

    texts = toy.TEXT.splitlines(keepends=True)
    wanted = train_bpe(texts, vocab_size=300).merges
    assert train_bpe(Producer([text.encode() for text in texts]), vocab_size=300).merges == wanted
    assert train_bpe(np.array(texts), vocab_size=300).merges == wanted
