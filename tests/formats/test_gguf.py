"""GGUF: metadata, where tensors lie, tokenizers, and damage."""

import random
import struct

import numpy as np
import pytest

import fastseq
from fastseq._core import native
from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.formats import gguf, gguf_tokenizer
from fastseq.text import tokenizer_json
from fastseq.text.sentencepiece import SentencePieceTokenizer
from tests.formats import gguf_files as files
from tests.text import toy
from tests.text.test_sentencepiece import RECORD, model

METADATA = {
    "general.architecture": "llama",
    "a.bool": True,
    "a.u32": 7,
    "a.float": 0.5,
    "a.bytes": b"\xff\xfe",
    **{f"a.{kind}": np.dtype(kind).type(3) for kind in files.TYPES},
    "b.strings": ["one", "", "größer"],
    "b.odd": [b"\xff"],
    "b.none": [],
    "b.bools": np.array([True, False]),
    **{f"b.{kind}": np.arange(3, dtype=kind) for kind in files.TYPES},
    "c.nested": [["a", "b"], ["c"]],
}
TENSORS = [("token_embd.weight", (4, 3), 0, 0), ("norm", (4,), 1, 64)]
FILE = files.file(METADATA, TENSORS, bytes(128))


def test_metadata_and_places():
    found = gguf.parse(memoryview(FILE))
    assert list(found.metadata) == list(METADATA)
    for key, wanted in METADATA.items():
        value = found.metadata[key]
        if isinstance(wanted, np.ndarray):
            assert (value.dtype, value.tolist()) == (wanted.dtype, wanted.tolist())
        else:
            assert value == wanted
    base = len(FILE) - 128
    assert found.tensors == {
        "token_embd.weight": gguf.TensorPlace((3, 4), 0, base),
        "norm": gguf.TensorPlace((4,), 1, base + 64),
    }
    wide = files.file({"general.alignment": 64}, [("x", (1,), 0, 64)], bytes(128), 64)
    assert gguf.parse(memoryview(wide)).tensors["x"].start == len(wide) - 64


def test_values_do_not_hold_the_file():
    found = gguf.parse(memoryview(FILE)).metadata
    assert all(
        value.flags.owndata
        for value in found.values()
        if isinstance(value, np.ndarray) and value.dtype != bool
    )


def test_strings_are_read_where_they_lie():
    wanted = ["a b", "ö ", b"\xff c"]
    found = native.CountedStrings(b"__" + b"".join(map(files.string, wanted)) + b"_", 2, 3)
    assert (list(found), len(found), found.texts, found.end) == (wanted, 3, 2, 2 + 24 + 3 + 3 + 3)
    assert found == wanted
    assert found != ["a b"]
    halves, place = found.halves()
    assert (list(halves), halves.texts, place) == (["a", "b", "ö", "", b"\xff", "c"], 4, 3)
    assert list(found.chosen([1, 0, 1])) == ["ö ", "a b", "ö "]
    _, place = native.CountedStrings(files.string("a b") + files.string("a b c"), 0, 2).halves()
    assert place == 1
    with pytest.raises(IndexError):
        found[3]
    with pytest.raises(IndexError):
        found.chosen([3])
    cut = native.CountedStrings(files.string("a") + struct.pack("<Q", 2) + b"b", 0, 2)
    assert (list(cut), cut.end) == (["a"], 9)


