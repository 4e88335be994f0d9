"""Recurrent Marian models: small ones with random weights against the NumPy reference."""

from itertools import pairwise

import numpy as np
import pytest

import fastseq
from fastseq._core import native
from fastseq._core.native import isas_available
from fastseq.errors import FormatError, UnsupportedError
from fastseq.models.blocks import block_dict
from tests.formats import marian_recurrent_files as files
from tests.formats.marian_recurrent_files import Form
from tests.reference.layers import log_softmax
from tests.reference.marian_recurrent import Recurrent

TEXTS = ["ba ce di", "fo", "", "gi gu bacedi xx", "da " * 20, "be bi bo bu ba"]
DEEP = {
    "enc_depth": 3,
    "enc_cell_depth": 2,
    "dec_depth": 3,
    "dec_cell_base_depth": 4,
    "dec_cell_high_depth": 2,
}
FORMS = [
    Form(),
    Form(norm=True, tied=False),
    Form(enc_type="alternating", norm=True, skip=True, **DEEP),
    Form(enc_type="bi-unidirectional", skip=True, **DEEP),
    Form(cell="lstm", enc_depth=2, dec_depth=2, norm=True),
]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_every_step(tmp_path, form):
    """Rows of the encoder, and log-probabilities after random tokens, at every instruction set."""
    arrays = files.write(tmp_path / "model", form, zipped=form.norm)
    loaded = fastseq.load(tmp_path / "model")
    reference = Recurrent(arrays, form)
    batch = loaded.tokenizer.encode_batch(TEXTS)
    memories = [reference.encode(batch.ids[a:b].tolist()) for a, b in pairwise(batch.offsets.tolist())]
    rng = np.random.default_rng(1)
    tokens = rng.integers(0, len(files.files.PIECES), (6, len(TEXTS))).astype(np.int32)
    tokens[0] = -1
    wanted = np.zeros((*tokens.shape, len(files.files.PIECES)))
    for i, memory in enumerate(memories):
        states = reference.start(memory)
        for t, token in enumerate(tokens[:, i].tolist()):
            wanted[t, i] = log_softmax(reference.step(None if t == 0 else token, t, states, memory))
    for isa in isas_available():
        encoder, decoder = (
            native.Graph([block_dict(block) for block in blocks], loaded._weights, dtype="float32", isa=isa)
            for blocks in (loaded.spec.encoder, loaded.spec.decoder)
        )
        rows, *_ = encoder.forward(batch.ids, batch.offsets)
        np.testing.assert_allclose(rows, np.concatenate(memories), atol=1e-5)
        stepper = decoder.stepper(native.Memory(rows, batch.offsets, None, None), len(TEXTS))
        for t in range(len(tokens)):
            np.testing.assert_allclose(stepper.step(tokens[t]), wanted[t], atol=1e-4)


@pytest.mark.parametrize("form", FORMS[1:4], ids=str)
def test_translates_as_the_reference_does(tmp_path, form):
    arrays = files.write(tmp_path / "model", form)
    model = fastseq.load(tmp_path / "model")
    reference = Recurrent(arrays, form)
    outputs = model.generate(TEXTS)
    assert len({tuple(output.ids.tolist()) for output in outputs}) > 2
    for text, output in zip(TEXTS, outputs, strict=True):
        assert output.ids.tolist() == reference.translate(model.tokenizer.encode(text))
        (alone,) = model.generate([text], threads=1)
        assert (alone.ids.tolist(), alone.score) == (output.ids.tolist(), output.score)


def test_saved_and_loaded_again(tmp_path):
    files.write(tmp_path / "model", FORMS[2])
    model = fastseq.load(tmp_path / "model")
    model.save(tmp_path / "saved")
    again = fastseq.load(tmp_path / "saved")
    assert again.spec.decoder == model.spec.decoder
    assert [one.text for one in again.generate(TEXTS)] == [one.text for one in model.generate(TEXTS)]


def test_alignment(tmp_path):
    files.write(tmp_path / "model", Form())
    model = fastseq.load(tmp_path / "model")
    made = model.translate("ba ce di", details=True, align=True)
    assert made.tokens
    assert len(made.tokens) == len(model.generate("ba ce di").ids)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type: s2s", "type: amun"),
        ("type: s2s", "type: nematus"),
        ("dec-cell: gru", "dec-cell: gru-nematus"),
        ("enc-cell: gru", "enc-cell: lstm"),
        ("dec-cell-base-depth: 2", "dec-cell-base-depth: 1"),
        ("enc-type: bidirectional", "enc-type: unidirectional"),
    ],
)
def test_other_models_are_refused_by_name(tmp_path, monkeypatch, old, new):
    text = Form().options
    monkeypatch.setattr(Form, "options", text.replace(old, new))
    files.write(tmp_path / "model", Form())
    with pytest.raises((UnsupportedError, FormatError), match=new.split(":")[0]):
        fastseq.load(tmp_path / "model")


@pytest.mark.parametrize(
    "name", ["decoder_cell2_Ux", "encoder_bi_r_b", "decoder_U_att", "decoder_ff_state_W"]
)
@pytest.mark.parametrize("damage", ["missing", "shape", "nan"])
def test_damaged_arrays(tmp_path, monkeypatch, name, damage):
    arrays = files.weights(Form())
    if damage == "missing":
        del arrays[name]
    elif damage == "shape":
        arrays[name] = arrays[name][:, :-1] if arrays[name].shape[1] > 1 else arrays[name][1:]
    else:
        arrays[name][0, 0] = np.nan
    monkeypatch.setattr(files, "weights", lambda form: arrays)
    files.write(tmp_path / "model", Form())
    with pytest.raises(FormatError, match=name.removesuffix("x")):
        fastseq.load(tmp_path / "model")
