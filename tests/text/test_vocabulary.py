"""Vocabularies: building, look-up, files, and files that are wrong."""

import json
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastseq.errors import (
    ArgumentError,
    ArgumentTypeError,
    FormatError,
    MissingExtraError,
    UnknownTokenError,
    UnsupportedError,
)
from fastseq.progress import progress_bar
from fastseq.text import Vocabulary
from tests.text.strategies import ANY


@given(st.lists(ANY, unique=True))
def test_ids_are_places(tokens):
    vocabulary = Vocabulary.from_tokens(tokens)
    assert len(vocabulary) == len(tokens)
    assert list(vocabulary) == tokens
    assert [vocabulary[token] for token in tokens] == list(range(len(tokens)))
    ids = vocabulary.ids(tokens)
    assert ids.dtype == np.int32
    assert ids.tolist() == list(range(len(tokens)))
    assert vocabulary.tokens(ids) == tokens
    assert all(token in vocabulary for token in tokens)


def test_many_tokens_grow_the_table():
    tokens = [f"token {i}" for i in range(50_000)] + [chr(i) for i in range(0x3000)]
    vocabulary = Vocabulary.from_tokens(tokens)
    order = list(range(len(tokens)))
    random.Random(1).shuffle(order)
    assert vocabulary.ids([tokens[i] for i in order]).tolist() == order
    assert vocabulary.id("token 50000") is None
    assert vocabulary.id("token 50000", 7) == 7


def test_unknown_tokens():
    plain = Vocabulary.from_tokens(["a", "b"])
    with pytest.raises(UnknownTokenError, match=r"tokens\[1\].*'x'"):
        plain.ids(["a", "x"])
    with pytest.raises(UnknownTokenError, match="'x'"):
        plain["x"]
    assert plain.id("x") is None
    assert "x" not in plain
    assert 7 not in plain
    mapping = Vocabulary.from_tokens(["a", "?"], unknown="?")
    assert mapping.ids(["a", "x"]).tolist() == [0, 1]
    assert mapping["x"] == 1
    assert mapping.id("x") is None


def test_bad_arguments():
    with pytest.raises(ArgumentError, match=r"tokens\[2\].*each token once.*tokens\[0\]"):
        Vocabulary.from_tokens(["a", "b", "a"])
    with pytest.raises(ArgumentError, match="specials"):
        Vocabulary.from_tokens(["a"], specials=["b"])
    with pytest.raises(ArgumentError, match="unknown"):
        Vocabulary.from_tokens(["a"], unknown="b")
    with pytest.raises(ArgumentTypeError, match=r"tokens\[1\].*int"):
        Vocabulary.from_tokens(["a", 3])
    with pytest.raises(ArgumentError, match=r"tokens\[1\], character 1.*D800"):
        Vocabulary.from_tokens(["a", "b\ud800"])
    with pytest.raises(ArgumentTypeError, match="list of str"):
        Vocabulary.from_tokens("abc")
    vocabulary = Vocabulary.from_tokens(["a"])
    for id in (-1, 1, 2**40):
        with pytest.raises(ArgumentError, match="id not in the vocabulary"):
            vocabulary.token(id)
        with pytest.raises(ArgumentError):
            vocabulary.tokens([0, id])
    with pytest.raises(ArgumentTypeError):
        vocabulary.tokens([0.5])


# Building from a corpus


@given(st.lists(ANY, max_size=20))
def test_characters_are_counted(texts):
    vocabulary = Vocabulary.from_texts(texts, level="character", specials=["<pad>"])
    counts = Counter("".join(texts))
    expected = sorted(counts, key=lambda c: (-counts[c], c))
    assert list(vocabulary) == ["<pad>", "<unk>", *expected]
    assert vocabulary.specials == ("<pad>", "<unk>")


@given(st.lists(ANY, max_size=20), st.integers(1, 3), st.integers(1, 9))
def test_words_are_counted(texts, least, size):
    vocabulary = Vocabulary.from_texts(
        texts, level="word", split="whitespace", min_frequency=least, max_size=size, unknown="\n"
    )
    counts = Counter(word for text in texts for word in text.split())
    expected = sorted((w for w in counts if counts[w] >= least), key=lambda w: (-counts[w], w))
    assert list(vocabulary) == ["\n", *expected][:size]


