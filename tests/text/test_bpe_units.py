"""Long texts of other scripts, of which tokens are kept as UTF-16: what Python makes of the bytes."""

import random

import pytest

from fastseq import errors
from fastseq.text import bpe
from tests.reference.bpe import ranks_file

WHOLE = [
    text.encode()
    for text in ("é", "ÿÀ", "слов", "漢字", "ж" * 16, "ж" * 17, "ab" * 9, "\ufeff", "\uffff", "abc")
]
CUT = [b"\xe6\xbc", b"\xa2y", b"x\xd0", b"\xb6.", b"\xf0\x9f", b"\x98\x80"]
ASTRAL = ["😀".encode(), "a🚀é".encode()]
TOKENS = [bytes([b]) for b in range(256)] + WHOLE + CUT + ASTRAL
SPECIALS = {"<|é|>": 1000}
SPELLED = dict(enumerate(TOKENS)) | {1000: "<|é|>".encode()}


def tokenizer():
    return bpe.from_ranks(ranks_file({token: rank for rank, token in enumerate(TOKENS)}), "cl100k", SPECIALS)


def ids_of(parts):
    return [TOKENS.index(part) for part in parts]


def both_ways(ours, ids):
    """The same with and without special tokens, and Python's errors."""
    for skip in (False, True):
        spelled = b"".join(SPELLED[id] for id in ids if not (skip and id == 1000))
        assert ours.decode(ids, skip_special_tokens=skip) == spelled.decode("utf-8", "replace")
        try:
            want = spelled.decode()
        except UnicodeDecodeError:
            with pytest.raises(UnicodeDecodeError):
                ours.decode(ids, skip_special_tokens=skip, errors="strict")
        else:
            assert ours.decode(ids, skip_special_tokens=skip, errors="strict") == want


@pytest.mark.parametrize("kinds", [WHOLE[:2], WHOLE, [*WHOLE, b"".join(CUT[:2]), *ASTRAL], [*WHOLE, *CUT]])
def test_texts(kinds):
    chosen = random.Random(1)
    ours = tokenizer()
    for size in (1023, 1024, 1025, 5000):
        parts = [chosen.choice(kinds) for _ in range(size)]
        ids = [id for part in parts for id in (ids_of([part]) if part in TOKENS else ids_of(CUT[:2]))]
        ids[size // 2] = 1000
        both_ways(ours, ids)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_what_is_cut_by_a_special_token_or_the_end(cut):
    """A character goes on behind a special token that is left out, and nowhere else."""
    ours = tokenizer()
    begin, end = list("漢".encode()[:cut]), list("漢".encode()[cut:])
    many = ids_of(["слов".encode()]) * 1500
    both_ways(ours, [*many, *begin, 1000, *end, *many])
    both_ways(ours, [*many, *begin, *many, *end])
    both_ways(ours, [*many, *begin])
    both_ways(ours, [*end, *many])


def test_an_unknown_id_is_named():
    ours = tokenizer()
    many = ids_of(["слов".encode()]) * 1500
    for bad in (-1, 999, 5000, 2**31 - 1):
        with pytest.raises(errors.ArgumentError, match=r"ids\[1500\]"):
            ours.decode([*many, bad, *many])
