"""Recurrent layers against torch.nn on random weights and ragged batches, at every instruction set."""

import itertools

import numpy as np
import pytest
import torch

from fastseq._core import native

pytestmark = pytest.mark.torch

V, E, H, B = 60, 40, 35, 90


@pytest.mark.parametrize("isa", native.isas_available())
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", ["tanh", "relu", "gru", "lstm"])
def test_outputs_and_final_states(cell, layers, bidirectional, isa):
    torch.manual_seed(layers)
    rng = np.random.default_rng(layers)
    kind = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}.get(cell, torch.nn.RNN)
    more = {"nonlinearity": cell} if kind is torch.nn.RNN else {}
    network = kind(E, H, layers, batch_first=True, bidirectional=bidirectional, **more)
    table = rng.standard_normal((V, E)).astype(np.float32)
    tensors = {"e.weight": table} | {f"r.{k}": v.detach().numpy() for k, v in network.named_parameters()}
    blocks = [
        {"block": "embedding", "weights": "e", "vocabulary": V, "width": E},
        {
            "block": "rnn",
            "weights": "r",
            "cell": cell,
            "input": E,
            "hidden": H,
            "layers": layers,
            "bidirectional": bidirectional,
        },
    ]
    lengths = rng.integers(1, 40, B)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ids = rng.integers(0, V, offsets[-1]).astype(np.int32)
    rows, hidden, cells = native.Graph(blocks, tensors, isa=isa).forward(ids, offsets)

    texts = [torch.tensor(table[ids[a:b]]) for a, b in itertools.pairwise(offsets)]
    packed = torch.nn.utils.rnn.pack_sequence(texts, enforce_sorted=False)
    with torch.no_grad():
        out, final = network(packed)
    out, _ = torch.nn.utils.rnn.pad_packed_sequence(out, batch_first=True)
    want = np.concatenate([out[i, :n].numpy() for i, n in enumerate(lengths)])
    np.testing.assert_allclose(rows, want, atol=1e-5)
    finals = final if cell == "lstm" else (final,)
    for mine, theirs in zip((hidden, cells), finals, strict=False):
        flat = theirs.reshape(layers, -1, B, H).permute(2, 0, 1, 3).reshape(B, layers, -1).numpy()
        np.testing.assert_allclose(mine, flat, atol=1e-5)
