"""Answers that have to be one of some texts, and texts that end them."""

import itertools

import numpy as np
import pytest

from fastseq.errors import ArgumentError
from fastseq.models import constraints
from fastseq.models.constraints import packed_mask
from fastseq.text.pieces import token_bytes, token_name
from tests.api import small


@pytest.fixture(scope="module")
def model():
    return small.byte_model()


def test_one_of_the_choices(model):
    choices = ["yes", "no", "maybe", "maybe not", "ünïcode \U0001f600"]
    texts = ["the film", "a book and", "12", "so"]
    found = model.generate(texts, choices=choices)
    assert {one.text for one in found} <= set(choices)
    assert {one.finish_reason for one in found} == {"stop"}
    for options in ({"seed": 4}, {"seed": 5, "temperature": 30.0}):
        many = model.generate(texts, choices=choices, num_return=20, **options)
        assert {one.text for several in many for one in several} <= set(choices)
        again = model.generate(texts[2], choices=choices, num_return=20, **options)
        assert [one.ids.tolist() for one in again] == [one.ids.tolist() for one in many[2]]
    assert len({one.text for several in many for one in several}) > 2
    for text, one in zip(texts, found, strict=True):
        scored = model.score(text + one.text).token_logprobs[-len(one.ids) :]
        ids = model.tokenizer.encode(text) + one.ids.tolist()
        if ids == model.tokenizer.encode(text + one.text):  # the same tokens: the model's own probabilities
            np.testing.assert_allclose(one.token_logprobs, scored, atol=1e-4)
    short = model.generate("so", choices=["ünïcode"], max_new_tokens=2)
    assert (short.finish_reason, len(short.ids)) == ("length", 2)


def test_choices_in_words():
    model = small.language_model()
    found = model.generate(["the", "good bad"], choices=["bad book", "bad", "dull film"], max_new_tokens=9)
    assert {one.text for one in found} <= {"bad book", "bad", "dull film"}
    endless = small.model_of_attention().generate("the", choices=["bad book"], max_new_tokens=9)
    assert endless.text == "bad book"


def test_what_choices_do_not_go_with(model):
    with pytest.raises(ArgumentError, match="choices"):
        model.generate("a", choices=[])
    with pytest.raises(ArgumentError, match="choices"):
        model.generate("a", choices=["yes", ""])
    with pytest.raises(ArgumentError, match="choices"):
        model.generate("a", choices=["yes"], beam_size=2)
    with pytest.raises(ArgumentError, match="choices"):
        model.generate("a", choices=["yes"], regex="x")
    with pytest.raises(ArgumentError, match="choices"):
        small.seq2seq().generate("a", choices=["A"])
    with model.engine() as engine, pytest.raises(ArgumentError, match="choices"):
        engine.submit("a", choices=[])


@pytest.mark.parametrize("threads", [1, 2])
def test_in_an_engine_beside_free_answers(model, threads):
    """Answers, streamed or not, are those of `generate`; others in the same lanes are untouched."""
    prompts = ["the film", "a book and", "12", "so", "x", "the"]
    options = [
        {"choices": ["yes", "no", "maybe not"], "seed": i} if i % 2 else {"seed": i, "max_new_tokens": 20}
        for i in range(len(prompts))
    ]
    wanted = [model.generate(text, **more) for text, more in zip(prompts, options, strict=True)]
    with model.engine(max_batch=4, threads=threads) as engine:
        answers = [engine.submit(text, draft=4, **more) for text, more in zip(prompts, options, strict=True)]
        streamed = ["".join(answer) for answer in answers[:3]]
        for answer, theirs in zip(answers, wanted, strict=True):
            assert small.same(answer.result(60), theirs)
        assert streamed == [theirs.text for theirs in wanted[:3]]
    assert "".join(model.stream("so", choices=["maybe not"])) == "maybe not"


def test_a_rule_that_fails_fails_its_answer_alone(model, monkeypatch):
    def broken(self, token):
        raise ArgumentError("no such thing", where="choices")

    with model.engine(max_batch=4) as engine:
        monkeypatch.setattr(constraints.Choices, "take", broken)
        failing = engine.submit("the film", choices=["yes", "no"])
        free = engine.submit("the film", max_new_tokens=8)
        with pytest.raises(ArgumentError, match="no such thing"):
            failing.result(60)
        assert small.same(free.result(60), model.generate("the film", max_new_tokens=8))


