"""Filters and penalties beside transformers' logits processors, at the sizes of real vocabularies."""

import numpy as np
import pytest
import torch
from transformers.generation import logits_process as hf

from fastseq._core import native
from tests.decode.test_sampling import chosen, graph

pytestmark = pytest.mark.peers
V = 50_257
WARPERS = [
    ({"top_k": 50}, [hf.TopKLogitsWarper(50)]),
    ({"top_k": 10_000}, [hf.TopKLogitsWarper(10_000)]),
    ({"top_p": 0.9}, [hf.TopPLogitsWarper(0.9)]),
    ({"top_p": 0.3}, [hf.TopPLogitsWarper(0.3)]),
    ({"min_p": 0.05}, [hf.MinPLogitsWarper(0.05)]),
    ({"typical_p": 0.7}, [hf.TypicalLogitsWarper(0.7)]),
    (
        {"temperature": 0.7, "top_k": 40, "top_p": 0.95, "min_p": 0.01, "typical_p": 0.9},
        [
            hf.TemperatureLogitsWarper(0.7),
            hf.TopKLogitsWarper(40),
            hf.TopPLogitsWarper(0.95),
            hf.MinPLogitsWarper(0.01),
            hf.TypicalLogitsWarper(0.9),
        ],
    ),
]


@pytest.mark.parametrize(("options", "warpers"), WARPERS, ids=lambda x: str(x) if isinstance(x, dict) else "")
def test_filters(options, warpers):
    rng = np.random.default_rng(1)
    for spread in (1.0, 3.0):
        logits = rng.normal(0, spread, V).astype(np.float32)
        scores = torch.tensor(logits.astype(np.float64))[None]
        for warper in warpers:
            scores = warper(None, scores)
        wanted = torch.softmax(scores, -1)[0].numpy()
        sampling = native.Sampling(V, **{"temperature": 1.0, **options})
        places, shares = native.probe_filter(graph(), logits, sampling)
        kept = np.flatnonzero(wanted)
        assert len(np.setxor1d(places, kept)) <= 1  # the one at the border, where sums are rounded
        both = np.intersect1d(places, kept)
        np.testing.assert_allclose(shares[np.isin(places, both)], wanted[both], rtol=2e-3)


def test_penalties():
    rng = np.random.default_rng(2)
    prompt, answer = rng.integers(0, 60, 80).tolist(), rng.integers(0, 60, 40).tolist()
    ids = torch.tensor([[*prompt, *answer]])
    cases = [
        ({"repetition_penalty": 1.7}, [hf.RepetitionPenaltyLogitsProcessor(1.7)]),
        ({"no_repeat_ngram": 2}, [hf.NoRepeatNGramLogitsProcessor(2)]),
        ({"banned": [3, 4, 5]}, [hf.SuppressTokensLogitsProcessor([3, 4, 5], device="cpu")]),
        (
            {"bias": {7: 4.0, 9: -3.0}, "repetition_penalty": 1.3, "no_repeat_ngram": 3, "banned": [1]},
            [
                hf.SequenceBiasLogitsProcessor([[[7], 4.0], [[9], -3.0]]),
                hf.RepetitionPenaltyLogitsProcessor(1.3),
                hf.NoRepeatNGramLogitsProcessor(3),
                hf.SuppressTokensLogitsProcessor([1], device="cpu"),
            ],
        ),
    ]
    rows = rng.normal(0, 2, (200, 97)).astype(np.float32)
    for options, processors in cases:
        wanted = []
        for row in rows:
            scores = torch.tensor(row)[None].clone()
            for processor in processors:
                scores = processor(ids, scores)
            wanted.append(int(scores.argmax()))
        assert chosen(rows, prompt=prompt, answer=answer, **options)[0].tolist() == wanted