def test_labels_are_whole_texts():
    labels = ["very good", "bad", "bad", ""]
    assert list(Vocabulary.from_texts(labels, level="label", unknown=None)) == ["bad", "", "very good"]


def test_any_iterable_in_any_number_of_parts():
    words = [f"w{i % 5000}" for i in range(10_001)]
    assert Vocabulary.from_texts(iter(words)) == Vocabulary.from_texts([" ".join(words)])
    with pytest.raises(ArgumentTypeError, match=r"texts\[5000\]"):
        Vocabulary.from_texts([*words[:5000], None])
    with pytest.raises(ArgumentTypeError):
        Vocabulary.from_texts("one text")
    with pytest.raises(ArgumentError, match="level"):
        Vocabulary.from_texts(words, level="syllable")
    with pytest.raises(ArgumentError, match="max_size"):
        Vocabulary.from_texts(words, specials=["a", "b"], max_size=2)


def test_files_are_read_line_by_line(tmp_path):
    lines = ["to be or", "not to be", "", "that is the question"]
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    two.write_bytes(("\n".join(["x" * 3_000_000, *lines]) + "\n").encode())
    assert Vocabulary.from_files(one) == Vocabulary.from_texts(lines)
    assert Vocabulary.from_files([one, two]) == Vocabulary.from_texts([*lines, "x" * 3_000_000, *lines])
    labels = Vocabulary.from_files(one, level="label", unknown=None)
    assert list(labels) == sorted(lines)


def test_a_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "latin1"
    path.write_bytes(b"good line\n" * 200_000 + b"caf\xe9\n")
    with pytest.raises(FormatError, match=r"latin1: byte 2000003.*0xe9"):
        Vocabulary.from_files(path)
    with pytest.raises(ArgumentError, match="absent"):
        Vocabulary.from_files(tmp_path / "absent")


