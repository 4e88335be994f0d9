"""The product of M rows with a prepared K x N weight matrix, beside onnxruntime and torch.

float32 against onnxruntime's MatMul; int8 against its dynamic quantization (what quantize_dynamic writes:
DynamicQuantizeLinear and MatMulInteger, which the session fuses); bfloat16 against torch. Rates are of
multiplications and additions. "limit" is the least time this machine allows in the same run: arithmetic at
the rate of independent chains in registers, or a plain read of the weights where they lie, whichever takes
longer; "of it" is our part of that limit. The fixed cost of a session's call, measured on a 1 x 1 product, is
taken off the peer's time. Weights stay where repeated calls leave them: in a cache, if they fit one.

--shapes KxN,... and --rows M,... choose cells; --dtypes float32,int8,bfloat16 choose tables.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bench import harness
from fastseq._core import native

F32 = NDArray[np.float32]
Call = Callable[[], F32]

SHAPES = "256x768,256x1024,256x1536,512x1536,512x2048,576x1536,1024x4096,512x32000"  # recurrent cells first
ROWS = "1,2,4,8,16,32,64,256"
DTYPES = "float32,int8,bfloat16"
TOLERANCE = {"float32": 1e-5, "int8": 3e-2, "bfloat16": 2e-2}  # of the largest element
LIMIT_STEPS = 20_000
CALL_SECONDS = 1e-3  # ours is repeated in C for about this long, so that the call from Python does not count
ROUND_SECONDS = 0.01


class Product:
    """One cell: the data, and our matrix."""

    def __init__(self, dtype: str, depth: int, columns: int, rows: int) -> None:
        random = np.random.default_rng(depth * columns + rows)
        self.dtype = dtype
        self.x = random.standard_normal((rows, depth), dtype=np.float32)
        self.w = random.standard_normal((columns, depth), dtype=np.float32) / np.float32(depth**0.5)
        self.y = np.empty((rows, columns), np.float32)
        self.flops = 2.0 * rows * depth * columns
        self.bytes = columns * depth * {"float32": 4, "bfloat16": 2, "int8": 1}[dtype]
        self.repeat = max(1, round(CALL_SECONDS / (self.flops / 100e9 + self.bytes / 20e9)))
        self.matrix = native.ProbeMatrix(self.w, dtype, repeat=self.repeat)

    def ours(self) -> F32:
        self.matrix.multiply(self.x, self.y, threads=native.get_num_threads())
        return self.y

    def check(self, other: Call) -> None:
        reference = self.x.astype(np.float64) @ self.w.T.astype(np.float64)
        limit = TOLERANCE[self.dtype] * np.abs(reference).max()
        for result in (self.ours(), other()):
            assert np.abs(result - reference).max() < limit


def onnx_model(w: F32, dtype: str) -> bytes:
    """X (M, K) -> y (M, N) = x w^T, with w (N, K) a constant; int8 as quantize_dynamic writes it."""
    import onnx
    from onnx import helper, numpy_helper

    number = onnx.TensorProto.FLOAT
    if dtype == "float32":
        nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
        weights = {"w": np.ascontiguousarray(w.T)}
    else:
        scale = np.abs(w).max(axis=1) / np.float32(127)
        nodes = [
            helper.make_node("DynamicQuantizeLinear", ["x"], ["xq", "x_scale", "x_zero"]),
            helper.make_node("MatMulInteger", ["xq", "w", "x_zero", "w_zero"], ["sums"]),
            helper.make_node("Cast", ["sums"], ["floats"], to=number),
            helper.make_node("Mul", ["x_scale", "w_scale"], ["scale"]),
            helper.make_node("Mul", ["floats", "scale"], ["y"]),
        ]
        quantized = np.rint(w / scale[:, None]).astype(np.int8)
        weights = {
            "w": np.ascontiguousarray(quantized.T),
            "w_zero": np.zeros(len(w), np.int8),
            "w_scale": scale,
        }
    graph = helper.make_graph(
        nodes,
        "product",
        [helper.make_tensor_value_info("x", number, ["M", w.shape[1]])],
        [helper.make_tensor_value_info("y", number, ["M", len(w)])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def onnxruntime_product(x: F32, w: F32, dtype: str) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = native.get_num_threads()
    session = onnxruntime.InferenceSession(onnx_model(w, dtype), options, ["CPUExecutionProvider"])
    y = np.empty((len(x), len(w)), np.float32)
    binding = session.io_binding()
    binding.bind_input("x", "cpu", 0, np.float32, x.shape, x.ctypes.data)
    binding.bind_output("y", "cpu", 0, np.float32, y.shape, y.ctypes.data)

    def call() -> F32:
        session.run_with_iobinding(binding)
        return y

    call.keep = x  # type: ignore[attr-defined]
    return call


def torch_product(x: F32, w: F32, dtype: str) -> Call:
    import torch

    torch.set_num_threads(native.get_num_threads())
    bf16_x, bf16_w = torch.from_numpy(x).bfloat16(), torch.from_numpy(w).bfloat16()

    def call() -> F32:
        with torch.inference_mode():
            result: F32 = torch.nn.functional.linear(bf16_x, bf16_w).float().numpy()
        return result

    return call


def cell(table: harness.Table, product: Product, options: harness.Options) -> None:
    """Times one product, the peer and the machine's limits in turn, and adds the row."""
    peer, make = "onnxruntime", onnxruntime_product
    if product.dtype == "bfloat16":
        peer, make = "torch", torch_product
    arithmetic = "int8" if product.dtype == "int8" else "float32"
    theirs = make(product.x, product.w, product.dtype)
    product.check(theirs)
    one = np.ones((1, 1), np.float32)
    times = harness.compare(
        {
            "fastseq": product.ours,
            peer: theirs,
            "call": make(one, one, product.dtype),
            "arithmetic": lambda: native.probe_limit_arithmetic(arithmetic, LIMIT_STEPS),
            "read": product.matrix.read,
        },
        options=options,
        seconds=ROUND_SECONDS,
    )
    ours = [seconds / product.repeat for seconds in times.rounds["fastseq"]]
    call = times.median("call")
    less_call = [max(seconds - call, seconds / 10) for seconds in times.rounds[peer]]
    multiply_adds = native.probe_limit_arithmetic(arithmetic, LIMIT_STEPS)
    at_peak = product.flops / 2 * times.median("arithmetic") / multiply_adds
    reading = times.median("read") / product.repeat
    giga = product.flops / 1e9
    table.add(
        f"{product.w.shape[1]} x {product.w.shape[0]}, {len(product.x)} rows",
        harness.Timings({"fastseq": ours, peer: less_call}),
        work=giga,
        peak=giga / at_peak,
        reading=giga / reading,
        **{"of it": f"{max(at_peak, reading) / harness.Timings({'ours': ours}).median('ours'):.0%}"},
    )


def run(options: harness.Options) -> Iterator[harness.Table]:
    extra = options.extra
    shapes = [tuple(map(int, shape.split("x"))) for shape in extra.shapes.split(",")]
    rows = list(map(int, extra.rows.split(",")))
    if options.smoke:
        shapes, rows = [(64, 96)], [1, 5]
    for dtype in extra.dtypes.split(","):
        table = harness.Table(f"Matrix product, {dtype}", rate="Gop/s")
        for depth, columns in shapes:
            for count in rows:
                cell(table, Product(dtype, depth, columns, count), options)
        yield table


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shapes", default=SHAPES, help="KxN, ...")
    parser.add_argument("--rows", default=ROWS, help="M, ...")
    parser.add_argument("--dtypes", default=DTYPES, help="of float32, int8, bfloat16")


if __name__ == "__main__":
    harness.main(run, __doc__, arguments)