BIG = struct.pack("<Q", 2**63)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"GGUX" + FILE[4:], "not a GGUF file"),
        (files.head(0, 0, 1), "version: not supported .*found 1"),
        (files.head(0, 0, 3 << 24), "big-endian"),
        (files.head(2**60, 0), "tensors: more than the file has"),
        (files.head(0, 2**60), "entries: more than the file has"),
        (files.head(0, 1) + BIG + bytes(20), "key: more than the file has"),
        (files.head(0, 1) + bytes(20), "key: not a name"),
        (files.head(0, 1) + files.string(b"\xff") + files.value(1), "key: not UTF-8"),
        (files.head(0, 1) + files.string("k") + struct.pack("<I", 13) + bytes(8), "k: no such type"),
        (files.head(0, 1) + files.string("k") + struct.pack("<I", 8) + BIG, "k: more than the file has"),
        (files.head(0, 1) + files.string("k") + struct.pack("<II", 9, 4) + BIG, "k: more than the file has"),
        (files.head(0, 1) + files.string("k") + struct.pack("<II", 9, 8) + BIG, "k: more than the file has"),
        (files.head(0, 1) + files.string("k") + struct.pack("<IIQ", 9, 8, 1) + BIG, r"k\[0\]: truncated"),
        (files.head(0, 1) + files.string("k") + struct.pack("<II", 9, 9) + BIG, "k: more than the file has"),
        (files.head(0, 1) + files.string("k") + struct.pack("<IIQ", 9, 13, 0) + bytes(9), "k: no such type"),
        (files.file({"k": [[[[["a"]]]]]}), "arrays too deep"),
        (files.head(0, 2) + (files.string("k") + files.value(1)) * 2, "a key comes twice"),
        (files.file({}, [("x", (1,), 0, 0)] * 2), "a tensor comes twice"),
        (files.file({}, [("x", (1,) * 9, 0, 0)]), "too many dimensions"),
        (files.file({}, [("x", (2**40, 2**40), 0, 0)]), "the shape is too large"),
        (files.file({}, [("x", (1,), 0, 64)]), "outside the file"),
        (files.file({}, [("x", (1,), 0, 1)], bytes(64)), "outside the file"),
        (files.file({"general.alignment": 3}), "not an alignment"),
        (files.file({"general.alignment": "32"}), "not an alignment"),
    ],
)
def test_damage_is_told(data, message):
    with pytest.raises((FormatError, UnsupportedError), match=message):
        gguf.parse(memoryview(data))


def test_any_damage_is_an_error_or_another_file(tmp_path):
    rng = random.Random(3)
    for size in range(0, len(FILE) - 200, 7):
        with pytest.raises(FormatError):
            gguf.parse(memoryview(FILE[:size]))
    for _ in range(300):
        data = bytearray(FILE)
        for _ in range(rng.choice([1, 1, 4])):
            data[rng.randrange(len(data))] = rng.choice([0, 1, 127, 255, rng.randrange(256)])
        try:
            gguf.parse(memoryview(bytes(data)))
        except FastseqError:
            continue
    path = tmp_path / "x.gguf"
    path.write_bytes(FILE[:30])
    with pytest.raises(FormatError, match=r"x\.gguf: "):
        gguf.read(path)


def byte_level(pre="llama-bpe", **changes):
    """The vocabulary of the toy, with two tokens more."""
    content = toy.tokenizer_json()["model"]
    tokens = [*content["vocab"], "<|end|>", "<word>"]
    ids = [*content["vocab"].values(), len(content["vocab"]), len(content["vocab"]) + 1]
    assert ids == list(range(len(ids)))
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": np.array([1] * (len(tokens) - 2) + [3, 4], np.int32),
        "tokenizer.ggml.merges": content["merges"],
        "tokenizer.ggml.bos_token_id": len(tokens) - 2,
        **{f"tokenizer.ggml.{key}": value for key, value in changes.items()},
    }


def load(metadata, folder):
    path = folder / "model.gguf"
    path.write_bytes(files.file(metadata, TENSORS, bytes(128)))
    return fastseq.Tokenizer.load(path)


def test_byte_level(tmp_path):
    plain = load(byte_level("gpt-2"), tmp_path)
    wanted = tokenizer_json.from_json(toy.tokenizer_json())
    end, word = len(plain) - 2, len(plain) - 1
    for text in toy.SAMPLES:
        assert plain.encode(text) == wanted.encode(text)
        assert plain.decode(plain.encode(text)) == text
    assert plain.encode("the<|end|>x<word>") == [*wanted.encode("the<|end|>x"), word]
    assert plain.encode("<|end|>", allowed_special="all") == [end]
    assert plain.special_tokens == {"<|end|>": end}
    begun = load(byte_level(), tmp_path)
    assert begun.encode("the text") == [end, *wanted.encode("the text")]
    assert load(byte_level(add_bos_token=False), tmp_path).encode("the text") == wanted.encode("the text")
    around = byte_level("qwen2", add_bos_token=True, add_eos_token=True, eos_token_id=word)
    assert load(around, tmp_path).encode("a") == [end, *wanted.encode("a"), word]


def test_a_cut_that_is_not_known_is_refused_by_name(tmp_path):
    with pytest.raises(UnsupportedError, match=r"tokenizer\.ggml\.pre.*kimi-k2"):
        load(byte_level("kimi-k2"), tmp_path)


