"""Hugging Face folders of every family, beside `transformers`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import fastseq
from tests.formats.huggingface_models import MODELS, folder, logits
from tests.formats.recorded import IDS, VOCABULARY

pytestmark = pytest.mark.peers
TOLERANCE = 1e-4
TOKENS = 64
LONG = np.random.default_rng(1).integers(3, VOCABULARY, 90).astype(np.int32)


def rows(model, ids):
    """Logits (T, V)."""
    return model._graph_of_decoder.forward(ids, np.array([0, len(ids)]))[0]


def check_logits(model, module, lengths=(1, 17, 90)):
    for length in lengths:
        np.testing.assert_allclose(
            rows(model, LONG[:length]), logits(module, LONG[:length]), rtol=0, atol=TOLERANCE
        )


def continued(module, ids):
    tokens = torch.from_numpy(ids[None].astype(np.int64))
    options = {"max_new_tokens": TOKENS, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    return module.generate(tokens, attention_mask=torch.ones_like(tokens), **options)[0, len(ids) :].numpy()


@pytest.mark.parametrize("name", MODELS)
def test_a_family(name, tmp_path):
    """Logits within 1e-4 at lengths 1, 17 and past the window; 64 tokens of greedy search are the same."""
    module = folder(name, tmp_path)
    with fastseq.load(tmp_path) as model:
        assert model.dtype == "float32"
        check_logits(model, module)
        for prompt in (IDS[:17], IDS[:1]):
            model.decoder.stop = ()
            [made] = model.generate_ids([prompt], max_new_tokens=TOKENS)
            np.testing.assert_array_equal(made.ids, continued(module, prompt))


@pytest.mark.parametrize("name", ["llama 3", "phi3", "gemma3", "gpt2"])
def test_bfloat16_and_shards(name, tmp_path):
    module = folder(name, tmp_path, torch.bfloat16, "30KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    with fastseq.load(tmp_path, dtype="float32") as model:
        check_logits(model, module)
    with fastseq.load(tmp_path) as model:
        assert model.dtype == "bfloat16"
        near(model, module, 0.2)
    with fastseq.load(tmp_path, dtype="int8") as model:
        near(model, module, 0.5)


def near(model, module, apart):
    assert np.abs(rows(model, LONG[:17]) - logits(module, LONG[:17])).mean() < apart
