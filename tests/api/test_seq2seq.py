"""Seq2Seq: the face over the engine, beside the graph in plain NumPy."""

import numpy as np
import pytest

from fastseq.errors import ArgumentError, ArgumentTypeError, UnknownTokenError
from fastseq.models.blocks import block_dict
from fastseq.models.segment import ENGLISH
from fastseq.models.spec import ModelSpec
from tests.api import small
from tests.reference import graph as ref

TEXTS = ["abc", "", "jig", "a b", "ABBA", "hi jac", "zzz", "bead", "abc"]


def reference(spec: ModelSpec, batch, limit=9):
    weights = small.weights_of(spec)
    encoder = ref.Graph([block_dict(b) for b in spec.encoder], weights)
    decoder = ref.Graph([block_dict(b) for b in spec.decoder], weights)
    states, hidden, cell = encoder.forward(batch.ids, batch.offsets)
    decoded = ref.translate(
        encoder, decoder, batch.ids, batch.offsets, start=2, stop=[3], max_new_tokens=limit
    )
    return states, hidden, cell, decoded


@pytest.mark.parametrize("attention", [None, "dot", "general", "additive"])
@pytest.mark.parametrize("cell", ["gru", "lstm", "tanh"])
def test_all_of_it_equals_the_reference(attention, cell):
    spec = small.seq2seq_spec(attention, cell)
    model = small.seq2seq(spec=spec)
    batch = model.tokenizer.encode_batch(TEXTS)
    states, hidden, cells, decoded = reference(spec, batch)
    memory = model.encoder(TEXTS)
    np.testing.assert_allclose(memory.states, states, atol=1e-5)
    np.testing.assert_allclose(memory.hidden, hidden, atol=1e-5)
    np.testing.assert_allclose(memory.final, hidden[:, -1], atol=1e-5)
    assert (memory.cell is None) == (cells is None)
    results = model.generate(TEXTS)
    for i, result in enumerate(results):
        span = slice(decoded.offsets[i], decoded.offsets[i + 1])
        assert result.ids.tolist() == decoded.ids[span].tolist()
        np.testing.assert_allclose(result.token_logprobs, decoded.logprobs[span], atol=1e-4)
        total = decoded.logprobs[span].sum() + decoded.stop_logprobs[i]
        assert result.score == pytest.approx(total, abs=1e-3)
        assert result.finish_reason == ("stop" if decoded.ended[i] else "length")
        assert result.text == " ".join(small.SOUNDS[token] for token in result.ids if token > 3)
    assert {r.finish_reason for r in results} <= {"stop", "length"}


def test_str_in_str_out_list_in_list_out():
    model = small.seq2seq()
    one, many = model("abc"), model(TEXTS)
    assert isinstance(one, str)
    assert many[0] == one == many[-1]
    assert len(many) == len(TEXTS)
    assert model([]) == []
    assert model(iter(TEXTS)) == many
    assert model.generate([]) == []
    assert model.generate("abc").text == one
    assert [r.text for r in model.generate(tuple(TEXTS))] == many


def test_ids_in_and_the_parts_alone_give_the_same():
    model = small.seq2seq()
    batch = model.tokenizer.encode_batch(TEXTS)
    wanted = [r.ids.tolist() for r in model.generate(TEXTS)]
    for given in (
        batch,
        list(batch),
        [row.tolist() for row in batch],
        [row.astype(np.int64) for row in batch],
    ):
        assert [r.ids.tolist() for r in model.generate_ids(given)] == wanted
    assert [r.ids.tolist() for r in model.decoder.greedy(model.encoder(batch))] == wanted
    assert model.encoder(batch, states=False).states is None
    assert len(model.encoder("abc")) == 1


def test_steps_show_the_autoregression():
    model = small.seq2seq()
    memory = model.encoder(TEXTS)
    greedy = model.decoder.greedy(memory)
    said = [[] for _ in TEXTS]
    ended = np.zeros(len(TEXTS), bool)
    for step in model.decoder.steps(memory):
        np.testing.assert_allclose(np.exp(step.log_probs).sum(1), 1, rtol=1e-5)
        np.testing.assert_array_equal(step.log_probs.argmax(1), step.ids)
        assert step.attention is not None
        for b, row in enumerate(step.attention):
            assert row.shape == (memory.offsets[b + 1] - memory.offsets[b],)
            assert row.sum() == pytest.approx(1, rel=1e-5)
        for b in np.flatnonzero(~step.finished):
            said[b].append(int(step.ids[b]))
        assert (step.finished >= ended).all()
        ended = step.finished
    assert said == [r.ids.tolist() for r in greedy]


def test_steps_go_where_they_are_sent():
    model = small.seq2seq()
    steps = model.decoder.steps(model.encoder(["abc"]), max_new_tokens=5)
    next(steps)
    forced = steps.send([4])
    other = model.generate_ids([[3, 4, 5, 2]], prefix=[[4]], max_new_tokens=1)[0]
    assert forced.ids.tolist() == other.ids.tolist() or forced.finished[0]
    with pytest.raises(ArgumentError, match="not one id a sequence"):
        steps.send([1, 2])


def test_prefix_stop_and_limits():
    model = small.seq2seq()
    full = model.generate(TEXTS)
    longest = max(range(len(TEXTS)), key=lambda i: len(full[i].ids))
    text, ids = TEXTS[longest], full[longest].ids
    assert len(ids) >= 2
    assert model.generate(text, max_new_tokens=1).ids.tolist() == ids[:1].tolist()
    assert model.generate(text, max_new_tokens=1).finish_reason == "length"
    assert model.generate(text, max_new_tokens=0).ids.tolist() == []
    begun = " ".join(small.SOUNDS[i] for i in ids[:1])
    assert model.generate(text, prefix=begun).ids.tolist()[: len(ids) - 1] == ids[1:].tolist()
    limits = np.arange(len(TEXTS))
    assert all(
        len(r.ids) <= n for r, n in zip(model.generate(TEXTS, max_new_tokens=limits), limits, strict=True)
    )
    first = small.SOUNDS[ids[0]]
    assert model.generate(text, stop=[first]).finish_reason == "stop"
    assert model.generate(text, stop=first).ids.tolist() == []


