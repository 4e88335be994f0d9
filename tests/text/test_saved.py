"""Tokenizers in a native folder: there and back, and damaged."""

import json
import random

import pytest

from fastseq._core import native
from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.text import Tokenizer, tokenizer_json
from fastseq.text.bpe import from_ranks
from fastseq.text.lengths import Padding, Truncation
from fastseq.text.sentencepiece import SentencePieceTokenizer
from tests.text import pipeline_models as models
from tests.text import toy
from tests.text.test_sentencepiece import RECORD, SMALL, model

SPECIAL = {"<|end|>": 1000, "<|pad|>": 1001}
RANKS = from_ranks(toy.ranks_bytes(), "cl100k", SPECIAL)


def from_json():
    return tokenizer_json.from_json(
        toy.tokenizer_json(
            added_tokens=[
                toy.added("<s>", 900),
                toy.added("<word>", 901, special=False, lstrip=True, single_word=True),
            ],
            post_processor={
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}],
                "special_tokens": {"<s>": {"ids": [900]}},
            },
            pre_tokenizer={**toy.BYTE_LEVEL, "add_prefix_space": True},
        )
    )


def again(tokenizer, folder):
    """Saved and loaded, its entry having been JSON."""
    config = json.loads(json.dumps(tokenizer.save(folder, "source.vocab.json")))
    return Tokenizer.from_config(config, folder)


