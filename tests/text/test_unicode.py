"""The generated tables, lower-casing and word boundaries, against Python and the rules read literally."""

# ruff: noqa: RUF001

import itertools
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastseq._core import native
from tests.examples import examples
from tests.reference import word_breaks as reference
from tests.text.strategies import KNOWN, OURS, TABLES, known

ASSIGNED = [c for c in map(chr, range(sys.maxunicode + 1)) if known(c)]
# Characters whose general category changed, with the first version that has the new one.
CHANGED = {"\u1734": (14, 0, 0)}

# One or more of each class, and characters with ways of their own in lower-casing.
CLASSES = (
    "aΣσΑİıϴK\r\n\x0b\u2028\u0301\u0308\u0345\u200d\u00ad\u2060🇦🇧アーאב'\".’·:,;٫1٣_\u202f \u3000ั่中ひ"
    "😀👩❤-\u200b"
)


def changed(c):
    """Whether this interpreter and the tables are of two minds about the character."""
    return c in CHANGED and (CHANGED[c] <= TABLES) != (CHANGED[c] <= OURS)


def test_the_tables_are_those_of_this_interpreter():
    """For every character that both versions of Unicode have."""
    for c in ASSIGNED:
        record = native.probe_character(ord(c))
        assert record == reference.generator.record(ord(c)) or changed(c), f"U+{ord(c):04X}"


def test_characters_out_of_range():
    for code in (-1, 0x110000):
        with pytest.raises(ValueError, match="not a code point"):
            native.probe_character(code)


# Lower-casing

LOWER = native.TextEncoder(None, split="none", lowercase=True)


def lower(text):
    return LOWER.pieces([text])[0][0]


@pytest.mark.exhaustive
def test_every_character_in_lower_case():
    for c in ASSIGNED:
        assert lower(c) == c.lower()
        assert lower(f"A{c}Σ") == f"A{c}Σ".lower() or changed(c), f"U+{ord(c):04X}"


@given(KNOWN | st.text(st.sampled_from(CLASSES)))
@settings(max_examples=examples(500))
def test_texts_in_lower_case(text):
    assert lower(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    ["ΟΔΥΣΣΕΥΣ", "Σ", "ΑΣ", "ΑΣ.", "ΑΣ.Α", "Α.Σ", ".Σ", "ΑΣ\u0301", "Α\u0301Σ Σ", "1Σ", "ΑΣ1", "İΣ", "ⅣΣ"],
)
def test_the_final_sigma(text):
    assert lower(text) == text.lower()


# Word boundaries

WORDS = native.TextEncoder(None, split="words")


def shown(segments):
    """Those that WordTokenizer gives: not wholly white space, controls and formats."""
    silent = ("Cc", "Cf", "Zs", "Zl", "Zp")
    return [s for s in segments if not all(unicodedata.category(c) in silent for c in s)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('The ("brown") fox can’t jump 32.3 feet, right?',
         ["The", "(", '"', "brown", '"', ")", "fox", "can’t", "jump", "32.3", "feet", ",", "right", "?"]),
        ("don't e-mail a.b@c.com 3,141.59 snake_case 10:30",
         ["don't", "e", "-", "mail", "a.b", "@", "c.com", "3,141.59", "snake_case", "10", ":", "30"]),
        ("...", [".", ".", "."]),
        ("naïve cafe\u0301", ["naïve", "cafe\u0301"]),
        ("東京タワー ひと", ["東", "京", "タワー", "ひ", "と"]),
        ("🇩🇪🇫🇷🇮 👩‍👩‍👧❤️", ["🇩🇪", "🇫🇷", "🇮", "👩‍👩‍👧", "❤️"]),
        ("עִבְרִית צה\"ל", ["עִבְרִית", "צה\"ל"]),
        ("a\r\nb\u2028c", ["a", "b", "c"]),
        ("", []),
    ],
)  # fmt: skip
def test_hand_worked_examples(text, expected):
    assert WORDS.pieces([text])[0] == expected


@pytest.mark.exhaustive
def test_every_three_classes_in_a_row():
    for run in itertools.product(CLASSES, repeat=3):
        text = "".join(run)
        assert WORDS.pieces([text])[0] == shown(reference.segments(text)), ascii(text)


@given(KNOWN | st.text(st.sampled_from(CLASSES), max_size=40))
@settings(max_examples=examples(1000))
def test_word_boundaries(text):
    assert WORDS.pieces([text])[0] == shown(reference.segments(text))


def test_long_runs_take_time_in_proportion():
    """A search to the next letter must not start anew at each character."""
    for run in ("\u0301", "a:", "'", "1,", "\u200d", "🇩", " \u0301", "Σ", "Σ'"):
        text = run * (1_000_000 // len(run))
        native.TextEncoder(None, split="words", lowercase=True).counts([text])
