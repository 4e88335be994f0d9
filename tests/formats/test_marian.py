"""Marian models: small ones with random weights against the NumPy reference, and damaged files."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastseq
from fastseq._core import native
from fastseq._core.native import isas_available
from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.formats import marian_bin, marian_model, marian_shortlist, yaml_lines
from fastseq.models.blocks import block_dict
from tests.examples import examples
from tests.formats import marian_files as files
from tests.reference import beam
from tests.reference.marian import Student, after, candidates

TEXTS = ["ba ce di", "fo", "", "gi gu bacedi xx", "da " * 40, "be bi bo bu ba"]


@pytest.fixture(params=[False, True], ids=["float32", "int8"])
def folder(request, tmp_path):
    arrays = files.write(tmp_path / "model", request.param)
    return tmp_path / "model", arrays, request.param


def test_translates_as_the_reference_does(folder):
    path, arrays, int8 = folder
    model = fastseq.load(path)
    assert (model.dtype, model.task) == ("int8" if int8 else "float32", "seq2seq")
    student = Student(files.reference(arrays, int8), files.HEADS, int8)
    _, offsets, tokens = files.shortlist()
    outputs = model.generate(TEXTS)
    assert len({tuple(output.ids.tolist()) for output in outputs}) > 2
    for text, output in zip(TEXTS, outputs, strict=True):
        ids = model.tokenizer.encode(text)
        assert ids[-1] == 0
        allowed = candidates(offsets, tokens, 4, ids, len(files.PIECES))
        allowed = np.union1d(allowed, ids)  # one vocabulary for both languages
        assert output.ids.tolist() == student.translate(ids, allowed)
        assert output.text == model.target_tokenizer.decode(output.ids)


FORMS = [
    files.Form(recurrent=False),
    files.Form(before=True, head="decoder_ff_logit_out_Wt"),
    files.Form(before=True, recurrent=False, depth=3, swish=True, head="decoder_ff_logit_out_W"),
]


@pytest.mark.parametrize("zipped", [False, True], ids=["bin", "npz"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_other_forms(tmp_path, form, zipped):
    arrays = files.write(tmp_path / "model", False, listed=False, form=form, zipped=zipped)
    model = fastseq.load(tmp_path / "model")
    student = Student(files.reference(arrays, False), files.HEADS, swish=form.swish)
    outputs = model.generate(TEXTS, threads=1)
    assert len({tuple(output.ids.tolist()) for output in outputs}) > 2
    for text, output in zip(TEXTS, outputs, strict=True):
        assert output.ids.tolist() == student.translate(model.tokenizer.encode(text))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_other_forms_in_int8(tmp_path, form):
    arrays = files.write(tmp_path / "model", True, listed=False, form=form._replace(head=""))
    model = fastseq.load(tmp_path / "model")
    student = Student(files.reference(arrays, True), files.HEADS, True, form.swish)
    equal = [
        output.ids.tolist() == student.translate(model.tokenizer.encode(text))
        for text, output in zip(TEXTS, model.generate(TEXTS), strict=True)
    ]
    assert sum(equal) >= len(TEXTS) - 1  # a sum that lies at the edge of two bytes may go either way


def test_without_a_shortlist(tmp_path):
    arrays = files.write(tmp_path / "model", True, listed=False)
    model = fastseq.load(tmp_path / "model")
    student = Student(files.reference(arrays, True), files.HEADS, True)
    for text, output in zip(TEXTS, model.generate(TEXTS), strict=True):
        assert output.ids.tolist() == student.translate(model.tokenizer.encode(text))


def test_encoder_rows(folder):
    path, arrays, int8 = folder
    model = fastseq.load(path)
    student = Student(files.reference(arrays, int8), files.HEADS, int8)
    memory = model.encoder(TEXTS)
    for i, text in enumerate(TEXTS):
        rows = memory.states[memory.offsets[i] : memory.offsets[i + 1]]
        # A sum that lies at the edge of two bytes may go either way.
        np.testing.assert_allclose(
            rows, student.encode(model.tokenizer.encode(text)), atol=0.1 if int8 else 1e-4
        )


@pytest.mark.parametrize("isa", isas_available())
def test_every_step(folder, isa):
    """Log-probabilities after random tokens, at every instruction set."""
    path, arrays, int8 = folder
    loaded = fastseq.load(path)
    tensors = {name: array for name, array in loaded._weights.items() if not name.startswith("shortlist.")}
    encoder, decoder = (
        native.Graph([block_dict(block) for block in blocks], tensors, dtype=loaded.dtype, isa=isa)
        for blocks in (loaded.spec.encoder, loaded.spec.decoder)
    )
    student = Student(files.reference(arrays, int8), files.HEADS, int8)
    batch = loaded.tokenizer.encode_batch(TEXTS)
    rows, *_ = encoder.forward(batch.ids, batch.offsets)
    stepper = decoder.stepper(native.Memory(rows, batch.offsets, None, None), len(TEXTS))
    cells = [[np.zeros((1, files.WIDTH), np.float32) for _ in range(files.LAYERS)] for _ in TEXTS]
    rng = np.random.default_rng(5)
    tokens = np.full(len(TEXTS), -1, np.int32)
    for place in range(12):
        found = stepper.step(tokens)
        for i, token in enumerate(tokens.tolist()):
            memory = rows[batch.offsets[i] : batch.offsets[i + 1]]
            logits = student.step(None if token < 0 else token, place, cells[i], memory).astype(np.float64)
            wanted = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
            np.testing.assert_allclose(found[i], wanted, atol=0.2 if int8 else 1e-4)
        tokens = rng.integers(0, len(files.PIECES), len(TEXTS)).astype(np.int32)


def test_steps_and_prefixes(folder):
    model = fastseq.load(folder[0], dtype="float32")
    memory = model.encoder(TEXTS)
    steps = [step.ids for step in model.decoder.steps(memory, max_new_tokens=3)]
    first = model.decoder.greedy(memory, max_new_tokens=3)
    for i, output in enumerate(first):
        assert output.ids.tolist() == [int(ids[i]) for ids in steps][: len(output.ids)]
    begun = model.decoder.greedy(memory, prefix=[output.ids[:1] for output in first], max_new_tokens=2)
    for whole, rest in zip(first, begun, strict=True):
        assert whole.ids[1:].tolist() == rest.ids[: len(whole.ids) - 1].tolist()


def test_beams_are_those_of_plain_python(tmp_path):
    arrays = files.write(tmp_path / "model", False)
    model = fastseq.load(tmp_path / "model")
    student = Student(files.reference(arrays, False), files.HEADS)
    _, offsets, tokens = files.shortlist()
    outputs = model.generate(TEXTS[:4], beam_size=3, num_return=3, max_new_tokens=5, length_penalty=0.6)
    for text, found in zip(TEXTS, outputs, strict=False):
        ids = model.tokenizer.encode(text)
        allowed = candidates(offsets, tokens, 4, ids, len(files.PIECES), shared=True)
        wanted = beam.beam(after(student, ids, allowed), [0], 5, 0.6, 3)
        assert [one.ids.tolist() for one in found] == [list(one.ids) for one in wanted]
        assert [one.score for one in found] == pytest.approx([one.score for one in wanted], abs=1e-4)


def test_a_prefix_may_hold_any_token(folder):
    """One outside of the shortlist goes in as it is; what follows is in the shortlist again."""
    model = fastseq.load(folder[0])
    _, offsets, tokens = files.shortlist()
    outside = 0
    for text in TEXTS[:2]:
        ids = model.tokenizer.encode(text)
        allowed = np.union1d(candidates(offsets, tokens, 4, ids, len(files.PIECES)), ids)
        whole = model.generate_ids([ids])[0].ids
        again = model.generate_ids([ids], prefix=[whole[:2]])[0].ids
        assert again.tolist()[: len(whole) - 2] == whole[2:].tolist()
        for token in range(2, len(files.PIECES)):
            outside += token not in allowed
            for size in (1, 3):
                (one,) = model.generate_ids([ids], prefix=[[token]], max_new_tokens=6, beam_size=size)
                assert set(one.ids.tolist()) <= set(allowed.tolist()) - {1}
                (also,) = model.generate_ids([ids], forced=[token], max_new_tokens=7, beam_size=size)
                assert also.ids.tolist() == [token, *one.ids.tolist()]
    assert outside


def test_texts_without_tokens(folder):
    model = fastseq.load(folder[0])
    for options in ({}, {"beam_size": 2}, {"align": True}):
        found = model.generate_ids([[], [5, 0], []], max_new_tokens=4, **options)
        assert (
            found[1].ids.tolist() == model.generate_ids([[5, 0]], max_new_tokens=4, **options)[0].ids.tolist()
        )
        assert found[0].ids.tolist() == found[2].ids.tolist()


def test_alignment_is_where_attention_looks(folder):
    model = fastseq.load(folder[0])
    for text in TEXTS[:2]:
        one = model.generate(text, align=True)
        steps = model.decoder.steps(model.encoder(text))
        wanted = [int(next(steps).attention[0].argmax())]
        wanted += [int(steps.send([token]).attention[0].argmax()) for token in one.ids[:-1].tolist()]
        assert one.alignment.tolist() == wanted
        best = model.generate(text, align=True, beam_size=2)
        assert len(best.alignment) == len(best.ids)
    assert model.generate(TEXTS[0]).alignment is None


def test_a_text_does_not_depend_on_its_batch(folder):
    model = fastseq.load(folder[0])
    texts = [
        " ".join(np.random.default_rng(i).choice(["ba", "ce", "di", "fo", "gu"], i % 23)) for i in range(150)
    ]
    together = model.generate(texts, threads=2)
    for text, output in list(zip(texts, together, strict=True))[::7]:
        alone = model.generate(text, threads=1)
        assert alone.ids.tolist() == output.ids.tolist()
        assert alone.token_logprobs.tolist() == output.token_logprobs.tolist()


def test_other_precisions_and_saving(folder, tmp_path):
    path, arrays, int8 = folder
    model = fastseq.load(path)
    model.save(tmp_path / "saved")
    again = fastseq.load(tmp_path / "saved")
    assert again(TEXTS) == model(TEXTS)
    floats = fastseq.load(path, dtype="float32")
    student = Student(files.reference(arrays, int8), files.HEADS)
    assert floats.dtype == "float32"
    np.testing.assert_allclose(
        floats.encoder("ba ce").states, student.encode(floats.tokenizer.encode("ba ce")), atol=1e-4
    )


def test_options_of_a_run(folder):
    path, _, _ = folder
    other = path / "config.intgemm8bitalpha.yml"
    other.write_text("models: [model.xxyy.bin]\nvocabs: [vocab.xxyy.spm]\nmax-length-factor: 1.5\n")
    model = fastseq.load(path)
    assert not model.spec.generation.shortlist
    assert model.spec.generation.length_factor == 1.5
    assert all(
        len(one.ids) <= 1.5 * len(model.tokenizer.encode(text))
        for text, one in zip(TEXTS, model.generate(TEXTS), strict=True)
    )
    other.write_text("models: [model.xxyy.bin]\nvocabs: [gone.spm]\n")
    with pytest.raises(FormatError, match=r"gone\.spm"):
        fastseq.load(path)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("type", "amun"),
        ("dec-cell", "gru"),
        ("transformer-preprocess", "h"),
        ("transformer-postprocess", "da"),
        ("transformer-postprocess-top", "a"),
        ("transformer-decoder-autoreg", "average-attention"),
        ("transformer-ffn-activation", "gelu"),
    ],
)
def test_what_is_not_run_is_named(tmp_path, option, value):
    lines = [
        f"{option}: {value}" if line.startswith(f"{option}:") else line for line in files.OPTIONS.splitlines()
    ]
    made = files.items(files.weights(), False, "\n".join(lines))
    (tmp_path / "model.bin").write_bytes(files.container(made))
    (tmp_path / "vocab.spm").write_bytes(files.vocabulary())
    with pytest.raises(UnsupportedError, match=option):
        fastseq.load(tmp_path)


# ---- damage ----


def damaged(data, at, value):
    return data[:at] + value + data[at + len(value) :]


def test_cut_files_are_refused(folder, tmp_path):
    path, _, _ = folder
    whole = (path / "model.xxyy.bin").read_bytes()
    cut = tmp_path / "cut.bin"
    for size in [*range(0, 64, 7), *range(64, len(whole), 997)]:
        cut.write_bytes(whole[:size])
        with pytest.raises(FastseqError):
            marian_bin.load(cut)


def test_every_number_of_the_header(tmp_path):
    made = files.items(files.weights(), True)
    whole = files.container(made)
    head = 16 + 32 * len(made)
    path = tmp_path / "bad.bin"
    for at in [*range(0, 16, 8), *range(16, head, 8 * 5)]:
        for value in (0, 2**31, 2**63, 2**64 - 1):
            path.write_bytes(damaged(whole, at, struct.pack("<Q", value)))
            with suppress(FastseqError):  # a type that is not used, or a number as it was
                marian_model.read(marian_bin.load(path), str(path))


@settings(max_examples=examples(60))
@given(data=st.data())
def test_random_damage(data, tmp_path_factory):
    """An exception of ours or a model, never anything else."""
    whole = files.container(files.items(files.weights(), True))
    at = data.draw(st.integers(0, 4000))
    path = tmp_path_factory.getbasetemp() / "random.bin"
    path.write_bytes(damaged(whole, at, data.draw(st.binary(min_size=1, max_size=9))))
    with suppress(FastseqError):
        marian_model.read(marian_bin.load(path), str(path))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("encoder_l1_self_Wq", lambda a: a[:-1]),
        ("encoder_l2_ffn_b1", lambda a: a[:, :-1]),
        ("decoder_l1_rnn_bf", lambda a: a * np.float32(np.nan)),
        ("decoder_ff_logit_out_b", None),
        ("decoder_l2_context_Wo_ln_scale", None),
    ],
)
def test_wrong_arrays_are_named(tmp_path, name, change):
    arrays = files.weights()
    changed = {
        key: change(array) if key == name else array for key, array in arrays.items() if change or key != name
    }
    (tmp_path / "model.bin").write_bytes(files.container(files.items(changed, False)))
    (tmp_path / "vocab.spm").write_bytes(files.vocabulary())
    with pytest.raises(FormatError, match=name):
        fastseq.load(tmp_path)


def test_shortlists(tmp_path):
    whole, offsets, tokens = files.shortlist()
    path = tmp_path / "lex.bin"
    path.write_bytes(whole)
    read = marian_shortlist.load(path)
    assert read["shortlist.offsets"].array.tolist() == offsets.tolist()
    assert read["shortlist.tokens"].array.tolist() == tokens.tolist()
    for at in range(0, len(whole), 37):
        path.write_bytes(damaged(whole, at, bytes([whole[at] ^ 0x40])))
        with pytest.raises(FormatError, match=r"lex\.bin"):
            marian_shortlist.load(path)
    for size in range(0, len(whole), 41):
        path.write_bytes(whole[:size])
        with pytest.raises(FastseqError, match=r"lex\.bin"):
            marian_shortlist.load(path)


@pytest.mark.parametrize(
    ("offsets", "tokens", "first"),
    [
        ([0, 2, 1], [1, 2], 1),
        ([0, 1, 3], [1, 2], 1),
        ([1, 1, 2], [1, 50], 1),
        ([0, 1, 2], [1, -1], 1),
        ([0, 1, 2], [1, 2], 51),
    ],
)
def test_shortlists_that_contradict_themselves(offsets, tokens, first):
    from fastseq._core import native

    with pytest.raises(FormatError, match="shortlist"):
        native.Shortlist(np.array(offsets), np.array(tokens, np.int32), targets=50, first=first)


# ---- the options' text ----


def test_yaml_lines():
    text = 'a: 1\nb: "x # y"  # note\n\nc:\n  - one\n  - "two"\nd: []\ne: [1, two]\n---\nf:\n'
    assert yaml_lines.parse(text, "here") == {
        "a": "1",
        "b": "x # y",
        "c": ["one", "two"],
        "d": [],
        "e": ["1", "two"],
        "f": [],
    }


@pytest.mark.parametrize(
    "text", ["  a: 1", "- a", "a", "a: 1\na: 2", "a: {b: 1}", 'a: "b', "a: [b", "a: [[b]]", "a: &x 1"]
)
def test_yaml_that_is_not_read(text):
    with pytest.raises(FormatError, match="here, line"):
        yaml_lines.parse(text, "here")