def test_prefix(model):
    """Answers go on from a text, which is not part of them."""
    texts = ["the film", "a book"]
    for prefix, each in ((" is", [" is", " is"]), ([" was", ""], [" was", ""])):
        found = model.generate(texts, prefix=prefix, max_new_tokens=6)
        wanted = model.generate([a + b for a, b in zip(texts, each, strict=True)], max_new_tokens=6)
        assert all(small.same(a, b) for a, b in zip(found, wanted, strict=True))
    alone = model.generate("the film is", max_new_tokens=6)
    with model.engine() as engine:
        assert small.same(engine.submit("the film", prefix=" is", max_new_tokens=6).result(60), alone)
        ids = model.tokenizer.encode("the film")
        by_ids = engine.submit(ids, prefix=" is", max_new_tokens=6).result(60)
    both = [*ids, *model.tokenizer.encode(" is")]
    assert small.same(by_ids, model.generate_ids([both], max_new_tokens=6)[0])
    with pytest.raises(ArgumentError, match="prefix: as many as texts"):
        model.generate(texts, prefix=["a"])


def test_masks():
    for size in (1, 63, 64, 65, 200):
        allowed = [id for id in (0, 5, 62, 63, 64, 130, 199) if id < size]
        mask = packed_mask(size, allowed)
        assert mask.shape == ((size + 63) // 64,)
        assert [id for id in range(size) if int(mask[id // 64]) >> id % 64 & 1] == allowed


def test_stop_texts_across_tokens(model):
    options = {"temperature": 1.0, "max_new_tokens": 60}
    whole = model.generate("the film", seed=3, banned=["<|end|>"], **options)
    text = whole.text
    for begin, length in itertools.product((1, 7, 20, 33), (1, 2, 5)):
        stop = text[begin : begin + length]
        if "\ufffd" in stop:
            continue
        cut = model.generate("the film", seed=3, stop=["never there", stop], banned=["<|end|>"], **options)
        assert cut.text == text[: text.index(stop)]
        assert cut.finish_reason == "stop"
        assert cut.ids.tolist() == whole.ids[: len(cut.ids)].tolist()
        assert stop in model.tokenizer.decode(cut.ids)
        assert stop not in model.tokenizer.decode(cut.ids[:-1])
        pieces = list(
            model.stream("the film", seed=3, stop=["never there", stop], banned=["<|end|>"], **options)
        )
        assert "".join(pieces) == cut.text
    with pytest.raises(ArgumentError, match="stop"):
        model.generate("a", stop=[""])


def test_stop_texts_of_beams(model):
    free = model.generate("the film", beam_size=3, num_return=3, max_new_tokens=12, banned=["<|end|>"])
    stop = free[0].text[2:4]
    found = model.generate(
        "the film", beam_size=3, num_return=3, max_new_tokens=12, banned=["<|end|>"], stop=stop
    )
    assert {one.finish_reason for one in found} >= {"stop"}
    for one in found:
        whole = model.tokenizer.decode(one.ids)
        assert (one.finish_reason == "stop") == (stop in whole)
        assert one.text == whole.split(stop)[0]
        assert stop not in model.tokenizer.decode(one.ids[:-1])


def test_special_tokens_stop_as_tokens(model):
    free = model.generate("the film", temperature=1.0, seed=3, max_new_tokens=60)
    also = model.generate("the film", temperature=1.0, seed=3, max_new_tokens=60, stop="<|user|>")
    assert also.ids.tolist() == free.ids[: len(also.ids)].tolist()
    assert 1 not in also.ids


def test_pieces_are_bytes(model):
    pieces = token_bytes(model.tokenizer, len(model.tokenizer))
    text = "the good 345 \U0001f600ü"
    ids = model.tokenizer.encode(text)
    assert b"".join(pieces[id] for id in ids) == text.encode()
    assert pieces[0] == b""
    assert [token_name(model.tokenizer, id) for id in model.tokenizer.encode("yes")] == ["yes"]
    assert token_bytes(small.words(), 9) is None
    best = model.next_token("the")
    assert all(isinstance(one.token, str) for one in best)