def scored(name, **changes):
    """A model of SentencePiece as GGUF has it."""
    made = SentencePieceTokenizer(fastseq._core.native.SentencePieceEncoder(model(name)))
    pieces = [made._piece(id) for id in range(len(made))]
    settings = made.settings
    rules = settings.normalizer
    return made, {
        "tokenizer.ggml.model": "t5" if settings.unigram else "llama",
        "tokenizer.ggml.tokens": [text for text, _, _ in pieces],
        "tokenizer.ggml.scores": np.array([score for _, score, _ in pieces], np.float32),
        "tokenizer.ggml.token_type": np.array([kind for _, _, kind in pieces], np.int32),
        "tokenizer.ggml.bos_token_id": made.bos_id,
        "tokenizer.ggml.eos_token_id": made.eos_id,
        "tokenizer.ggml.padding_token_id": np.uint32(made.pad_id & 0xFFFFFFFF),
        "tokenizer.ggml.add_space_prefix": rules.add_dummy_prefix,
        "tokenizer.ggml.remove_extra_whitespaces": rules.remove_extra_whitespaces,
        "tokenizer.ggml.precompiled_charsmap": np.frombuffer(rules.precompiled_charsmap, np.uint8),
        **{f"tokenizer.ggml.{key}": value for key, value in changes.items()},
    }


@pytest.mark.parametrize("name", ["unigram-identity", "bpe-bytes", "bpe-spaces", "bpe-across"])
def test_scored(name, tmp_path):
    wanted, metadata = scored(name, add_bos_token=False, add_eos_token=False)
    found = load(metadata, tmp_path)
    assert found.settings == wanted.settings
    for text in RECORD["texts"]:
        assert found.encode(text) == wanted.encode(text)
    usual = load(scored(name)[1], tmp_path)
    ids = wanted.encode("abc")
    assert usual.encode("abc") == (
        [*ids, wanted.eos_id] if wanted.settings.unigram else [wanted.bos_id, *ids]
    )


def test_word_pieces(tmp_path):
    words = ["the", "text", "gr", "x", ","]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"\u2581{word}" for word in words), "s", "osse", "r", "x"]
    ids = {"unknown": 1, "cls": 2, "seperator": 3, "padding": 0}
    found = load(
        {
            "tokenizer.ggml.model": "bert",
            "tokenizer.ggml.tokens": tokens,
            "tokenizer.ggml.token_type": np.array([3, 2, 3, 3, *[1] * 9], np.int32),
            **{f"tokenizer.ggml.{name}_token_id": id for name, id in ids.items()},
        },
        tmp_path,
    )
    spelled = ["[CLS]", "the", "text", "##s", ",", "gr", "##osse", "##r", "x", "##x", "[UNK]", "[SEP]"]
    text = "The texts, GR\u00f6sser xx y"
    assert found.tokenize(text) == spelled
    assert found.encode(text) == [2, 4, 5, 9, 8, 6, 10, 11, 7, 12, 1, 3]
    assert found.decode(found.encode("the texts, x")) == "the texts, x"


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "tokens: no vocabulary"),
        (byte_level(model="rwkv"), "no tokenizer that is supported .*'rwkv'"),
        (byte_level(model=3), "model: wrong type"),
        (byte_level("none-such"), "no scanner .*none-such"),
        (byte_level(tokens=[]), "no vocabulary"),
        (byte_level(tokens=[b"\xff"]), "no vocabulary"),
        (byte_level(token_type=np.array([1], np.int32)), "not the types"),
        (byte_level(token_type=np.full(10_000, 9, np.int32)), "not the types"),
        (byte_level(merges=["a"]), r"merges\[0\]: not a merge"),
        (byte_level(merges=["a b c"]), r"merges\[0\]: not a merge"),
        (byte_level(merges=["zz qq"]), r"merges\[0\]: not in the vocabulary"),
        (byte_level(bos_token_id=10**6), "bos_token_id: no such token"),
        (byte_level(bos_token_id=np.uint32(2**32 - 1)), "bos_token_id: not told"),
        (byte_level(bos_token_id=True), "bos_token_id: wrong type"),
        (scored("bpe-bytes", scores=np.zeros(3, np.float32))[1], "not the scores"),
        (scored("bpe-bytes", scores=np.full(600, np.nan, np.float32))[1], "not the scores"),
        (scored("unigram-identity", precompiled_charsmap=np.ones(9, np.uint8))[1], "precompiled_charsmap"),
        (scored("unigram-identity", precompiled_charsmap=np.ones(9, np.uint32))[1], "not bytes"),
    ],
)
def test_tokenizers_that_contradict_themselves(metadata, message):
    with pytest.raises((FormatError, UnsupportedError), match=message):
        gguf_tokenizer.from_metadata(gguf.parse(memoryview(files.file(metadata))).metadata)
