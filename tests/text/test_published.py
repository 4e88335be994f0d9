"""The ids of published vocabularies, as tiktoken and tokenizers give them."""

import json
import unicodedata
from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq
from fastseq.text.tiktoken_file import ENCODINGS
from tests.examples import examples
from tests.reference.bpe import spelled
from tests.text import published, toy
from tests.text.test_scan import CHARACTERS
from tests.text.test_tokenizer_json import CUTS

pytestmark = pytest.mark.peers

NAMES = ("gpt2", "p50k_base", "cl100k_base", "o200k_base")
SIZE = 400_000
CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
TEXTS = st.text(max_size=80) | st.lists(st.sampled_from(CHARACTERS), max_size=40).map("".join)


@cache
def pair(name):
    """(ours, tiktoken's)."""
    path = published.rank_files()[name]
    ours = fastseq.Tokenizer.load(path)
    return ours, published.tiktoken_of(name, path, ENCODINGS[name].special_tokens)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", published.TEXTS)
def test_real_texts(name, kind):
    ours, theirs = pair(name)
    text = published.TEXTS[kind](SIZE)
    texts = [text[i : i + 20_000] for i in range(0, len(text), 20_000)]
    for mine, want in zip(ours.encode_batch(texts), theirs.encode_ordinary_batch(texts), strict=True):
        assert mine.tolist() == want
    assert ours.encode_batch([text]).ids.tolist() == theirs.encode_ordinary(text)
    assert ours.decode_batch(ours.encode_batch(texts)) == texts


@pytest.mark.parametrize("name", NAMES)
def test_every_character(name):
    ours, theirs = pair(name)
    known = [
        c for c in CODES if unicodedata.category(chr(c)) != "Cn" and not 0xE100 < c < 0xF800 and c < 0xF0100
    ]
    texts = [chr(c) for c in known] + [f"a{chr(c)}b {chr(c)}" for c in known[::3]]
    ids = [*ours.encode_batch(texts)]
    for text, mine, want in zip(texts, ids, theirs.encode_ordinary_batch(texts), strict=True):
        assert mine.tolist() == want, ascii(text)


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_of_classes(name):
    ours, theirs = pair(name)
    texts = ["".join(some) for some in product(CHARACTERS, repeat=2)]
    texts += ["x" + a + b + a for a, b in product(CHARACTERS, repeat=2)]
    batch = ours.encode_batch(texts)
    for i, want in enumerate(theirs.encode_ordinary_batch(texts)):
        assert batch[i].tolist() == want, ascii(texts[i])


@pytest.mark.parametrize("name", NAMES)
@given(text=TEXTS)
@settings(max_examples=examples(500))
def test_random_texts(name, text):
    ours, theirs = pair(name)
    text = text.encode("utf-8", "ignore").decode()
    assert ours.encode(text) == theirs.encode_ordinary(text)


@given(data=st.binary(max_size=200))
@settings(max_examples=examples(500))
def test_random_bytes(data):
    ours, theirs = pair("cl100k_base")
    text = data.decode("utf-8", "replace")
    assert ours.encode(text) == theirs.encode_ordinary(text)
    ids = [byte % 250 + 1000 for byte in data]
    assert ours.decode(ids) == theirs.decode(ids)
    assert ours.decode_bytes(ids) == theirs.decode_bytes(ids)


@given(
    parts=st.lists(
        st.sampled_from(["<|endoftext|>", "<|fim_prefix|>", "<|", "a", " b", "endoftext|>", "<"]), max_size=8
    )
)
def test_special_tokens(parts):
    ours, theirs = pair("cl100k_base")
    text = "".join(parts)
    assert ours.encode(text, allowed_special="all") == theirs.encode(text, allowed_special="all")
    some = {"<|endoftext|>"}
    assert ours.encode(text, allowed_special=some) == theirs.encode(
        text, allowed_special=some, disallowed_special=()
    )
    assert ours.encode(text) == theirs.encode(text, disallowed_special=())
    try:
        want = theirs.encode(text)
    except ValueError:
        with pytest.raises(ValueError, match="special token"):
            ours.encode(text, disallowed_special="all")
    else:
        assert ours.encode(text, disallowed_special="all") == want


@pytest.mark.parametrize("rule", CUTS)
def test_tokenizers_cuts(rule, tmp_path):
    """Every way of cutting that tokenizer.json may name, over the toy vocabulary."""
    from tokenizers import Tokenizer

    path = toy.write_json(tmp_path, pre_tokenizer=CUTS[rule])
    ours, theirs = fastseq.Tokenizer.load(path), Tokenizer.from_file(str(path))
    texts = ["".join(some) for some in product(CHARACTERS, repeat=2)]
    texts += [published.prose(100_000), published.code(100_000), published.many_scripts(100_000)]
    batch = ours.encode_batch(texts, spans="characters")
    for i, want in enumerate(theirs.encode_batch(texts)):
        assert batch[i].tolist() == want.ids, ascii(texts[i])[:100]
        begin, end = batch.offsets[i : i + 2]
        assert [tuple(span) for span in batch.spans[begin:end].tolist()] == want.offsets, ascii(texts[i])[
            :100
        ]


def test_tokenizers_added_tokens(tmp_path):
    from tokenizers import Tokenizer

    first = len(toy.ranks())  # tokenizers gives them the ids behind the vocabulary, whatever the file says
    path = toy.write_json(
        tmp_path,
        added_tokens=[
            toy.added("<s>", first),
            toy.added("<tool>", first + 1, special=False),
            toy.added("<l>", first + 2, lstrip=True),
            toy.added("<r>", first + 3, rstrip=True),
            toy.added("word", first + 4, single_word=True, special=False),
        ],
    )
    ours, theirs = fastseq.Tokenizer.load(path), Tokenizer.from_file(str(path))
    parts = ["<s>", "<tool>", "<l>", "<r>", "word", " ", "  ", "a", "é", "_", "\n"]
    for some in product(parts, repeat=4):
        text = "".join(some)
        want = theirs.encode(text)
        assert ours.encode(text, allowed_special="all") == want.ids, text
        assert ours.offsets(text, allowed_special="all") == want.offsets, text


def test_tokenizers_own_gpt2(tmp_path):
    """The published ranks as tokenizer.json has them: the same ids."""
    from tokenizers import Tokenizer

    ranks = published.read_ranks(published.rank_files()["gpt2"])
    tiktoken_ids, _ = pair("gpt2")
    merges = []
    for token in sorted(ranks, key=ranks.__getitem__):
        if len(token) > 1:
            parts = parts_of(token, ranks)
            if len(parts) == 2:
                merges.append([spelled(part) for part in parts])
    content = toy.tokenizer_json(
        model_vocab={spelled(token): rank for token, rank in ranks.items()}, model_merges=merges
    )
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content))
    ours, theirs = fastseq.Tokenizer.load(path), Tokenizer.from_file(str(path))
    for kind in published.TEXTS.values():
        text = kind(300_000)
        ids = ours.encode_batch([text]).ids
        assert np.array_equal(ids, tiktoken_ids.encode_batch([text]).ids)
        assert ids.tolist() == theirs.encode(text).ids


def parts_of(token, ranks):
    """What a token's bytes come to with the ranks below its own."""
    parts = [token[i : i + 1] for i in range(len(token))]
    while True:
        found = [(ranks.get(a + b, 2**30), i) for i, (a, b) in enumerate(pairwise(parts))]
        rank, i = min(found, default=(2**30, 0))
        if rank >= ranks[token]:
            return parts
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
