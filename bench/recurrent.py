"""Recurrent layers: LSTM and GRU over whole sequences, beside torch and onnxruntime.

One layer, input as wide as the state, 50 steps, in float32, bfloat16 and int8 (weights and activations, the
latter quantized as they come, on every side). Ours looks its input rows up in an embedding too large for a
table; the others are handed them. "of limit" is our part of what the machine allows in the same run: the
products at the rate of independent chains in registers, or a plain read of the state's matrix for every step
of every group of rows, whichever takes longer. Gates, quantization and look-ups are not in it.
"""

from __future__ import annotations

import copy
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench import harness

STEPS = 50
VOCABULARY = 9000  # an embedding of so many rows is past what becomes a table
GATES = {"lstm": 4, "gru": 3}
GROUP = 64  # rows that go through the state's matrix together
LIMIT_STEPS = 20_000
PEERS = ("fastseq", "torch", "onnxruntime")
TOLERANCE = {"float32": 1e-5, "bfloat16": 0.05, "int8": 0.1}


def network(cell: str, hidden: int) -> tuple[Any, np.ndarray]:
    """A torch layer and the rows (V, H) of an embedding."""
    import torch

    torch.manual_seed(hidden)
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](hidden, hidden, batch_first=True).eval()
    table = np.random.default_rng(hidden).standard_normal((VOCABULARY, hidden)).astype(np.float32)
    return layer, table


def ours(
    layer: Any, table: np.ndarray, cell: str, hidden: int, dtype: str, ids: np.ndarray
) -> Callable[[], np.ndarray]:
    from fastseq._core import native

    tensors = {"e.weight": table} | {
        f"r.{name}": value.detach().numpy() for name, value in layer.named_parameters()
    }
    graph = native.Graph(
        [
            {"block": "embedding", "weights": "e", "vocabulary": VOCABULARY, "width": hidden},
            {"block": "rnn", "weights": "r", "cell": cell, "input": hidden, "hidden": hidden},
        ],
        tensors,
        dtype=dtype,
    )
    flat, offsets = ids.ravel(), np.arange(len(ids) + 1) * STEPS
    return lambda: graph.forward(flat, offsets)[0]


def torch_side(layer: Any, x: np.ndarray, dtype: str) -> Callable[[], np.ndarray]:
    import torch

    rows = torch.tensor(x)
    if dtype == "bfloat16":
        layer, rows = copy.deepcopy(layer).to(torch.bfloat16), rows.to(torch.bfloat16)
    if dtype == "int8":
        with warnings.catch_warnings():  # deprecated, and still the int8 that torch has for recurrent layers
            warnings.simplefilter("ignore")
            layer = torch.ao.quantization.quantize_dynamic(
                copy.deepcopy(layer), {type(layer)}, dtype=torch.qint8
            )

    def run() -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(layer(rows)[0].float().reshape(-1, x.shape[-1]))

    return run


def onnx_side(
    layer: Any, cell: str, x: np.ndarray, dtype: str, threads: int
) -> Callable[[], np.ndarray] | None:
    """Onnxruntime's LSTM or GRU; it has no bfloat16, and int8 for LSTM alone."""
    import onnxruntime

    if dtype == "bfloat16" or (dtype == "int8" and cell == "gru"):
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "layer.onnx")
        _write_onnx(layer, cell, x.shape[-1], path)
        if dtype == "int8":
            from onnxruntime.quantization import quantize_dynamic

            logging.getLogger().setLevel(
                logging.ERROR
            )  # it suggests pre-processing that a single operator needs not
            quantize_dynamic(path, Path(folder, "int8.onnx"), op_types_to_quantize=["LSTM"])
            path = Path(folder, "int8.onnx")
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {"x": np.ascontiguousarray(x.transpose(1, 0, 2))}
    return lambda: session.run(["y"], feed)[0][:, 0].transpose(1, 0, 2).reshape(-1, x.shape[-1])


def _write_onnx(layer: Any, cell: str, hidden: int, path: Path) -> None:
    """The layer as one ONNX operator. Gate orders: LSTM i, o, f, c; GRU z, r, h."""
    import onnx
    from onnx import helper, numpy_helper

    order = {"lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}[cell]

    def gates(value: Any) -> np.ndarray:
        array = value.detach().numpy().reshape(GATES[cell], hidden, -1)[order]
        return np.ascontiguousarray(array.reshape(GATES[cell] * hidden, -1))

    w, r, bw, br = (
        gates(getattr(layer, name)) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    )
    weights = {"w": w[None], "r": r[None], "b": np.concatenate([bw, br])[None, :, 0]}
    more = {"linear_before_reset": 1} if cell == "gru" else {}
    node = helper.make_node(cell.upper(), ["x", "w", "r", "b"], ["y"], hidden_size=hidden, **more)
    floats = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "layer",
        [helper.make_tensor_value_info("x", floats, ["T", "B", hidden])],
        [helper.make_tensor_value_info("y", floats, ["T", 1, "B", hidden])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)


def limit(
    cell: str, hidden: int, dtype: str
) -> tuple[Callable[[], object], Callable[[], object], float, int]:
    """Two calls to time, arithmetic and one read of the state's matrix; multiply-adds and reads of a call."""
    from fastseq._core import native

    kind = "int8" if dtype == "int8" else "float32"
    w = np.ones((GATES[cell] * hidden, hidden), np.float32)
    reads = 20
    matrix = native.ProbeMatrix(w, dtype, repeat=reads)
    multiply_adds = native.probe_limit_arithmetic(kind, LIMIT_STEPS)
    return lambda: native.probe_limit_arithmetic(kind, LIMIT_STEPS), matrix.read, multiply_adds, reads


def run(options: harness.Options) -> Iterator[harness.Table]:
    import torch

    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    for dtype in TOLERANCE:
        table = harness.Table(f"LSTM and GRU, {STEPS} steps, {dtype}", rate="steps/s")
        for cell in GATES:
            for hidden in (256,) if options.smoke else (256, 512):
                layer, rows = network(cell, hidden)
                for batch in (1, 3) if options.smoke else (1, 32, 256):
                    ids = rng.integers(0, VOCABULARY, (batch, STEPS)).astype(np.int32)
                    x = rows[ids]
                    sides = {
                        "fastseq": ours(layer, rows, cell, hidden, dtype, ids),
                        "torch": torch_side(layer, x, dtype),
                        "onnxruntime": onnx_side(layer, cell, x, dtype, options.threads),
                    }

                    def same(mine: np.ndarray, theirs: object, most: float = TOLERANCE[dtype]) -> None:
                        if isinstance(theirs, np.ndarray):  # a limit's probe has no output
                            worst = float(np.abs(mine - theirs).max())
                            assert worst < most, f"outputs differ by {worst}"

                    arithmetic, read, multiply_adds, reads = limit(cell, hidden, dtype)
                    sides |= {"arithmetic": arithmetic, "read": read}
                    times = harness.compare({k: v for k, v in sides.items() if v}, same=same, options=options)
                    products = 2 * GATES[cell] * hidden * hidden * STEPS * batch
                    at_peak = times.median("arithmetic") * products / multiply_adds
                    reading = times.median("read") / reads * STEPS * -(-batch // GROUP)
                    part = max(at_peak, reading) / times.median("fastseq")
                    rates = harness.Timings({k: times.rounds[k] for k in times.rounds if k in PEERS})
                    table.add(
                        f"{cell} {hidden}, batch {batch}",
                        rates,
                        work=STEPS * batch,
                        **{"of limit": f"{part:.0%}"},
                    )
        yield table


if __name__ == "__main__":
    harness.main(run, __doc__)
