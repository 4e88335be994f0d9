"""GGUF files of every family, written with the gguf package, beside `transformers`."""

from __future__ import annotations

import numpy as np
import pytest

import fastseq
from tests.formats.gguf_models import ARCHITECTURES, write
from tests.formats.huggingface_models import MODELS, logits, random
from tests.formats.recorded import VOCABULARY

pytestmark = pytest.mark.peers
IDS = np.random.default_rng(1).integers(3, VOCABULARY, 90).astype(np.int32)
UNKNOWN = ("opt", "opt post-norm", "gpt2 scaled", "qwen2 windows")
"""What GGUF files have no keys for."""


@pytest.mark.parametrize("name", [name for name in MODELS if name not in UNKNOWN])
def test_a_family(name, tmp_path):
    module = random(MODELS[name]())
    assert module.config.model_type in ARCHITECTURES
    if module.config.model_type == "gemma3_text":  # whose files do not say how scores are scaled
        for layer in module.model.layers:
            layer.self_attn.scaling = module.config.head_dim**-0.5
    write(module, tmp_path / "a.gguf")
    with fastseq.load(tmp_path / "a.gguf") as model:
        for length in (1, 17, 90):
            ids = IDS[:length]
            rows = model._graph_of_decoder.forward(ids, np.array([0, length]))[0]
            np.testing.assert_allclose(rows, logits(module, ids), rtol=0, atol=1e-4)
