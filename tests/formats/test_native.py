"""The native folder: damage to any of its files is refused, by file and place."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq
from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.formats import safetensors
from fastseq.formats.tensor import Tensor, numpy_tensor
from tests.api import small
from tests.examples import examples


@pytest.fixture
def folder(tmp_path):
    small.seq2seq().save(tmp_path)
    return tmp_path


def edited(folder, change):
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def test_the_folder_is_what_the_document_says(folder):
    assert sorted(p.name for p in folder.iterdir()) == [
        "config.json", "model.safetensors", "source.vocab.json", "target.vocab.json",
    ]  # fmt: skip
    config = json.loads((folder / "config.json").read_text())
    assert config["fastseq"] == 1
    assert config["tokenizer"]["vocabulary"] == "source.vocab.json"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c.update(fastseq=2), r"config\.json: fastseq: written by a newer version"),
        (lambda c: c.update(task="x"), r"config\.json: task: unknown task"),
        (lambda c: c["encoder"][1].update(hidden=6), r"config\.json: decoder\[0\]\.kind"),
        (
            lambda c: c["encoder"][0].update(vocabulary=99),
            r"encoder\.embedding\.weight: the shape contradicts",
        ),
        (lambda c: c["decoder"][-1].update(weights="x"), r"model\.safetensors: x\.weight: missing tensor"),
        (lambda c: c["tokenizer"].update(kind="none"), r"config\.json: tokenizer: kind: unknown kind"),
        (lambda c: c["tokenizer"].update(vocabulary="../x"), r"vocabulary: not a file name"),
        (lambda c: c["tokenizer"].update(vocabulary="none.json"), r"none\.json: cannot be opened"),
        (lambda c: c["tokenizer"].update(colour=1), r"config\.json: tokenizer: .*unknown key"),
        (lambda c: c["generation"].update(start="<go>"), r"generation\.start: no such token"),
        (lambda c: c["tokenizer"].update(vocabulary="target.vocab.json"), r"tokenizer\.vocabulary: .*fit"),
    ],
)
def test_config_that_contradicts(folder, change, told):
    edited(folder, change)
    with pytest.raises(ValueError, match=told) as caught:
        fastseq.load(folder)
    assert isinstance(caught.value, FastseqError)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("config.json", b"", "not valid JSON"),
        ("config.json", b'{"fastseq": 1, "fastseq": 1}', "a key comes twice"),
        ("config.json", b'{"fastseq": NaN}', "not valid JSON"),
        ("config.json", b"[" * 100_000, "nested too deeply"),
        ("config.json", b'{"fastseq": 1}', "task: unknown task"),
        ("source.vocab.json", b'{"a": 0, "b": 0}', "duplicate|twice|each once|0 to"),
        ("source.vocab.json", b'{"a": 0, "b": -1}', "negative|0 to"),
        ("source.vocab.json", b"\xff", "not UTF-8"),
        ("model.safetensors", b"\xff" * 100, "the header does not fit"),
        ("model.safetensors", b"", "truncated"),
    ],
)
def test_damaged_files_are_named(folder, name, content, told):
    (folder / name).write_bytes(content)
    with pytest.raises(FormatError, match=told) as caught:
        fastseq.load(folder)
    assert str(folder / name) in str(caught.value)


@pytest.mark.parametrize("missing", ["model.safetensors", "source.vocab.json", "target.vocab.json"])
def test_missing_files_are_named(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(FastseqError, match=missing):
        fastseq.load(folder)


def test_not_a_number_among_the_weights(folder):
    tensors = safetensors.load(folder / "model.safetensors")
    damaged = tensors["decoder.head.weight"].array.copy()
    damaged[2, 1] = np.nan
    safetensors.save(folder / "model.safetensors", {**tensors, "decoder.head.weight": numpy_tensor(damaged)})
    with pytest.raises(FormatError, match=r"model\.safetensors: decoder\.head\.weight: .*\[2, 1\]"):
        fastseq.load(folder)


@pytest.mark.parametrize(
    ("name", "tensor", "told"),
    [
        ("decoder.head.weight", Tensor("int8", np.zeros((9, 8), np.int8)), "an int8 tensor needs its scales"),
        ("decoder.head.weight", numpy_tensor(np.zeros((9, 8), np.int32)), "not a weight"),
        ("decoder.head.bias", numpy_tensor(np.zeros(8, np.float32)), "the shape contradicts"),
        ("encoder.embedding.weight", Tensor("int8", np.zeros((15, 6), np.int8)), "only matrices may be int8"),
        ("other", numpy_tensor(np.zeros(1, np.float32)), "no block uses"),
    ],
)
def test_weights_of_another_kind(folder, name, tensor, told):
    tensors = safetensors.load(folder / "model.safetensors")
    safetensors.save(folder / "model.safetensors", {**tensors, name: tensor})
    with pytest.raises(FormatError, match=told):
        fastseq.load(folder)


def test_float16_and_float64_are_read(folder):
    tensors = safetensors.load(folder / "model.safetensors")
    for kind in (np.float16, np.float64):
        wide = {name: numpy_tensor(t.array.astype(kind)) for name, t in tensors.items()}
        safetensors.save(folder / "model.safetensors", wide)
        np.testing.assert_allclose(
            fastseq.load(folder).encoder("abc").states, small.seq2seq().encoder("abc").states, atol=1e-2
        )


@settings(max_examples=examples(150))
@given(st.data())
def test_any_damage_is_read_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    small.classifier().save(folder)
    path = folder / data.draw(st.sampled_from(sorted(p.name for p in folder.iterdir())))
    blob = bytearray(path.read_bytes())
    start = data.draw(st.integers(0, min(len(blob), 600) - 1))
    damage = data.draw(st.binary(min_size=1, max_size=5))
    blob[start : start + len(damage)] = damage
    path.write_bytes(blob)
    try:
        model = fastseq.load(folder)
        model.predict_proba(["good film"])
    except (FastseqError, UnsupportedError):
        return