@pytest.mark.parametrize(
    "wrong",
    [
        *(b"\x80", b"\xff", b"\xc3", b"\xe2\x82", b"\xe2\x28\xa1", b"\xf0\x9f\x98"),  # a part of a character
        *(b"\xc0\x80", b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf"),  # longer than need be
        *(b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80"),  # a surrogate, too large
    ],
)
@pytest.mark.parametrize("before", [0, 3, 8, 13])
def test_every_kind_of_broken_utf8_is_found(tmp_path, wrong, before):
    path = tmp_path / "broken"
    data = "é".encode() * before + wrong
    path.write_bytes(data)
    with pytest.raises(UnicodeDecodeError) as expected:
        data.decode()
    with pytest.raises(FormatError, match=f"broken: byte {expected.value.start}:"):
        Vocabulary.from_files(path)


@given(st.binary(max_size=40))
def test_utf8_is_judged_as_python_does(data):
    from fastseq._core import native

    try:
        data.decode()
        expected = -1
    except UnicodeDecodeError as error:
        expected = error.start
    assert native.PieceCounter(split="characters").add_lines(data) == expected


# Files


def test_saved_and_loaded(tmp_path):
    vocabulary = Vocabulary(
        ["<pad>", "<unk>", "a", "é", '"', "\\", "\n", "\0", "😀", ""], unknown="<unk>", specials=["<pad>"]
    )
    path = tmp_path / "v.json"
    vocabulary.save(path)
    again = Vocabulary.load(path)
    assert again == vocabulary
    assert (again.unknown, again.specials) == ("<unk>", ("<pad>",))
    assert json.loads(path.read_text("utf-8"))["fastseq_vocabulary"] == 1


def test_saving_where_nothing_can_be_saved(tmp_path):
    with pytest.raises(ArgumentError, match="absent"):
        Vocabulary.from_tokens("ab".split()).save(tmp_path / "absent" / "v.json")


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_other_files(tmp_path):
    tokens = ["<unk>", "the", "New York"]
    for name, content in [
        ("a.txt", b"<unk>\nthe\r\nNew York\n"),
        ("b.txt", b"\xef\xbb\xbf<unk>\nthe\nNew York"),
        ("c.json", tokens),
        ("d.json", {"New York": 2, "<unk>": 0, "the": 1}),
        ("e.json", {"fastseq_vocabulary": 1, "tokens": tokens}),
    ]:
        vocabulary = Vocabulary.load(write(tmp_path, name, content), unknown="<unk>", specials=["<unk>"])
        assert list(vocabulary) == tokens
        assert vocabulary["absent"] == 0
    assert list(Vocabulary.load(write(tmp_path, "empty.txt", b""))) == []


WRONG = {
    "twice.txt": (b"a\nb\na\n", FormatError, "line 3.*line 1"),
    "blank.txt": (b"a\n\nb\n", FormatError, "line 2"),
    "latin.txt": (b"a\ncaf\xe9\n", FormatError, "byte 5"),
    "negative.json": ({"a": 0, "b": -1}, FormatError, "'b'.*0 to 1.*-1"),
    "missing.json": ({"a": 0, "b": 2}, FormatError, "'b'.*0 to 1.*2"),
    "huge.json": ({"a": 2**63}, FormatError, "9223372036854775808"),
    "endless.json": (b'{"a": 1' + b"0" * 5000 + b"}", FormatError, None),
    "same.json": ({"a": 0, "b": 0}, FormatError, "'b'.*'a'"),
    "key.json": (b'{"a": 0, "a": 1}', FormatError, "twice"),
    "real.json": ({"a": 0.0}, FormatError, "'a'.*not an integer"),
    "true.json": ({"a": False}, FormatError, "not an integer"),
    "text.json": ({"a": "0"}, FormatError, "not an integer"),
    "list.json": (["a", 1], FormatError, r"tokens\[1\]"),
    "again.json": (["a", "b", "b"], FormatError, r"tokens\[2\].*tokens\[1\]"),
    "surrogate.json": (b'["a", "\\ud800"]', FormatError, r"tokens\[1\].*D800"),
    "number.json": (3, FormatError, "not a vocabulary"),
    "newer.json": ({"fastseq_vocabulary": 2, "tokens": []}, UnsupportedError, "expected 1, found 2"),
    "extra.json": ({"fastseq_vocabulary": 1, "tokens": [], "merges": []}, FormatError, "merges"),
    "unknown.json": ({"fastseq_vocabulary": 1, "tokens": ["a"], "unknown": "b"}, FormatError, "unknown"),
    "unkind.json": ({"fastseq_vocabulary": 1, "tokens": ["a"], "unknown": 0}, FormatError, "unknown"),
    "special.json": ({"fastseq_vocabulary": 1, "tokens": ["a"], "specials": ["b"]}, FormatError, "specials"),
    "specials.json": ({"fastseq_vocabulary": 1, "tokens": ["a"], "specials": "a"}, FormatError, "specials"),
    "cut.json": (b'{"fastseq_vocabulary": 1, "tokens": ["a"', FormatError, "line 1"),
    "deep.json": (b"[" * 100_000, FormatError, None),
    "empty.json": (b"", FormatError, None),
    "bytes.json": (b"\xff\xfe", FormatError, "UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files(tmp_path, name):
    content, error, what = WRONG[name]
    with pytest.raises(error, match=what) as raised:
        Vocabulary.load(write(tmp_path, name, content))
    assert str(raised.value).count(name) == 1


def test_no_such_file(tmp_path):
    for name in ("absent.txt", "absent.json"):
        with pytest.raises(ArgumentError, match="absent"):
            Vocabulary.load(tmp_path / name)
    with pytest.raises(ArgumentError):
        Vocabulary.load(tmp_path)


# Progress


def test_progress_is_quiet_unless_somebody_looks(capfd):
    Vocabulary.from_texts(["a"])
    Vocabulary.from_texts(["a"], progress=False)
    assert capfd.readouterr() == ("", "")


def test_progress_when_asked_for(monkeypatch, capfd):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    with pytest.raises(MissingExtraError, match="progress"), progress_bar(True):
        pass
    with progress_bar(None) as done:
        done(1)
