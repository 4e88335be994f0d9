"""Patterns without a scanner: cuts by a function of the caller's, and what patterns are rewritten to."""

import re
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastseq
from fastseq import errors
from fastseq._core import native
from fastseq.text import bpe, regexes
from tests.text import toy

WORDS = re.compile(r"\w+|[^\w\s]+|\s$")


def words(text):
    return [match.span() for match in WORDS.finditer(text)]


SPECIALS = {"<|end|>": 1000}
PLAIN = bpe.from_ranks(toy.ranks_bytes(), "whole", {})
OUTSIDE = bpe.from_ranks(toy.ranks_bytes(), words, SPECIALS)


@given(st.text(max_size=50) | st.sampled_from(toy.SAMPLES))
def test_each_match_is_a_piece_and_the_rest_is_left_out(text):
    text = text.encode("utf-8", "ignore").decode()
    pieces = [text[begin:end] for begin, end in words(text)]
    assert OUTSIDE.encode(text) == [id for piece in pieces for id in PLAIN.encode(piece)]
    ids, _, spans = OUTSIDE._native.encode([text], spans="bytes")
    want = []
    for begin, end in words(text):
        base = len(text[:begin].encode())
        want += [(base + b, base + e) for b, e in PLAIN.offsets(text[begin:end], unit="bytes")]
    assert OUTSIDE.offsets(text, unit="bytes") == want
    assert len(spans) == len(ids)


def test_added_tokens_are_found_first():
    text = "word<|end|> <|end|>, word"
    want = [*OUTSIDE.encode("word"), 1000, *OUTSIDE.encode(" "), 1000, *OUTSIDE.encode(", word")]
    assert OUTSIDE.encode(text, allowed_special="all") == want


def test_from_any_number_of_threads():
    texts = list(toy.SAMPLES) * 20
    want = [OUTSIDE.encode(text) for text in texts]
    assert [ids.tolist() for ids in OUTSIDE.encode_batch(texts, threads=4)] == want
    results = []
    threads = [threading.Thread(target=lambda: results.append(OUTSIDE.count(texts))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [sum(map(len, want))] * 4


@pytest.mark.parametrize(
    ("matches", "message"),
    [
        ([(0, 9)], "behind the end"),
        ([(1, 2), (0, 1)], "out of order"),
        ([(-1, 2)], "out of order"),
        ([(2, 1)], "out of order"),
        ([0, 1, 2], "failed on a text"),
        ("no", "failed on a text"),
    ],
)
def test_matches_are_checked(matches, message):
    tokenizer = bpe.from_ranks(toy.ranks_bytes(), lambda text: matches, {})
    with pytest.raises(errors.ArgumentError, match=message):
        tokenizer.encode("text")
    with pytest.raises(errors.ArgumentError, match=message):
        tokenizer.encode_batch(["text"] * 10, threads=2)


def test_matches_may_be_empty():
    tokenizer = bpe.from_ranks(toy.ranks_bytes(), lambda text: np.array([(0, 0), (1, 1), (1, 3)]), {})
    assert tokenizer.decode(tokenizer.encode("aétéa")) == "ét"


def test_an_interruption_is_one():
    def interrupted(text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bpe.from_ranks(toy.ranks_bytes(), interrupted, {}).encode("text")


def test_without_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "regex", None)
    path = tmp_path / "toy.tiktoken"
    path.write_bytes(toy.ranks_bytes())
    with pytest.raises(errors.MissingExtraError, match=r"pip install 'fastseq-cpu\[regex\]'"):
        fastseq.Tokenizer.load(path, pattern=r"\w+| \d")
    with pytest.raises(errors.ArgumentError, match="unknown pattern"):
        fastseq.Tokenizer.load(path, pattern="gpt7")


@pytest.mark.parametrize(
    ("engine", "pattern", "rewritten"),
    [
        ("onig", r"\p{N}{1,3}+x", r"(?:\p{N}{1,3})+x"),
        ("onig", r"a(b|[cd]){2}+", r"a(?:(b|[cd]){2})+"),
        ("onig", r"[^\s\]{]{3}+$", r"(?:[^\s\]{]{3})+$"),
        ("onig", r"a{,2}+|{x}", r"(?:a{,2})+|{x}"),
        ("onig", r"x++|y?+\z", r"x++|y?+\Z"),
        ("onig", r"[[:punct:][:alpha:]]", r"[\p{P}\p{S}[:alpha:]]"),
        ("onig", r"\w|[^\w ]", rf"[{regexes._ONIG_WORD_ALONE}]|[^{regexes._ONIG_WORD} ]"),
        ("fancy", r"\p{N}{1,3}+$|[$]|\$|\z", r"\p{N}{1,3}+\Z|[$]|\$|\Z"),
        ("fancy", r"(?i:a)(?!b)(?<=c)(?>d)", r"(?i:a)(?!b)(?<=c)(?>d)"),
        ("fancy", r"(?i)a[[:alpha:]]", r"(?i)a[[:alpha:]]"),
    ],
)
def test_rewriting(engine, pattern, rewritten):
    assert regexes.rewritten(pattern, engine) == rewritten


@pytest.mark.parametrize(
    ("engine", "pattern"),
    [
        ("onig", r"\h+"),
        ("onig", r"a\Z"),
        ("onig", r"[^\W\d]"),
        ("onig", r"(?m).+"),
        ("onig", r"(?mi:.)"),
        ("onig", r"a(?i)b"),
        ("onig", r"[a-z&&[^b]]"),
        ("fancy", r"[a[b]]"),
        ("fancy", r"(?x) a"),
    ],
)
def test_what_would_be_read_in_another_way_is_refused(engine, pattern):
    with pytest.raises(errors.UnsupportedError, match="in a regular expression is not supported"):
        regexes.rewritten(pattern, engine)
    with pytest.raises(errors.FormatError, match="not a regular expression"):
        regexes.rewritten("[a", engine)


def test_published_encodings_of_one_pattern():
    """r50k_base and p50k_base are cut as gpt2 is."""
    from fastseq.text.tiktoken_file import ENCODINGS

    assert {ENCODINGS[name].pattern for name in ("gpt2", "r50k_base", "p50k_base", "p50k_edit")} == {"gpt2"}
    assert native.SCAN_RULES.count("gpt2") == 1
