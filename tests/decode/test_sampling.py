"""Choosing a token: filters and penalties beside plain NumPy, streams of random numbers, frequencies."""

import functools

import numpy as np
import pytest

from fastseq._core import native
from tests.nn.networks import Maker
from tests.reference import sampling as reference

V = 97


@functools.cache
def graph(vocabulary=V, isa=None):
    make = Maker(0)
    blocks = [
        make.embedding("e", vocabulary, 2),
        make.rnn("r", "gru", 2, 2),
        make.linear("h", 2, vocabulary),
    ]
    return native.Graph(blocks, make.tensors, isa=isa)


def chosen(logits, vocabulary=V, **options):
    context = {name: options.pop(name) for name in CONTEXT & options.keys()}
    return native.probe_choose(graph(vocabulary), logits, native.Sampling(vocabulary, **options), **context)


CONTEXT = {"prompt", "answer", "tokens", "mask", "seed", "stream"}


def test_philox_known_answers():
    """Of the authors' own test vectors."""
    assert native.probe_philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    most = 2**32 - 1
    assert native.probe_philox([most] * 4, [most] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    counter, key = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0]
    assert native.probe_philox(counter, key) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def test_streams_are_their_own():
    first = native.probe_random(7, 0, 4000)
    assert first.min() >= 0
    assert first.max() < 1
    assert abs(first.mean() - 0.5) < 0.02
    assert np.array_equal(first[:10], native.probe_random(7, 0, 10))
    for seed, stream in ((8, 0), (7, 1), (7 + 2**40, 0)):
        assert abs(np.corrcoef(first, native.probe_random(seed, stream, 4000))[0, 1]) < 0.06


FILTERS = [
    {"top_k": 1},
    {"top_k": 3},
    {"top_k": 40},
    {"top_k": 1000},
    {"top_p": 0.9},
    {"top_p": 0.05},
    {"top_p": 0.999},
    {"min_p": 0.1},
    {"min_p": 1.0},
    {"typical_p": 0.5},
    {"typical_p": 0.95},
    {"temperature": 0.3, "top_k": 20, "top_p": 0.8},
    {"temperature": 2.5, "top_p": 0.9, "min_p": 0.02},
    {"temperature": 1.5, "top_k": 50, "top_p": 0.95, "min_p": 0.05, "typical_p": 0.8},
]


@pytest.mark.parametrize("vocabulary", [5, 97, 3000])
@pytest.mark.parametrize("options", FILTERS, ids=str)
def test_filters(options, vocabulary):
    rng = np.random.default_rng(vocabulary)
    options = {"temperature": 1.0} | options
    for spread in (0.1, 2, 8):
        logits = rng.normal(0, spread, vocabulary).astype(np.float32)
        logits[rng.random(vocabulary) < 0.1] = -np.inf
        logits[0] = 0
        places, shares = native.probe_filter(graph(), logits, native.Sampling(vocabulary, **options))
        wanted = reference.filtered(logits, **options)
        assert places[shares > 0].tolist() == np.flatnonzero(wanted).tolist()
        np.testing.assert_allclose(shares[shares > 0], wanted[wanted > 0], rtol=2e-5)


@pytest.mark.parametrize("isa", native.isas_available())
def test_equal_logits_keep_the_lowest_ids(isa):
    for options in ({"top_k": 3}, {"top_k": 60}, {"top_p": 0.03}, {"typical_p": 0.03}):
        sampling = native.Sampling(V, temperature=1.0, **options)
        places, _ = native.probe_filter(graph(isa=isa), np.ones(V), sampling)
        assert places.tolist() == list(range(options.get("top_k", 3)))


