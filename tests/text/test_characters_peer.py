"""A part of tests.text.exact_characters for each kind of tokenizer."""

from itertools import chain

import pytest

from tests.text import exact_characters

pytestmark = pytest.mark.peers


def test_characters_and_pairs():
    """Every kind of tokenizer, each time others of all code points and pairs."""
    assert len(exact_characters.CLASSES) > 100
    for place, (name, ours, theirs) in enumerate(exact_characters.kinds()):
        texts = chain(
            exact_characters.every_character(997 + place),
            exact_characters.every_pair(29),
            exact_characters.at_random(100, seed=place),
        )
        tried, different = exact_characters.first_difference(ours, theirs, texts)
        assert different is None, (name, different)
        assert tried > 3000
