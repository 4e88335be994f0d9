"""Byte-pair encoding against its definition; special tokens, places, decoding, damaged files."""

import base64
import contextlib
import random
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq
from fastseq import errors
from fastseq._core import native
from fastseq.text import bpe
from tests.examples import examples
from tests.reference.bpe import encode_ranks, ranks_file
from tests.text import toy

SPECIALS = {"<|end|>": 1000, "<|end|>!": 1001, "<|pad|>": 1002}
TOY = bpe.from_ranks(toy.ranks_bytes(), "cl100k", SPECIALS)
TEXTS = st.text(max_size=100) | st.lists(st.sampled_from(toy.TEXT.split(" ")), max_size=30).map(" ".join)
VALID = TEXTS.map(lambda text: text.encode("utf-8", "ignore").decode())


@pytest.mark.parametrize("rule", native.SCAN_RULES[1:])
@pytest.mark.parametrize("text", toy.SAMPLES)
def test_samples(rule, text):
    tokenizer = bpe.from_ranks(toy.ranks_bytes(), rule, {})
    assert tokenizer.encode(text) == encode_ranks(toy.ranks(), rule, text)


@given(VALID)
@settings(max_examples=examples(300))
def test_random_texts(text):
    assert TOY.encode(text) == encode_ranks(toy.ranks(), "cl100k", text)


@given(st.lists(VALID, max_size=8))
def test_batches_are_their_texts(texts):
    batch = TOY.encode_batch(texts)
    assert [ids.tolist() for ids in batch] == [TOY.encode(text) for text in texts]
    assert batch.ids.dtype == np.int32
    assert batch.offsets.dtype == np.int64
    assert TOY.count(texts) == len(batch.ids)
    assert TOY.encode_batch([text.encode() for text in texts]).ids.tolist() == batch.ids.tolist()


@pytest.mark.parametrize("size", [15, 16, 17, 63, 64, 65, 66, 200, 1000])
@pytest.mark.parametrize("unit", ["a", "ab", "token", "the", "слов", "é"])
def test_long_pieces(unit, size):
    """One piece, whatever its size: short and long ones are merged in different ways."""
    text = (unit * size)[:size]
    tokenizer = bpe.from_ranks(toy.ranks_bytes(), "whole", {})
    reference = [len(text.encode())]
    assert tokenizer._native.cuts(text) == reference
    want = encode_ranks(toy.ranks(), "cl100k", text)
    assert TOY.encode(text) == want
    assert TOY.encode(text) == want  # now from the cache


def test_long_random_pieces():
    rng = random.Random(3)
    for _ in range(60):
        text = "".join(rng.choices("abtehokni", k=rng.randint(50, 300)))
        assert TOY.encode(text) == encode_ranks(toy.ranks(), "cl100k", text)


def test_one_very_long_word():
    """Near linear: a megabyte of one piece is done in a moment."""
    for unit in ("a", "ab", " ", "7", "é", "😀", "\u0301", "\n"):
        text = unit * (1 << 20)
        ids = TOY.encode_batch([text]).ids
        assert TOY.decode(ids) == text


def test_a_cache_that_overflows():
    """More different pieces than the caches hold, twice."""
    texts = [f"w{i:x} {'z' * (i % 30)}{i:x}" for i in range(150_000)]
    first = TOY.encode_batch(texts)
    again = TOY.encode_batch(texts)
    assert np.array_equal(first.ids, again.ids)
    for i in range(0, len(texts), 9973):
        assert first[i].tolist() == encode_ranks(toy.ranks(), "cl100k", texts[i])


def test_threads_give_the_same():
    texts = [toy.TEXT[i:] for i in range(0, 400, 3)]
    want = TOY.encode_batch(texts, threads=1)
    assert np.array_equal(TOY.encode_batch(texts, threads=4).ids, want.ids)
    found = []

    def work():
        found.append(TOY.encode_batch(texts, threads=1).ids)

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(np.array_equal(ids, want.ids) for ids in found)


