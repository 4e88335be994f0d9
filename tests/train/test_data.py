"""Reading pairs, vocabularies, parts and batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastseq.errors import ArgumentError, FormatError
from fastseq.train import data
from fastseq.train.data import Source


def test_targets_of_a_repeated_source_are_gathered() -> None:
    lines = ["read\tR EH D\n", "\n", "dog\tD AO G\r\n", "read\tR IY D\n", "read\tR EH D\n"]
    assert data.read_tsv(lines) == {"read": ["R EH D", "R IY D"], "dog": ["D AO G"]}


@pytest.mark.parametrize("line", ["no tab", "two\ttabs\there", "\tno source"])
def test_a_line_that_is_no_pair_is_named(line: str) -> None:
    with pytest.raises(FormatError, match=r"pairs\.tsv, line 2"):
        data.read_tsv(["a\tb", line], "pairs.tsv")


def test_reading_what_a_recipe_names(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("one\n\n two \none\n", encoding="utf-8")
    source = Source("lines", "words", path="texts.txt")
    assert source.read(tmp_path) == {"one": [], "two": []}
    with pytest.raises(ArgumentError, match=r"absent\.tsv: cannot be read"):
        Source("tsv", "words", path="absent.tsv").read(tmp_path)


def test_lowering_puts_targets_together(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("Read\tR EH D\nread\tR IY D\nREAD\tR EH D\n")
    source = Source("tsv", "characters", path="pairs.tsv", lowercase=True)
    assert source.read(tmp_path) == {"read": ["R EH D", "R IY D"]}


def test_tokens_by_level() -> None:
    assert data.tokens("ab c", "characters") == ["a", "b", " ", "c"]
    assert data.tokens(" AH0  B ", "words") == ["AH0", "B"]


def test_tokens_are_listed_in_order_after_the_special_ones() -> None:
    specials = ("<pad>", "<unk>", "</s>")
    assert data.listed([["b", "a"], ["c", "a"]], specials) == [*specials, "a", "b", "c"]
    assert data.listed([["</s>", "x"]], specials) == [*specials, "x"]


def test_split_keeps_every_source_once() -> None:
    pairs = {f"text {number}": number for number in range(2000)}
    parts = data.split(pairs)
    assert sorted(value for part in parts.values() for value in part.values()) == list(range(2000))
    assert len(parts["train"]) > 1600
    assert parts["dev"]
    assert len(parts["test"]) > len(parts["dev"])


def test_batches_hold_every_example_once_and_like_lengths_together() -> None:
    rng = np.random.default_rng(5)
    lengths = [(int(size),) for size in rng.integers(1, 9, 103)]
    batches = list(data.bucketed(rng.permutation(103).tolist(), lengths, 10, rng))
    assert sorted(index for batch in batches for index in batch) == list(range(103))
    assert max(map(len, batches)) == 10
    spans = [max(lengths[i][0] for i in batch) - min(lengths[i][0] for i in batch) for batch in batches]
    assert max(spans) <= 1


def test_padding_is_zero() -> None:
    assert data.padded([[5], [6, 7, 8]]).tolist() == [[5, 0, 0], [6, 7, 8]]
