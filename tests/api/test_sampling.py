"""How tokens are chosen, as generate takes it: seeds, samples, what is refused, beams."""

import math

import numpy as np
import pytest

from fastseq.errors import ArgumentError, ArgumentTypeError
from tests.api import small

TEXTS = ["the good film", "a bad book", "dull", "the good film"]


def bits(result):
    return (result.ids.tobytes(), result.token_logprobs.tobytes(), result.score, result.text)


@pytest.mark.parametrize("model", [small.language_model(), small.seq2seq()], ids=["model", "seq2seq"])
def test_a_seed_gives_the_same_in_every_batch(model):
    texts = TEXTS if model.task == "language_model" else ["abc", "hij a", "", "abc"]
    options = {"temperature": 1.5, "seed": 11, "top_p": 0.95, "max_new_tokens": 20}
    together = model.generate(texts, **options)
    assert bits(together[0]) == bits(together[3])
    for threads in (1, 3):
        again = model.generate(texts[::-1] * 9, threads=threads, **options)
        assert [bits(r) for r in again[:4]] == [bits(r) for r in together[::-1]]
    assert [bits(model.generate(text, **options)) for text in texts] == [bits(r) for r in together]
    others = model.generate(texts, **{**options, "seed": [12, 13, 14, 15]})
    assert [bits(r) for r in others] != [bits(r) for r in together]
    assert bits(model.generate(texts[1], **{**options, "seed": 13})) == bits(others[1])


@pytest.mark.parametrize("model", [small.language_model(), small.seq2seq()], ids=["model", "seq2seq"])
def test_samples(model):
    options = {"temperature": 2.0, "seed": 3, "max_new_tokens": 12}
    samples = model.generate(["a", "hij"], num_return=5, **options)
    assert [len(each) for each in samples] == [5, 5]
    assert len({bits(one) for one in samples[0]}) > 1
    assert bits(samples[1][0]) == bits(model.generate("hij", **options))
    assert bits(samples[1][3]) == bits(model.generate(["hij"], num_return=4, **options)[0][3])
    free = {bits(model.generate("a", temperature=2.0, max_new_tokens=12)) for _ in range(6)}
    assert len(free) > 1
    limits = model.generate(["a", "hij"], num_return=2, **{**options, "max_new_tokens": [0, 3]})
    assert [len(one.ids) for one in limits[0]] == [0, 0]


def test_without_heat_it_is_greedy():
    model = small.language_model()
    greedy = [bits(r) for r in model.generate(TEXTS)]
    assert [bits(r) for r in model.generate(TEXTS, temperature=0, top_p=0.3, seed=4)] == greedy
    assert [bits(r) for r in model.generate(TEXTS, top_k=1)] == greedy
    assert [bits(r) for r in model.generate(TEXTS, temperature=1e-30)] == greedy
    cold = model.generate(TEXTS, temperature=0.01, seed=1)
    np.testing.assert_allclose(
        np.concatenate([r.token_logprobs for r in cold]),
        np.concatenate([r.token_logprobs for r in model.generate(TEXTS)]),
    )


@pytest.mark.parametrize("beam_size", [1, 3])
def test_tokens_that_are_banned_biased_and_forced(beam_size):
    model = small.language_model()
    usual = model.generate("the", beam_size=beam_size, max_new_tokens=8)
    banned = model.generate("the", beam_size=beam_size, max_new_tokens=8, banned=[int(usual.ids[0]), "film"])
    assert not set(banned.ids.tolist()) & {int(usual.ids[0]), small.WORDS.index("film")}
    biased = model.generate("the", beam_size=beam_size, max_new_tokens=8, logit_bias={"dull": 60.0})
    assert set(biased.text.split()) == {"dull"}
    ban = {int(usual.ids[0]): -math.inf, "film": -math.inf}
    again = model.generate("the", beam_size=beam_size, max_new_tokens=8, logit_bias=ban)
    assert again.ids.tolist() == banned.ids.tolist()
    forced = model.generate("the", beam_size=beam_size, max_new_tokens=8, forced="bad book")
    assert forced.text.startswith("bad book")
    assert (
        forced.ids.tolist()
        == model.generate(
            "the", beam_size=beam_size, max_new_tokens=8, forced=["bad", small.WORDS.index("book")]
        ).ids.tolist()
    )
    scored = model.score("the bad book").token_logprobs
    np.testing.assert_allclose(forced.token_logprobs[:2], scored[1:], atol=1e-5)