# ---- special tokens ----


def test_special_tokens_are_text_unless_allowed():
    text = "a<|end|>b"
    plain = encode_ranks(toy.ranks(), "cl100k", text)
    a, b = TOY.encode("a"), TOY.encode("b")
    assert TOY.encode(text) == plain
    assert TOY.encode(text, allowed_special="all") == [*a, 1000, *b]
    assert TOY.encode(text, allowed_special={"<|end|>"}) == [*a, 1000, *b]
    assert TOY.encode(text, allowed_special={"<|pad|>"}) == plain
    assert TOY.encode_batch([text, "b"], allowed_special="all").ids.tolist() == [*a, 1000, *b, *b]
    assert TOY.count(text, allowed_special="all") == len(a) + 1 + len(b)


def test_the_longest_special_token_counts():
    assert TOY.encode("<|end|>!<|end|><|pad|>", allowed_special="all") == [1001, 1000, 1002]


@pytest.mark.parametrize("text", ["<", "<|", "<|end", "<|end|", "|end|>", "<<|>"])
def test_parts_of_special_tokens_are_text(text):
    assert TOY.encode(text, allowed_special="all") == encode_ranks(toy.ranks(), "cl100k", text)


def test_tokens_are_known_by_their_spelling():
    for id, token in ((id, TOY.token(id)) for id in range(300)):
        if token.isascii():
            assert TOY.token_id(token.decode()) == id
    assert TOY.token_id("<|pad|>") == 1002
    assert TOY.token_id("no such token") is TOY.token_id("\ud800") is TOY.token_id("") is None


def test_disallowed_special_tokens_are_refused():
    with pytest.raises(errors.ArgumentError, match=r"text, character 2: .*special token.*<\|end\|>"):
        TOY.encode("é <|end|>", disallowed_special="all")
    with pytest.raises(errors.ArgumentError, match=r"texts\[1\], character 0"):
        TOY.encode_batch(["fine", "<|pad|>"], disallowed_special={"<|pad|>"})
    assert TOY.encode("<|end|>", disallowed_special={"<|pad|>"})
    assert TOY.encode("<|end|>", allowed_special={"<|end|>"}, disallowed_special="all") == [1000]


def test_unknown_special_tokens_are_refused():
    with pytest.raises(errors.ArgumentError, match="not a special token"):
        TOY.encode("a", allowed_special={"<|no|>"})
    with pytest.raises(errors.ArgumentTypeError):
        TOY.encode("a", allowed_special="some")


# ---- places ----


@given(VALID)
@settings(max_examples=examples(200))
def test_offsets_cover_what_tokens_came_from(text):
    data = text.encode()
    ids = TOY.encode(text)
    spans = TOY.offsets(text, unit="bytes")
    assert b"".join(data[a:b] for a, b in spans) == data
    assert [data[a:b] for a, b in spans] == [TOY.token(id) for id in ids]
    at = [len(data[:i].decode("utf-8", "ignore")) for i in range(len(data) + 1)]
    for (a, b), (first, last) in zip(spans, TOY.offsets(text), strict=True):
        whole = text[first:last].encode()
        assert len(text[:first].encode()) <= a
        assert b <= len(text[:first].encode()) + len(whole)
        assert first == at[a]


def test_offsets_of_special_tokens():
    assert TOY.offsets("é<|end|>a", allowed_special="all")[-2:] == [(1, 8), (8, 9)]
    assert TOY.offsets("é<|end|>a", allowed_special="all", unit="bytes")[-2:] == [(2, 9), (9, 10)]


# ---- back to text ----


@given(VALID)
def test_round_trip(text):
    assert TOY.decode(TOY.encode(text)) == text
    assert TOY.decode_bytes(TOY.encode(text)) == text.encode()
    assert "".join(TOY.tokenize(text)).count("\ufffd") >= text.count("\ufffd")


