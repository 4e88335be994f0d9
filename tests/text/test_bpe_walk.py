"""Merging and walking, which gives the same tokens from left to right, against the definition.

A worker merges its first pieces and walks over the others, so every vocabulary here encodes enough for both.
"""

import random

import pytest

from fastseq.text import bpe, tokenizer_json
from tests.reference.bpe import encode_merges, encode_ranks, ranks_file, spelled, train
from tests.text import toy

SIZES = [*range(1, 40), 63, 64, 65, 127, 128, 129, 200, 300]


def words(seed, letters):
    rng = random.Random(seed)
    return ["".join(rng.choices(letters, k=size)) for size in SIZES * 3]


@pytest.mark.parametrize("seed", range(6))
def test_few_letters(seed):
    """Tokens overlap in all ways, so that the longest is often wrong."""
    letters = ["ab", "abc", "abcd", "aab", "xyé", "aaaab"][seed]
    vocab, _ = train(" ".join(words(seed, letters)[:80]), "gpt2", 60 + 40 * seed)
    tokenizer = bpe.from_ranks(ranks_file(vocab), "gpt2", {})
    for text in words(seed + 100, letters):
        assert tokenizer.encode(text) == encode_ranks(vocab, "gpt2", text)


@pytest.mark.parametrize("way", ["every split", "shuffled"])
def test_merges_that_make_the_same(way):
    """Files made from ranks list a merge for every way to split a token; and merges in no order at all."""
    vocab, merges = train(" ".join(words(1, "abc")[:80]), "gpt2", 100)
    rng = random.Random(5)
    if way == "every split":
        made = [token for token in vocab if len(token) > 1]
        splits = [(token[:i], token[i:]) for token in made for i in range(1, len(token))]
        pairs = [pair for pair in splits if pair[0] in vocab and pair[1] in vocab]
    else:
        pairs = sorted(merges, key=lambda pair: (rng.random(), pair))
    content = toy.tokenizer_json(
        model_vocab={spelled(token): id for token, id in vocab.items()},
        model_merges=[[spelled(a), spelled(b)] for a, b in pairs],
    )
    tokenizer = tokenizer_json.from_json(content)
    ranks = {pair: rank for rank, pair in enumerate(pairs)}
    for text in words(7, "abc"):
        assert tokenizer.encode(text) == encode_merges(vocab, ranks, "gpt2", text)
    long = "".join(rng.choices("abc", k=1 << 17))  # near linear, whatever the order
    assert tokenizer.decode(tokenizer.encode(long)) == long
