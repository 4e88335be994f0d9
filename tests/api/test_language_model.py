"""LanguageModel: continuing, next tokens and scores, beside the graph in plain NumPy."""

import math

import numpy as np
import pytest

from fastseq.errors import ArgumentError
from fastseq.models.blocks import block_dict
from tests.api import small
from tests.reference import graph as ref

TEXTS = ["the good film", "", "a bad unheard book", "DULL", "the good film"]


def reference():
    spec = small.language_spec()
    return ref.Graph([block_dict(b) for b in spec.decoder], small.weights_of(spec))


def test_continues_as_the_reference():
    model = small.language_model()
    batch = model.tokenizer.encode_batch(TEXTS)
    prompts = [np.concatenate([[1], row]).astype(np.int32) for row in batch]
    offsets = np.cumsum([0, *map(len, prompts)]).astype(np.int64)
    wanted = reference().decode(None, (np.concatenate(prompts), offsets), stop=[1], max_new_tokens=6)
    results = model.generate(TEXTS)
    for i, result in enumerate(results):
        assert result.ids.tolist() == wanted.ids[wanted.offsets[i] : wanted.offsets[i + 1]].tolist()
    assert [r.text for r in results] == model(TEXTS)
    assert model(TEXTS[0]) == results[0].text
    assert [r.ids.tolist() for r in model.generate_ids(batch)] == [r.ids.tolist() for r in results]
    assert results[0].score == pytest.approx(
        float(wanted.logprobs[: wanted.offsets[1]].sum() + wanted.stop_logprobs[0]), abs=1e-4
    )


def test_scores_every_token():
    model = small.language_model()
    batch = model.tokenizer.encode_batch(TEXTS)
    wanted = reference().log_probs(batch.ids, batch.offsets, start=1)
    scores = model.score(TEXTS)
    np.testing.assert_allclose(np.concatenate([s.token_logprobs for s in scores]), wanted, atol=1e-5)
    first = scores[0]
    assert first.logprob == pytest.approx(float(first.token_logprobs.sum()), rel=1e-6)
    assert first.perplexity == pytest.approx(math.exp(-first.logprob / 3), rel=1e-6)
    assert math.isnan(scores[1].perplexity)
    assert scores[1].logprob == 0
    assert model.score(TEXTS[0]).token_logprobs.tobytes() == first.token_logprobs.tobytes()
    assert model.score([]) == []


@pytest.mark.parametrize("start", ["</s>", None])
def test_long_texts_are_scored_in_windows(start):
    model = small.language_model(start=start)
    rng = np.random.default_rng(1)
    texts = [rng.integers(2, 9, n).tolist() for n in (1, 4, 5, 30, 0, 11)]
    whole = model.score_ids(texts)
    for window, stride in ((4, 2), (4, None), (5, 1), (3, 3), (40, 7)):
        scores = model.score_ids(texts, window=window, stride=stride, threads=2)
        for ids, score, all_of_it in zip(texts, scores, whole, strict=True):
            text = ids if start is None else [1, *ids]
            assert score.ids.tolist() == text[1:]
            np.testing.assert_array_equal(
                score.token_logprobs[:window].tobytes(), all_of_it.token_logprobs[:window].tobytes()
            )
            for place in range(1 + window, len(text)):  # behind the first window
                step = stride or window // 2
                end = min(1 + window + -(-(place - window) // step) * step, len(text))
                alone = text[end - window - 1 : place + 1]
                wanted = small.language_model(start=None).score_ids([alone])[0].token_logprobs[-1]
                assert score.token_logprobs[place - 1] == pytest.approx(float(wanted), abs=1e-5)
    for wrong in ({"window": 0}, {"stride": 0}, {"window": 4, "stride": 5}, {"window": 1.5}):
        with pytest.raises(ArgumentError, match=next(reversed(wrong))):
            model.score_ids(texts, **wrong)


def test_next_token():
    model = small.language_model()
    best = model.next_token("the good", top_k=len(small.WORDS))
    assert sum(token.probability for token in best) == pytest.approx(1, rel=1e-5)
    assert [t.probability for t in best] == sorted((t.probability for t in best), reverse=True)
    assert [small.WORDS[t.id] for t in best] == [t.token for t in best]
    assert len(model.next_token("the")) == 5
    scored = model.score("the good film").token_logprobs[-1]
    film = next(t for t in best if t.token == "film")
    assert math.log(film.probability) == pytest.approx(float(scored), abs=1e-4)
    for wrong in (0, 10, -1, 1.0, None):
        with pytest.raises(ArgumentError, match="top_k"):
            model.next_token("the", top_k=wrong)


def test_steps_of_a_language_model():
    model = small.language_model()
    greedy = model.generate("the", max_new_tokens=4)
    ids = [int(s.ids[0]) for s in model.decoder.steps(prefix=[[8]], max_new_tokens=4) if not s.finished[0]]
    assert ids == greedy.ids.tolist()
    with pytest.raises(ArgumentError, match="prompts of one length"):
        next(model.decoder.steps(prefix=[[8], [8, 2]]))


def test_without_a_start_token():
    model, with_start = small.language_model(start=None), small.language_model()
    with pytest.raises(ArgumentError, match=r"texts\[1\]: nothing to continue"):
        model(TEXTS)
    scores = model.score(TEXTS)
    assert [len(s.token_logprobs) for s in scores] == [2, 0, 3, 0, 2]
    first, second = model.score("the good").token_logprobs, with_start.score("the good").token_logprobs
    assert first.shape == (1,)
    assert second.shape == (2,)
    assert isinstance(model("the"), str)