def test_decode():
    half = "é".encode()[0]
    assert TOY.decode([half]) == "\ufffd"
    with pytest.raises(UnicodeDecodeError):
        TOY.decode([half], errors="strict")
    assert TOY.decode([97, 1000, 98], skip_special_tokens=False) == "a<|end|>b"
    assert TOY.decode([97, 1000, 98]) == "ab"
    assert TOY.decode_batch(TOY.encode_batch(["a b", "é"])) == ["a b", "é"]
    assert TOY.decode([]) == ""
    for ids in ([97, 5000], [-1], [2**31 - 1]):
        with pytest.raises(errors.ArgumentError, match=r"ids\["):
            TOY.decode(ids)


@given(VALID)
def test_a_stream_never_gives_half_a_character(text):
    tokenizer = bpe.from_ranks(ranks_file({bytes([b]): b for b in range(256)}), "cl100k", {})
    stream = tokenizer.decode_stream()
    given_out = [stream.add(id) for id in tokenizer.encode(text)]
    assert "".join(given_out) + stream.end() == text
    assert all("\ufffd" not in part for part in given_out) or "\ufffd" in text


def test_a_stream_that_ends_in_a_character():
    stream = TOY.decode_stream()
    assert stream.add([97, "é".encode()[0]]) == "a"
    assert stream.end() == "\ufffd"
    assert stream.add(98) == "b"


@given(st.text(max_size=200), st.binary(max_size=6), st.integers(0, 3))
@settings(max_examples=examples(200))
def test_texts_of_any_width(text, damage, kind):
    """As Python has them, valid or not."""
    limit = (0x7F, 0xFF, 0xFFFF, 0x10FFFF)[kind]
    text = "".join(chr(min(ord(c), limit)) for c in text)
    spelled = (text + "." * 64).encode("utf-8", "ignore") + text.encode("utf-8", "ignore")
    spelled = spelled + damage if kind else damage + spelled
    ids = [toy.ranks()[bytes([byte])] for byte in spelled]
    assert TOY.decode(ids) == spelled.decode("utf-8", "replace")


# ---- bad input ----


def test_a_second_text_is_no_option():
    with pytest.raises(errors.UnsupportedError, match="pair: the file does not say"):
        TOY.encode("one", pair="two")
    with pytest.raises(errors.ArgumentTypeError, match="one text a call"):
        TOY.encode("one", "two")


def test_bad_texts():
    with pytest.raises(errors.ArgumentError, match="lone surrogate"):
        TOY.encode("a\ud800")
    with pytest.raises(errors.ArgumentError, match=r"texts\[1\], byte 1: not UTF-8"):
        TOY.encode_batch([b"a", b"a\xff"])
    with pytest.raises(errors.ArgumentTypeError):
        TOY.encode(3)
    with pytest.raises(errors.ArgumentTypeError):
        TOY.encode_batch("one text")
    assert TOY.decode(TOY.encode("a\0b")) == "a\0b"


def line(token, rank):
    return base64.b64encode(token) + b" %s" % str(rank).encode()


@pytest.mark.parametrize(
    ("damage", "place", "what"),
    [
        (b"YQ==", "line 257", "not a token and its rank"),
        (b"YQ= 300", "line 257", "not base64"),
        (b"Y*== 300", "line 257", "not base64"),
        (b" 300", "line 257", "not base64"),
        (line(b"ab", -1), "line 257", "not a rank"),
        (line(b"ab", "1e3"), "line 257", "not a rank"),
        (line(b"ab", 2**24), "line 257", "not a rank"),
        (line(b"ab", 10**30), "line 257", "not a rank"),
        (line(b"ab", 5), "line 257", "duplicate rank"),
        (line(b"a", 300), "line 257", "duplicate token"),
        (b"\xff\xfe\x00", "line 257", "not a token and its rank"),
    ],
)
def test_damaged_ranks(damage, place, what, tmp_path):
    path = tmp_path / "x.tiktoken"
    path.write_bytes(ranks_file({bytes([b]): b for b in range(256)}) + damage + b"\n")
    with pytest.raises(errors.FormatError) as caught:
        fastseq.Tokenizer.load(path, pattern="cl100k")
    assert str(path) in caught.value.where
    assert place in caught.value.where
    assert caught.value.what == what