def test_edits():
    rng = np.random.default_rng(3)
    prompt, answer = rng.integers(0, 12, 30), rng.integers(0, 12, 20)
    mask = rng.integers(0, 2**63, 2, np.uint64) | np.uint64(1 << 40)
    options = {
        "bias": {3: 2.5, 50: -1.0, 7: 100.0},
        "repetition_penalty": 1.3,
        "presence_penalty": 0.4,
        "frequency_penalty": 0.3,
        "no_repeat_ngram": 2,
        "banned": [7, 8],
    }
    rows = rng.normal(0, 3, (300, V)).astype(np.float32)
    groups = [{name: value} for name, value in options.items()] + [options, {"no_repeat_ngram": 1}]
    for group in groups:
        for context in ({}, {"mask": mask}):
            edited = np.array([reference.edited(row, prompt, answer, **group, **context) for row in rows])
            ids, logprobs = chosen(rows, prompt=prompt, answer=answer, **group, **context)
            assert ids.tolist() == edited.argmax(1).tolist()
            wanted = reference.log_softmax(rows)[np.arange(len(rows)), ids]  # as the model gives them
            np.testing.assert_allclose(logprobs, wanted, atol=1e-4)


def test_of_a_shortlist():
    rows = np.random.default_rng(4).normal(0, 3, (50, 9)).astype(np.float32)
    tokens = np.array([1, 4, 8, 9, 30, 31, 60, 80, 96], np.int32)
    whole = np.full((50, V), -np.inf, np.float32)
    whole[:, tokens] = rows
    options = {
        "bias": {30: 3.0, 33: 9.0},
        "banned": [80, 81],
        "repetition_penalty": 2.0,
        "prompt": [4, 9, 9, 33],
    }
    assert chosen(rows, tokens=tokens, **options)[0].tolist() == chosen(whole, **options)[0].tolist()
    drawn = chosen(rows, tokens=tokens, temperature=1.0, top_k=4, **options)[0]
    assert set(drawn) <= set(tokens.tolist()) - {80}
    ids, logprobs = chosen(rows[:2], tokens=tokens, forced=[9])
    assert ids.tolist() == [9, 9]
    np.testing.assert_allclose(logprobs, reference.log_softmax(rows[:2])[:, 3], atol=1e-5)
    assert chosen(rows[:1], tokens=tokens, forced=[2])[0] == [2]  # no candidate, and yet


def test_forced_tokens_come_first():
    rows = np.random.default_rng(5).normal(0, 1, (1, V)).astype(np.float32)
    options = {"forced": [5, 6], "banned": [5], "temperature": 1.0}
    assert chosen(rows, **options)[0] == [5]
    assert chosen(rows, answer=[5], **options)[0] == [6]
    free = chosen(rows, answer=[5, 6], **options)[0]
    assert free == chosen(rows, answer=[1, 2], banned=[5], temperature=1.0)[0]


@pytest.mark.parametrize("isa", native.isas_available())
def test_rows_that_are_not_numbers(isa):
    rows = np.zeros((4, V), np.float32)
    rows[0] = np.nan
    rows[1] = -np.inf
    rows[2, 3:6] = np.nan, np.inf, np.inf
    rows[3, 5] = np.nan
    for temperature in (0.0, 1.0):
        made = native.Sampling(V, temperature=temperature)
        ids, logprobs = native.probe_choose(graph(isa=isa), rows, made)
        assert ids[:2].tolist() == [-1, -1]
        assert ids[2] in (4, 5)
        assert ids[3] not in (-1, 5)
        assert np.isfinite(logprobs).all()


def test_frequencies():
    """Chance gives each token its probability."""
    rng = np.random.default_rng(6)
    row = rng.normal(0, 1.5, 8).astype(np.float32)
    count, made = 6000, native.Sampling(8, temperature=0.8)
    seen = np.zeros(8)
    for seed in range(count):
        ids, _ = native.probe_choose(graph(8), row[None], made, answer=[0] * (seed % 3), seed=seed // 3)
        seen[ids[0]] += 1
    share = np.exp(row / 0.8) / np.exp(row / 0.8).sum()
    assert ((seen - count * share) ** 2 / (count * share)).sum() < 24.3  # 0.1 % of chi-square with 7 degrees
