"""Error rates: worked examples, and the edit distance against a plain recursion."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastseq.train.metrics import edit_distance, error_rates, nearest, strip_stress


def recursive_distance(left: str, right: str) -> int:
    @cache
    def go(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(go(i - 1, j) + 1, go(i, j - 1) + 1, go(i - 1, j - 1) + (left[i - 1] != right[j - 1]))

    return go(len(left), len(right))


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [
        ("", "", 0),
        ("abc", "", 3),
        ("", "abc", 3),
        ("kitten", "sitting", 3),
        ("abc", "abc", 0),
        ("ab", "ba", 2),
    ],
)
def test_known_distances(left: str, right: str, edits: int) -> None:
    assert edit_distance(left, right) == edits


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_distance_is_the_recursion(left: str, right: str) -> None:
    assert edit_distance(left, right) == recursive_distance(left, right)


def test_stress_is_stripped_from_vowels_alone() -> None:
    assert strip_stress("HH AH0 L OW1 ER2".split()) == ("HH", "AH", "L", "OW", "ER")


def test_nearest_reference_gives_the_length() -> None:
    assert nearest("abc", ["abcdef", "abd"]) == (1, 3)
    with pytest.raises(ValueError, match="at least one"):
        nearest("abc", [])


def test_rates_by_hand() -> None:
    predicted = ["R EH1 D".split(), "K AE0 T".split(), "D AO1".split()]
    references = [["R EH1 D".split(), "R IY1 D".split()], ["K AE1 T".split()], ["D AO1 G".split()]]
    marked = error_rates(predicted, references)
    assert (marked.sequence, marked.token, marked.count) == (2 / 3, 2 / 9, 3)
    plain = error_rates(predicted, references, stress=False)
    assert (plain.sequence, plain.token) == (1 / 3, 1 / 9)
    assert str(plain) == "33.33% of 3 sequences, 11.11% of tokens"


def test_rates_of_nothing_and_of_unequal_lists() -> None:
    assert error_rates([], []).sequence == 0.0
    with pytest.raises(ValueError, match="1 predictions"):
        error_rates([["A"]], [])