def test_ranks_without_a_byte(tmp_path):
    path = tmp_path / "x.tiktoken"
    path.write_bytes(ranks_file({bytes([b]): b for b in range(255)}))
    with pytest.raises(errors.FormatError, match="0xff"):
        fastseq.Tokenizer.load(path, pattern="cl100k")
    path.write_bytes(b"")
    with pytest.raises(errors.FormatError, match="no tokens"):
        fastseq.Tokenizer.load(path, pattern="cl100k")


def test_ranks_with_gaps_and_out_of_order():
    ranks = dict(toy.ranks())
    moved = {token: rank * 3 + 7 for token, rank in ranks.items()}
    lines = ranks_file(moved).splitlines()
    random.Random(1).shuffle(lines)
    tokenizer = bpe.from_ranks(b"\r\n".join(lines), "cl100k", {})
    assert tokenizer.encode(toy.TEXT) == [id * 3 + 7 for id in TOY.encode(toy.TEXT)]
    assert tokenizer.decode(tokenizer.encode(toy.TEXT)) == toy.TEXT


def test_a_piece_of_100_kb():
    ranks = {**toy.ranks(), b"q" * 100_000: 9000}
    tokenizer = bpe.from_ranks(ranks_file(ranks), "cl100k", {})
    assert tokenizer.encode("q" * 100_000) == [9000]
    assert tokenizer.decode(tokenizer.encode("q" * 99_999)) == "q" * 99_999


def test_a_file_that_nobody_knows(tmp_path):
    path = tmp_path / "mine.tiktoken"
    path.write_bytes(toy.ranks_bytes())
    with pytest.raises(errors.ArgumentError, match="unknown file of ranks"):
        fastseq.Tokenizer.load(path)
    with pytest.raises(errors.ArgumentError, match="unknown pattern"):
        fastseq.Tokenizer.load(path, pattern="words")
    with pytest.raises(errors.ArgumentError, match="unknown encoding"):
        fastseq.Tokenizer.load(path, encoding="cl200k")
    mine = fastseq.Tokenizer.load(path, pattern="cl100k", special_tokens={"<|end|>": 1000})
    assert mine.encode("the<|end|>", allowed_special="all")[-1] == 1000
    named = fastseq.Tokenizer.load(path, encoding="cl100k_base")
    assert named.special_tokens["<|endoftext|>"] == 100257
    with pytest.raises(errors.ArgumentError):
        fastseq.Tokenizer.load(tmp_path / "no such.tiktoken")


@given(st.binary(max_size=200))
@settings(max_examples=examples(300))
def test_any_bytes_are_ranks_or_refused(data):
    with contextlib.suppress(errors.FormatError):
        bpe.from_ranks(data, "gpt2", {})


def test_merges_that_are_listed_and_such_that_are_not():
    """A token of more than 512 bytes makes loading list the merges of all."""
    listed = bpe.from_ranks(ranks_file({**toy.ranks(), b"q" * 600: 9000}), "cl100k", {})
    rng = random.Random(3)
    for _ in range(40):  # the first pieces are merged, later ones walked
        text = "".join(rng.choices(toy.TEXT, k=rng.choice([5, 40, 200]))).replace(" ", rng.choice(["", " "]))
        want = encode_ranks(toy.ranks(), "cl100k", text)
        assert listed.encode(text) == want
        assert bpe.from_ranks(toy.ranks_bytes(), "cl100k", {}).encode(text) == want
