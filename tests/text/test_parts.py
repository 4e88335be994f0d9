"""A long text that threads share is encoded in parts: as it is encoded whole, which one thread does."""

import itertools
import random

import numpy as np
import pytest

from fastseq import errors
from fastseq._core import native
from fastseq.text import CharTokenizer, Vocabulary, WordTokenizer, bpe, tokenizer_json
from tests.text import pipeline_models as models
from tests.text import toy
from tests.text.sentencepiece_models import SMALL
from tests.text.test_sentencepiece import tokenizer as sentencepiece

SPECIALS = {"<|end|>": 1000, "<|end|>!": 1001, " x": 1002}
RULES = [rule for rule in native.SCAN_RULES if rule != "whole"]
SIGNS = "aAsr'1 \n\r/!.\u3000\u2028é中の・。\u0301\u0903\x01😀"
"""A character or more of each class, and of those that a pattern names."""

rng = random.Random(7)
WORDS = [
    *toy.TEXT.split()[:60],
    *SIGNS,
    " ",
    " ",
    " ",
    "  ",
    "\n",
    "I'll",
    "\u2581",
    "\u0d4e",
    "\u037a",
    "<|end|>",
    "<unk>",
    "[SEP]",
]
TEXTS = ["".join(rng.choices(WORDS, k=60)) for _ in range(12)]
TEXTS += [" ".join(rng.choices(WORDS, k=30)) for _ in range(12)]
TEXTS += ["", " ", "a b", toy.TEXT, "a" * 300, "中文" * 100, " " * 200, "a b " * 100, "αΣ Σα " * 20]


def check(tokenizer, texts, **options):
    """Parts of three bytes and more, against the whole; both with places and without."""
    tokenizer._native.cut_parts(3)
    for spans in (None, rng.choice(["characters", "bytes"])):
        whole = tokenizer.encode_batch(texts, threads=1, spans=spans, **options)
        parts = tokenizer.encode_batch(texts, threads=2, spans=spans, **options)
        for i, text in enumerate(texts):
            assert parts[i].tolist() == whole[i].tolist(), repr(text)
        assert np.array_equal(parts.offsets, whole.offsets)
        if spans:
            assert np.array_equal(parts.spans, whole.spans)
    assert tokenizer.count(texts, threads=2, **options) == len(whole.ids)
    assert tokenizer.encode(texts[0], **options) == whole[0].tolist()
    tokenizer._native.cut_parts(0)


def ranks(rule):
    return bpe.from_ranks(toy.ranks_bytes(), rule, SPECIALS)


@pytest.mark.parametrize("rule", RULES)
def test_scanners(rule):
    check(ranks(rule), TEXTS)
    check(ranks(rule), TEXTS, allowed_special="all")


@pytest.mark.parametrize("rule", RULES)
def test_all_neighbours(rule):
    """Each way to put two characters of SIGNS side by side, and some of eight."""
    tokenizer = ranks(rule)
    texts = [f"b{''.join(two)}b" for two in itertools.product(SIGNS, repeat=2)]
    texts += ["".join(rng.choices(SIGNS, k=8)) for _ in range(2_000)]
    tokenizer._native.cut_parts(1)
    whole, parts = (tokenizer.encode_batch(texts, threads=threads) for threads in (1, 2))
    assert np.array_equal(whole.offsets, parts.offsets)
    assert np.array_equal(whole.ids, parts.ids)


@pytest.mark.parametrize("normalizer", [None, "NFC", "NFKC"])
@pytest.mark.parametrize("prefix", [False, True])
def test_byte_level_json(normalizer, prefix):
    if normalizer and prefix:
        return
    content = toy.tokenizer_json(
        "gpt2",
        normalizer={"type": normalizer} if normalizer else None,
        pre_tokenizer={**toy.BYTE_LEVEL, "add_prefix_space": prefix},
        added_tokens=[
            toy.added("<|end|>", 1000, lstrip=True, rstrip=True),
            toy.added("é", 1001, special=False),
        ],
    )
    tokenizer = tokenizer_json.from_json(content)
    assert isinstance(tokenizer, bpe.BpeTokenizer)
    check(tokenizer, TEXTS)
    check(tokenizer, TEXTS, allowed_special="all")


@pytest.mark.parametrize("name", models.kinds())
def test_pipelines(name):
    tokenizer = tokenizer_json.from_json(models.kinds()[name])
    check(tokenizer, TEXTS, allowed_special="all" if name in ("bert", "llama", "words") else ())


@pytest.mark.parametrize("name", SMALL)
def test_sentencepiece(name):
    check(sentencepiece(name), TEXTS)


@pytest.mark.parametrize("split", ["words", "whitespace", "space", "none"])
def test_words(split):
    vocabulary = Vocabulary(
        ["<s>", "<unk>", *sorted({word.lower() for word in toy.TEXT.split()})], unknown="<unk>"
    )
    tokenizer = WordTokenizer(vocabulary, lowercase=True, split=split, prepend=["<s>"], append=["<s>"])
    check(tokenizer, TEXTS)


def test_characters():
    vocabulary = Vocabulary(["<unk>", *sorted(set("".join(TEXTS)))], unknown="<unk>")
    check(CharTokenizer(vocabulary, lowercase=True), TEXTS)


def test_what_is_put_around_and_cut_off():
    tokenizer = tokenizer_json.from_json(models.kinds()["bert"])
    text = toy.TEXT * 3
    tokenizer._native.cut_parts(10)
    ids = tokenizer.encode(text, max_length=0)
    assert (ids[0], ids[-1], ids.count(2), ids.count(3)) == (2, 3, 1, 1)
    assert tokenizer.encode(text, max_length=20) == [*ids[:19], 3]
    assert tokenizer.encode(text, add_special_tokens=False) == ids[1:-1]


@pytest.mark.parametrize("texts", [["a b " * 20 + "x"], ["a", "b a " * 5 + "ä" + " b a" * 9]])
def test_errors_name_the_place_in_the_text(texts):
    tokenizer = WordTokenizer(Vocabulary(["a", "b"]), split="space", unknown="error")
    tokenizer._native.cut_parts(4)
    with pytest.raises(errors.UnknownTokenError) as whole:
        tokenizer.encode_batch(texts, threads=1)
    with pytest.raises(errors.UnknownTokenError) as parts:
        tokenizer.encode_batch(texts, threads=2)
    assert str(parts.value) == str(whole.value)
    with pytest.raises(errors.UnknownTokenError, match="text, character"):
        tokenizer.encode(texts[-1])


def test_a_disallowed_token_is_named_with_its_place():
    tokenizer = ranks("gpt2")
    tokenizer._native.cut_parts(4)
    with pytest.raises(errors.ArgumentError, match="text, character 80"):
        tokenizer.encode("a b " * 20 + "<|end|>", disallowed_special="all")


def test_long_texts_are_cut_by_themselves():
    tokenizer = ranks("cl100k")
    text = "".join(rng.choices(WORDS, k=100_000))
    assert len(text.encode()) > 2 * native.PART_BYTES
    whole = tokenizer.encode_batch([text], threads=1, spans="characters")
    parts = tokenizer.encode_batch([text], threads=3, spans="characters")
    assert np.array_equal(whole.ids, parts.ids)
    assert np.array_equal(whole.spans, parts.spans)
    assert tokenizer.encode(text) == whole.ids.tolist()
