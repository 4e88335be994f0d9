"""Texts to ids: words and characters, against the same written in plain Python with a dict.

    python -m bench.text [--threads N] [--smoke]

The rate is characters a second, the walk over the list of str and the making of the arrays included. The
worst cases stand beside the typical ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench import harness
from fastseq.text import CharTokenizer, Vocabulary, WordTokenizer

SYLLABLES = "ba ce di fo gu ha le mi no pu ra se ti vo wa ye zi".split()


def make_words(count: int, rng: random.Random) -> list[str]:
    """Different words of 2 to 10 letters."""
    words: dict[str, None] = {}
    while len(words) < count:
        words["".join(rng.choices(SYLLABLES, k=rng.randint(1, 5)))] = None
    return list(words)


def python_words(ids: dict[str, int]) -> Callable[[list[str]], tuple[Any, Any]]:
    """str.lower, str.split and a dict."""
    find = ids.get

    def encode(texts: list[str]) -> tuple[Any, Any]:
        flat: list[int] = []
        offsets = [0]
        for text in texts:
            flat += [find(word, 0) for word in text.lower().split()]
            offsets.append(len(flat))
        return np.array(flat, np.int32), np.array(offsets, np.int64)

    return encode


def python_characters(ids: dict[str, int]) -> Callable[[list[str]], tuple[Any, Any]]:
    """A dict look-up a character."""
    find = ids.get

    def encode(texts: list[str]) -> tuple[Any, Any]:
        flat = [find(c, 0) for text in texts for c in text]
        return np.array(flat, np.int32), np.cumsum([0, *map(len, texts)])

    return encode


def same(ours: Any, theirs: Any) -> None:
    assert np.array_equal(ours[0], theirs[0])
    assert np.array_equal(ours[1], theirs[1])


def run(options: harness.Options) -> Iterator[harness.Table]:
    rng = random.Random(7)
    scale = 0.01 if options.smoke else 1.0
    words = make_words(int(50_000 * scale) + 100, rng)
    vocabulary = Vocabulary.from_tokens(["<unk>", *words[::2]], unknown="<unk>")
    letters = Vocabulary.from_texts(["abcdefghijklmnopqrstuvwxyz éüß", "中文字"], level="character")
    word_ids = {token: id for id, token in enumerate(vocabulary)}
    letter_ids = {token: id for id, token in enumerate(letters)}

    def prose(count: int, length: int) -> list[str]:
        return [" ".join(rng.choices(words, k=length)).capitalize() for _ in range(int(count * scale) + 1)]

    short = rng.choices(words, k=int(1_000_000 * scale))
    lines = prose(30_000, 20)
    cases: list[tuple[str, list[str], Any, Any]] = []
    by_space = WordTokenizer(vocabulary, split="whitespace", lowercase=True)
    by_rule = WordTokenizer(vocabulary, split="words", lowercase=True)
    by_letter = CharTokenizer(letters)
    for name, texts in (("1M texts of one word", short), ("30k lines of 20 words", lines)):
        cases.append((f"whitespace, {name}", texts, by_space, python_words(word_ids)))
        cases.append((f"Unicode words, {name}", texts, by_rule, python_words(word_ids)))
        cases.append((f"characters, {name}", texts, by_letter, python_characters(letter_ids)))
    chinese = ["".join(rng.choices("中文字不", k=200)) for _ in range(int(10_000 * scale) + 1)]
    cases.append(
        ("characters, 10k lines of 200 ideographs", chinese, by_letter, python_characters(letter_ids))
    )
    one = ["ba" * int(2_000_000 * scale)]
    cases.append(("Unicode words, one word of 4M letters", one, by_rule, python_words(word_ids)))

    table = harness.Table("str to int32 ids", rate="characters/s")
    for name, texts, tokenizer, plain in cases:

        def ours(texts: list[str] = texts, tokenizer: Any = tokenizer) -> tuple[Any, Any]:
            batch = tokenizer.encode_batch(texts, threads=options.threads)
            return batch.ids, batch.offsets

        def theirs(texts: list[str] = texts, plain: Any = plain) -> tuple[Any, Any]:
            return plain(texts)  # type: ignore[no-any-return]

        times = harness.compare({"fastseq": ours, "Python": theirs}, same=same, options=options)
        table.add(name, times, work=sum(map(len, texts)))
    yield table

    table = harness.Table("one text at a time", rate="texts/s")
    for name, text in (("a word of 7 letters", "letters"), ("a line of 20 words", lines[0])):

        def alone(text: str = text) -> list[int]:
            return by_space.encode(text)

        def plainly(text: str = text) -> list[int]:
            return [word_ids.get(word, 0) for word in text.lower().split()]

        table.add(name, harness.compare({"fastseq": alone, "Python": plainly}, options=options), work=1)
    yield table


if __name__ == "__main__":
    harness.main(run, __doc__)
