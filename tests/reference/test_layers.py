"""The NumPy truth against torch.nn, the one implementation everybody trusts."""

import numpy as np
import pytest
import torch

from tests.reference import layers as ref

pytestmark = pytest.mark.torch

MODULES = {"tanh": torch.nn.RNN, "relu": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


@pytest.mark.parametrize("cell", MODULES)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_rnn_equals_torch(cell, bidirectional, layers, bias):
    torch.manual_seed(1)
    more = {"nonlinearity": cell} if cell in ("tanh", "relu") else {}
    module = MODULES[cell](5, 4, layers, bidirectional=bidirectional, bias=bias, **more).double()
    weights = {f"r.{name}": array.detach().numpy() for name, array in module.state_dict().items()}
    block = {"weights": "r", "cell": cell, "hidden": 4, "layers": layers, "bidirectional": bidirectional}
    x = torch.randn(6, 5, dtype=torch.float64)
    rows, final = ref.rnn(block, weights, x.numpy())
    theirs, state = module(x)
    np.testing.assert_allclose(rows, theirs.detach().numpy(), atol=1e-12)
    hidden, cells = state if cell == "lstm" else (state, None)
    directions = 2 if bidirectional else 1
    np.testing.assert_allclose(
        np.stack([h for h, _ in final]), hidden.detach().numpy().reshape(layers, directions * 4), atol=1e-12
    )
    if cells is not None:
        np.testing.assert_allclose(
            np.stack([c for _, c in final]),
            cells.detach().numpy().reshape(layers, directions * 4),
            atol=1e-12,
        )


def test_gru_before_and_after_differ_only_in_the_reset():
    rng = np.random.default_rng(0)
    weights = {"r.weight_ih_l0": rng.normal(size=(6, 3)), "r.weight_hh_l0": rng.normal(size=(6, 2))}
    x, h = rng.normal(size=3), np.array([0.5, -0.25])
    r, z = np.split(ref.sigmoid((weights["r.weight_ih_l0"] @ x + weights["r.weight_hh_l0"] @ h)[:4]), 2)
    for reset, inside in (
        ("after", r * (weights["r.weight_hh_l0"][4:] @ h)),
        ("before", weights["r.weight_hh_l0"][4:] @ (r * h)),
    ):
        block = {"weights": "r", "cell": "gru", "hidden": 2, "reset": reset}
        new = np.tanh(weights["r.weight_ih_l0"][4:] @ x + inside)
        got, _ = ref.cell(block, weights, "l0", x, h, None)
        np.testing.assert_allclose(got, (1 - z) * new + z * h)