@pytest.mark.parametrize("beam_size", [1, 4])
def test_runs_come_but_once(beam_size):
    model = small.language_model()
    for n in (1, 2):
        options = {"max_new_tokens": 12, "no_repeat_ngram": n, "banned": ["</s>"], "beam_size": beam_size}
        for text, result in zip(TEXTS, model.generate(TEXTS, **options), strict=True):
            ids = [1, *model.tokenizer.encode(text), *result.ids.tolist()]
            runs = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
            assert len(runs) == len(set(runs))


def test_penalties_make_repeats_rare():
    model = small.language_model()

    def distinct(**options):
        results = model.generate(TEXTS, max_new_tokens=30, banned=["</s>"], **options)
        return sum(len(set(r.ids.tolist())) for r in results)

    usual = distinct()
    for name, value in (("repetition_penalty", 5.0), ("presence_penalty", 3.0), ("frequency_penalty", 2.0)):
        assert distinct(**{name: value}) > usual
        assert distinct(**{name: value}, beam_size=2) > usual


def test_alternatives():
    model = small.language_model()
    result = model.generate("the good", temperature=3.0, seed=5, top_logprobs=3)
    top = result.top_logprobs
    assert top.ids.shape == top.logprobs.shape == (len(result.ids), 3)
    best = model.next_token("the good", top_k=3)
    assert top.ids[0].tolist() == [one.id for one in best]
    np.testing.assert_allclose(np.exp(top.logprobs[0]), [one.probability for one in best], rtol=1e-5)
    assert model.generate("the", top_logprobs=50).top_logprobs.ids.shape[1] == len(small.WORDS)
    assert model.generate("the").top_logprobs is None


WRONG = [
    ("temperature", -1.0),
    ("temperature", math.nan),
    ("temperature", "hot"),
    ("top_k", -1),
    ("top_k", 1.5),
    ("top_p", 0.0),
    ("top_p", 1.01),
    ("min_p", -0.1),
    ("typical_p", 2),
    ("repetition_penalty", 0),
    ("presence_penalty", math.inf),
    ("frequency_penalty", None),
    ("no_repeat_ngram", -2),
    ("top_logprobs", 5000),
    ("seed", -1),
    ("seed", 2**64),
    ("seed", "x"),
    ("seed", [1, 2, 3]),
    ("banned", ["nothing"]),
    ("banned", [99]),
    ("forced", [-1]),
    ("logit_bias", {"nothing": 1.0}),
    ("logit_bias", {2: math.inf}),
    ("logit_bias", {2: math.nan}),
    ("stop", ["nothing"]),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=str)
def test_bad_options_are_named(name, value):
    with pytest.raises(ArgumentError, match=name):
        small.language_model().generate(["the", "a"], **{name: value})


def test_what_beams_refuse():
    model = small.language_model()
    for name, value in (
        ("temperature", 1.0),
        ("top_k", 3),
        ("top_p", 0.5),
        ("min_p", 0.1),
        ("typical_p", 0.9),
        ("seed", 1),
        ("top_logprobs", 2),
    ):
        with pytest.raises(ArgumentError, match=f"{name}: not with beams"):
            model.generate("the", beam_size=2, **{name: value})
    with pytest.raises(ArgumentError, match="num_return"):
        model.generate("the", num_return=2)
    with pytest.raises(ArgumentTypeError, match="logit_bias"):
        model.generate("the", logit_bias=[1])