@pytest.mark.parametrize("made", [lambda: RANKS, from_json])
def test_byte_pairs(made, tmp_path):
    tokenizer = made()
    loaded = again(tokenizer, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["source.vocab.bpe"]
    assert (len(loaded), loaded.added) == (len(tokenizer), tokenizer.added)
    for text in (*toy.SAMPLES, "x <word> y<|end|><s>", "<word>s"):
        for options in ({}, {"allowed_special": "all"}, {"add_special_tokens": False}):
            ids = tokenizer.encode(text, **options)
            assert loaded.encode(text, **options) == ids
            assert loaded.decode(ids) == tokenizer.decode(ids)
            assert loaded.decode(ids, skip_special_tokens=False) == tokenizer.decode(
                ids, skip_special_tokens=False
            )
        assert loaded.offsets(text) == tokenizer.offsets(text)
    assert loaded.save(tmp_path) == {**tokenizer.save(tmp_path), "vocabulary": "vocab.bpe"}


@pytest.mark.parametrize("name", SMALL)
def test_sentencepiece(name, tmp_path):
    tokenizer = SentencePieceTokenizer(native.SentencePieceEncoder(model(name)))
    loaded = again(tokenizer, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["source.vocab.spm"]
    assert loaded.settings == tokenizer.settings
    for id in range(len(tokenizer)):
        assert loaded._piece(id) == tokenizer._piece(id)
    for text, ids in zip(RECORD["texts"], RECORD["models"][name]["ids"], strict=True):
        assert loaded.encode(text) == ids
        assert loaded.decode(ids) == tokenizer.decode(ids)
    around = SentencePieceTokenizer(native.SentencePieceEncoder(model(name)), add_bos=True, add_eos=True)
    assert again(around, tmp_path).encode("a") == around.encode("a")


@pytest.mark.parametrize("name", ["bert", "t5", "gemma"])
def test_all_steps(name, tmp_path):
    content = models.kinds()[name]
    tokenizer = tokenizer_json.from_json(json.loads(content) if isinstance(content, str) else content)
    loaded = again(tokenizer, tmp_path)
    assert type(loaded) is type(tokenizer)
    for text in (*toy.SAMPLES, "<s> x </s>"):
        assert loaded.encode(text) == tokenizer.encode(text)
        assert loaded.offsets(text) == tokenizer.offsets(text)


def test_a_folder_of_ours(tmp_path):
    config = {"fastseq": 1, "tokenizer": RANKS.save(tmp_path)}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert Tokenizer.load(tmp_path).encode(toy.TEXT) == RANKS.encode(toy.TEXT)
    config["tokenizer"]["pattern"] = "none"
    for wrong, message in (
        (config, r"config\.json: tokenizer: pattern"),
        ({"fastseq": 1}, "no tokenizer"),
        ({}, "no tok"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(wrong))
        with pytest.raises(FastseqError, match=message):
            Tokenizer.load(tmp_path)


def test_lengths(tmp_path):
    rules = Truncation(5, "left"), Padding(3, length=8, multiple=4)
    spm = SentencePieceTokenizer(native.SentencePieceEncoder(model(SMALL[0])))
    for tokenizer in (from_json(), tokenizer_json.from_json(models.kinds()["bert"]), spm):
        tokenizer.set_lengths(*rules)
        loaded = again(tokenizer, tmp_path)
        assert (loaded.truncation, loaded.padding) == rules
        assert loaded.encode(toy.TEXT) == tokenizer.encode(toy.TEXT)
        assert len(loaded.encode(toy.TEXT)) == 5


SAVED = from_ranks(toy.ranks_bytes(), "cl100k", {})._native.save()
TOKENS = int.from_bytes(SAVED[8:12], "little")
MERGES = int.from_bytes(SAVED[12:16], "little")
IDS, ENDS = 24, 24 + 4 * TOKENS
PAIRS = ENDS + 4 * TOKENS
FLAGS = PAIRS + 12 * MERGES
BYTES = FLAGS + TOKENS


def load(data):
    return native.BpeEncoder(pattern="cl100k", saved=data)


def changed(at, value, size=4):
    return SAVED[:at] + value.to_bytes(size, "little", signed=value < 0) + SAVED[at + size :]


def test_the_layout_is_the_one_told():
    assert SAVED[:8] == b"FSBPE\0\0\1"
    assert len(SAVED) == BYTES + int.from_bytes(SAVED[16:20], "little")
    assert load(SAVED).encode_one(toy.TEXT) == RANKS.encode(toy.TEXT)
    assert load(memoryview(SAVED)).save() == SAVED


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a saved vocabulary"),
        (SAVED[:20], "not a saved vocabulary"),
        (b"x" + SAVED[1:], "not a saved vocabulary"),
        (changed(7, 2, 1), "another version"),
        (SAVED[:-1], "sizes contradict"),
        (SAVED + b"x", "sizes contradict"),
        (changed(8, 2**32 - 1), "sizes contradict"),
        (changed(20, 1), "sizes contradict"),
        (changed(IDS, -1), r"ids\[0\]: id out of range"),
        (changed(IDS, 2**24), r"ids\[0\]: id out of range"),
        (changed(IDS + 4, 0), "duplicate id"),
        (changed(ENDS, 2**31), r"ends\[0\]: outside the bytes"),
        (changed(ENDS + 4 * 9, 3), r"ends\[9\]: outside the bytes"),
        (changed(FLAGS + 5, 4, 1), r"flags\[5\]: unknown flags"),
        (changed(ENDS + 4, 1), "unknown flags|duplicate token"),
        (changed(BYTES + 1, SAVED[BYTES], 1), "duplicate token"),
        (changed(PAIRS, TOKENS), r"merges\[0\]: no such token"),
        (changed(PAIRS, -1), r"merges\[0\]: no such token"),
        (changed(PAIRS, 0), r"merges\[0\]: makes another token"),
        (
            SAVED[: PAIRS + 12] + SAVED[PAIRS : PAIRS + 12] + SAVED[PAIRS + 24 :],
            r"merges\[1\]: a merge comes twice",
        ),
        (changed(FLAGS + int.from_bytes(SAVED[PAIRS : PAIRS + 4], "little"), 2, 1), "not found in texts"),
    ],
)
def test_damage_is_told(data, message):
    with pytest.raises((FormatError, UnsupportedError), match=message):
        load(data)


def test_any_damage_is_an_error_or_another_vocabulary():
    rng = random.Random(7)
    for _ in range(150):
        data = bytearray(SAVED)
        for _ in range(rng.choice([1, 1, 2, 8])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            encoder = load(bytes(data))
        except FastseqError:
            continue
        encoder.decode(encoder.encode_one("the tokenizer größer 中文"), False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pattern": "none"}, "no such scanner"),
        ({"pattern": 3}, "no such scanner"),
        ({"pattern": {"fancy": 3}}, "no such scanner"),
        ({"prefix_space": 1}, "wrong type"),
        ({"prepend": ["a"]}, "not ids"),
        ({"append": [-1]}, "not ids"),
        ({"append": [3000]}, "id not in the vocabulary"),
        ({"added": [{"text": "a"}]}, "not an added token"),
        ({"added": [{"text": "", "id": 1}]}, "not an added token"),
        ({"added": [{"text": "a", "id": 2**24}]}, "not an added token"),
        ({"added": [{"text": "a", "id": 1, "special": 1}]}, "not an added token"),
        ({"added": ["a"]}, "not an added token"),
        ({"more": 1}, "unknown key"),
        ({"truncation": 3}, "wrong type"),
        ({"truncation": {"max_length": -1}}, "wrong key or value"),
        ({"truncation": {"max_length": "1"}}, "wrong key or value"),
        ({"truncation": {"more": 1}}, "wrong key or value"),
        ({"padding": {"side": "up"}}, "unknown choice"),
        ({"padding": {"multiple": 0}}, "out of range"),
        ({"vocabulary": "../x"}, "not a file name"),
        ({"kind": "none"}, "unknown kind"),
    ],
)
def test_wrong_entries(change, message, tmp_path):
    config = {**RANKS.save(tmp_path), **change}
    with pytest.raises(FastseqError, match=message):
        Tokenizer.from_config(config, tmp_path)


def test_wrong_entries_of_sentencepiece(tmp_path):
    config = SentencePieceTokenizer(native.SentencePieceEncoder(model(SMALL[0]))).save(tmp_path)
    for change in ({"add_bos": 1}, {"more": True}):
        with pytest.raises(FormatError):
            Tokenizer.from_config({**config, **change}, tmp_path)
