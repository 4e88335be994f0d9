"""The blocks beside modules of `transformers`, with random weights."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch

from fastseq._core import native
from fastseq.models.blocks import block_dict
from fastseq.models.widths import follow
from tests.nn.transformers_models import MODELS, Blocks, Made, V

pytestmark = pytest.mark.peers
TOLERANCE = 1e-4
LENGTHS = (1, 17, 80, 3, 40)


def graph(blocks: Blocks, made: Made, isa: str) -> native.Graph:
    return native.Graph([block_dict(block) for block in blocks], made.tensors, isa=isa)


@cache
def model(name: str) -> Made:
    return MODELS[name]()


def ragged(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(2, V - 1, sum(LENGTHS)).astype(np.int32), np.cumsum([0, *LENGTHS])


def one(ids: np.ndarray) -> torch.Tensor:
    return torch.tensor(ids[None].astype(np.int64))


def fed(
    decoder: native.Graph, memory: native.Memory | None, ids: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    """Log-probabilities of the last tokens, the others fed at once."""
    stepper = decoder.stepper(memory, len(offsets) - 1)
    stepper.feed(np.delete(ids, offsets[1:] - 1), offsets - np.arange(len(offsets)))
    return stepper.step(ids[offsets[1:] - 1])


def close(got: np.ndarray, wanted: torch.Tensor) -> None:
    np.testing.assert_allclose(got, wanted.numpy(), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("isa", native.isas_available())
@pytest.mark.parametrize("name", MODELS)
@torch.no_grad()
def test_the_same_numbers(name: str, isa: str) -> None:
    made = model(name)
    ids, offsets = ragged(0)
    width = follow(tuple(made.encoder), "encoder", None) if made.encoder else (0, None)
    if made.decoder:
        follow(tuple(made.decoder), "decoder", width)
    rows, memory = None, None
    if made.encoder:
        rows = graph(made.encoder, made, isa).forward(ids, offsets)[0]
        memory = native.Memory(rows, offsets, None, None)
    given, starts = ragged(1)
    decoder = graph(made.decoder, made, isa) if made.decoder else None
    last = fed(decoder, memory, given, starts) if decoder else None
    whole = decoder.forward(given, starts)[0] if decoder and memory is None else None
    for i, ((first, end), (begin, stop)) in enumerate(zip(pairwise(offsets), pairwise(starts), strict=True)):
        if rows is not None and decoder is not None:
            out = made.module(input_ids=one(ids[first:end]), decoder_input_ids=one(given[begin:stop]))
            close(rows[first:end], out.encoder_last_hidden_state[0])
        elif rows is not None:
            close(rows[first:end], made.module(input_ids=one(ids[first:end])).last_hidden_state[0])
        else:
            out = made.module(input_ids=one(given[begin:stop]))
            close(whole[begin:stop], out.logits[0])
        if last is not None:
            close(last[i], torch.log_softmax(out.logits[0, -1], -1))


@pytest.mark.parametrize("name", [name for name in MODELS if name != "bert"])
@torch.no_grad()
def test_greedy_is_the_same(name: str) -> None:
    made = model(name)
    ids, offsets = ragged(2)
    isa = native.isa_chosen()
    memory = None
    prompts = (ids, offsets)
    options = {
        "max_new_tokens": 9,
        "do_sample": False,
        "num_beams": 1,
        "eos_token_id": None,
        "pad_token_id": 0,
    }
    if made.encoder:
        memory = native.Memory(graph(made.encoder, made, isa).forward(ids, offsets)[0], offsets, None, None)
        start = made.module.config.decoder_start_token_id
        prompts = np.full(len(LENGTHS), start, np.int32), np.arange(len(LENGTHS) + 1)
    decoded = graph(made.decoder, made, isa).decode(memory, prompts, stop=[], max_new_tokens=9, rows=2)
    made.module.generation_config.eos_token_id = None
    for i, (first, end) in enumerate(pairwise(offsets)):
        tokens = one(ids[first:end])
        wanted = made.module.generate(tokens, attention_mask=torch.ones_like(tokens), **options)[0, -9:]
        np.testing.assert_array_equal(decoded.ids[9 * i : 9 * i + 9], wanted.numpy())
