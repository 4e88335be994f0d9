"""Answers that have to be one of some texts, and texts that end them."""

import itertools

import numpy as np
import pytest

from fastseq.errors import ArgumentError
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
        engine.submit("a", choices=["yes"])


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
        model.generate("a", stop=["a b"], beam_size=2)
    with pytest.raises(ArgumentError, match="stop"):
        model.generate("a", stop=[""])


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