def test_progress_counts_to_the_end():
    seen = []
    small.seq2seq().generate(TEXTS * 50, progress=lambda done, total: seen.append((done, total)))
    assert all(0 <= done <= total == len(TEXTS) * 50 for done, total in seen)
    assert seen == sorted(seen)


def test_a_text_does_not_depend_on_its_batch():
    model = small.seq2seq(threads=2)
    alone = {text: model.generate(text) for text in TEXTS}
    for batch in (TEXTS, TEXTS[::-1], [*TEXTS, *TEXTS * 30]):
        for threads in (1, 2):
            for text, result in zip(batch, model.generate(batch, threads=threads), strict=True):
                assert result.ids.tobytes() == alone[text].ids.tobytes()
                assert result.token_logprobs.tobytes() == alone[text].token_logprobs.tobytes()


def test_pieces_are_cut_run_once_and_joined():
    plain, spec = small.seq2seq(), small.seq2seq_spec(segment={"join": " | ", "replace": {"1": " a "}})
    model = small.seq2seq(spec=spec)
    assert model.pieces(["Abba-dad, abba 1!", "abba zz"]) == ["abba", "dad", "a"]
    assert model("abba dad") == f"{plain('abba')} | {plain('dad')}".strip(" |")
    result = model.generate("abba dad abba")
    assert [part.text for part in result.parts] == [plain("abba"), plain("dad"), plain("abba")]
    assert result.ids.tolist() == [i for part in result.parts for i in part.ids]
    assert result.score == pytest.approx(sum(part.score for part in result.parts))
    for nothing in ("", " ", "...", "zzz", "\0", "中文"):
        assert model(nothing) == ""
        assert model.generate(nothing).ids.dtype == np.int32
        assert model.generate(nothing).finish_reason == "stop"
    assert model(["", "abba", "..."]) == ["", plain("abba"), ""]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Don't stop!", ["don't", "stop"]),
        ("rock'n'roll 'tis dogs'", ["rock'n'roll", "tis", "dogs"]),
        ("well-known e-mail", ["well", "known", "e", "mail"]),
        ("42 is 4+2", ["four", "two", "is", "four", "plus", "two"]),
        ("caf\u00e9 cafe\u0301 na\u00efve \ufb01sh \u0130", ["cafe", "cafe", "naive", "fish", "i"]),
        ("don\u2019t stra\u00dfe", ["don't", "strasse"]),
        ("abc\u4e2d\u6587def \u4e2d\u6587", ["abcdef"]),
        ("snake_case x\u0300", ["snake", "case", "x"]),
        ("", []),
    ],
)
def test_english_words(text, pieces):
    from fastseq.models.segment import Segmenter

    cut = Segmenter(ENGLISH, "abcdefghijklmnopqrstuvwxyz'", lowercase=True)
    assert cut(text) == pieces


def test_what_is_no_text_is_refused():
    model = small.seq2seq()
    for wrong in (None, 5, b"abc", ["abc", None], ["abc", b"d"], [["abc"]]):
        with pytest.raises(ArgumentTypeError, match="not a text"):
            model(wrong)
    with pytest.raises(ArgumentError, match="lone surrogate"):
        model("a\ud800")
    with pytest.raises(ArgumentTypeError, match=r"ids\[1\]"):
        model.generate_ids([[1], [1.5]])
    for ids in ([[999]], [[-1]], [[2**40]]):
        with pytest.raises(ArgumentError):
            model.generate_ids(ids)
    for limit in (-1, 1.5, "9", [1, 2], 2**40):
        with pytest.raises(ArgumentError, match="max_new_tokens"):
            model("abc", max_new_tokens=limit)
    with pytest.raises(ArgumentError, match="stop: no such token"):
        model("abc", stop=["XYZ"])
    with pytest.raises(ArgumentError, match="threads"):
        model("abc", threads=-1)
    with pytest.raises(TypeError):
        model("abc", heat=1)


def test_long_text_and_odd_text():
    model = small.seq2seq(spec=small.seq2seq_spec(None, "gru"))
    assert model.generate("ab" * 20_000, max_new_tokens=3).ids.size <= 3
    assert isinstance(model("\0\x01\U0001f600"), str)


def test_without_tokenizers():
    model = small.seq2seq(tokenizer=None, target_tokenizer=None, spec=numbered())
    with pytest.raises(ArgumentError, match="no tokenizer"):
        model("abc")
    with pytest.raises(ArgumentError, match="no target tokenizer"):
        _ = model.target_tokenizer
    result = model.generate_ids([[3, 4, 2]])[0]
    assert result.text == ""
    assert result.ids.tolist() == small.seq2seq().generate_ids([[3, 4, 2]])[0].ids.tolist()


def numbered() -> ModelSpec:
    values = small.seq2seq_spec().to_dict()
    values["generation"] = {"start": "2", "stop": ["3"], "max_new_tokens": 9}
    return ModelSpec.from_dict(values)


def test_unknown_tokens_of_the_spec_are_refused():
    values = small.seq2seq_spec().to_dict()
    values["generation"]["start"] = "<begin>"
    with pytest.raises(ArgumentError, match=r"generation\.start: no such token"):
        small.seq2seq(spec=ModelSpec.from_dict(values))
    assert issubclass(UnknownTokenError, ArgumentError)
