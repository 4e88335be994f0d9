"""Options as users get them wrong, and options beside each other."""

import math

import numpy as np
import pytest

import fastseq
from fastseq.errors import ArgumentError, ArgumentTypeError
from fastseq.models import runs
from tests.api import small

KINDS = pytest.mark.parametrize(
    "model", [small.language_model(), small.seq2seq()], ids=["language", "seq2seq"]
)


@KINDS
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_tokens": 5}, r"^max_tokens: no such option \(expected max_new_tokens, found 5\)$"),
        ({"temprature": 5}, r"^temprature: no such option \(expected temperature"),
        ({"begun": 5.0}, r"^begun: no such option"),
        ({"stop": 5}, r"^stop: not a list \(expected a list, found 5\)$"),
        ({"stop": ["a", 5]}, r"^stop: not a text .*found 5"),
        ({"banned": 5}, r"^banned: not a list"),
        ({"forced": 5}, r"^forced: not a list"),
        ({"regex": 5}, r"^regex: not a pattern"),
        ({"prompt_cache": "x"}, r"^prompt_cache: not a prompt cache"),
    ],
    ids=str,
)
def test_wrong_kinds_and_names(model, options, message):
    with pytest.raises(ArgumentTypeError, match=message):
        model.generate("a", **options)
    with pytest.raises(ArgumentTypeError, match=message):
        model.generate_ids([[3]], **options)


@KINDS
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_new_tokens": [1, 2, 3]}, r"^max_new_tokens: as many as texts \(expected 2, found 3\)$"),
        ({"seed": [1, 2, 3]}, r"^seed: as many as texts"),
        ({"num_return": 3}, r"^num_return: .*beam_size or temperature"),
        ({"deadline": math.nan}, r"^deadline: not a number \(expected a number, found nan\)$"),
    ],
    ids=str,
)
def test_wrong_values(model, options, message):
    for more in ({}, {"choices": ["a"]}) if model.task == "language_model" else ({},):
        with pytest.raises(ArgumentError, match=message):
            model.generate(["a", "b"], **options, **more)


@KINDS
def test_numbers_of_numpy(model):
    options = {
        "temperature": 0.5,
        "top_k": 3,
        "top_p": 0.75,
        "seed": 4,
        "max_new_tokens": 6,
        "deadline": 60.0,
    }
    theirs = {name: np.asarray(value)[()] for name, value in options.items()}
    theirs["temperature"] = np.float32(0.5)
    assert model.generate("a", **theirs).ids.tolist() == model.generate("a", **options).ids.tolist()
    beams = {"beam_size": np.int64(2), "num_return": np.int32(2), "length_penalty": np.float32(0.5)}
    assert len(model.generate("a", max_new_tokens=4, **beams)) == 2


@KINDS
def test_nothing_to_do(model):
    assert model.generate([]) == model.generate_ids([]) == model([]) == []
    for options in ({}, {"beam_size": 3}, {"temperature": 1.0, "seed": 1}, {"draft": 4}):
        one = model.generate("a", max_new_tokens=0, **options)
        assert (one.text, len(one.ids), one.finish_reason) == ("", 0, "length")
    assert list(model.generate([], stream=True)) == []


@KINDS
def test_streams_of_runs_have_their_own_options(model, monkeypatch):
    monkeypatch.setattr(runs, "RUN_FIRST", 2)
    monkeypatch.setattr(runs, "RUN_MOST", 3)
    texts = ["a", "b a", "the", "bad", "good film", "c", "d"]
    prefix = ["A B", "", "C", "A", "", "B", "E"] if model.task == "seq2seq" else texts
    options = {"temperature": 1.0, "seed": list(range(7)), "max_new_tokens": [3, 4, 5, 0, 6, 7, 8]}
    wanted = [one.ids.tolist() for one in model.generate(texts, prefix=prefix, **options)]
    found = model.generate(iter(texts), prefix=prefix, stream=True, **options)
    assert [one.ids.tolist() for one in found] == wanted
    for name, value in ({"prefix": prefix} | options).items():
        for wrong in (value[:-1], [*value, value[0]]) if isinstance(value, list) else ():
            with pytest.raises(ArgumentError, match=rf"^{name}: as many as texts"):
                list(
                    model.generate(iter(texts), stream=True, **({"prefix": prefix} | options | {name: wrong}))
                )
    with pytest.raises(ArgumentTypeError, match=r"^texts: "):
        next(model.generate(5, stream=True))


def test_what_an_exception_leaves_of_a_language_model():
    model = small.model_of_attention()

    def stop(done, total):
        raise KeyboardInterrupt

    for count, options in ((2000, {}), (80, {"choices": ["bad book"]})):
        with pytest.raises(KeyboardInterrupt) as raised:
            model.generate(["the good"] * count, max_new_tokens=60, progress=stop, threads=1, **options)
        assert len(raised.value.results) == count
        reasons = {one.finish_reason for one in raised.value.results}
        assert reasons >= {"interrupted"} or options  # short answers may all be there by then


def test_a_memory_is_a_memory():
    model = small.seq2seq()
    for call in (model.decoder.greedy, model.decoder.beam, lambda memory: next(model.decoder.steps(memory))):
        with pytest.raises(ArgumentTypeError, match=r"^memory: "):
            call("a")


def test_beginnings_are_beginnings():
    with pytest.raises(ArgumentTypeError, match=r"^beginnings: "):
        small.language_model().engine(beginnings=["the"])


def test_no_text_and_no_start_token():
    model = small.language_model(start=None)
    for call in (model.generate, model.next_token, model.stream):
        with pytest.raises(ArgumentError, match="nothing to continue"):
            call("")


def test_errors_say_what_they_know():
    error = fastseq.FastseqError
    assert str(error("bad", where="a", expected="b", found="c")) == "a: bad (expected b, found c)"
    assert str(error("bad", where="a", expected="b")) == "a: bad (expected b)"
    assert str(error("bad", found="c")) == "bad (found c)"
    assert str(error("bad")) == "bad"
    assert error("bad", where="b: c").within("a").where == "a: b: c"
    assert error("bad", where="a/b: c").within("a").where == "a/b: c"
    assert error("bad", where="ab: c").within("a").where == "a: ab: c"
    assert error("bad").within("a").where == "a"
