"""Row kernels: functions, recurrent cells, distributions and quantization, beside torch and NumPy.

    python -m bench.elementwise

Every side works on the same rows in cache. torch and NumPy take ROWS rows in one call; ours is called for
one row after another, as the recurrent layers do, without Python in between. The last columns are
nanoseconds a row at each instruction set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench import harness
from fastseq._core.native import Kernels, isas_available

ROWS = 64
Array = np.ndarray
Call = Callable[[Kernels], Any]
Case = tuple[str, dict[str, Callable[[], Any]], Call]  # label, peers, ours


def isas() -> list[str]:
    """Instruction sets that have row kernels of their own (avx512_vnni has those of avx512)."""
    return [isa for isa in isas_available() if isa not in ("avx512_vnni", "neon_dotprod")]


def nanoseconds(call: Call, options: harness.Options, repeat: int) -> dict[str, str | float]:
    """Of one row at each instruction set."""
    found: dict[str, str | float] = {}
    for isa in isas():
        k = Kernels(isa, repeat=1 if options.smoke else repeat)
        times = harness.compare({isa: lambda k=k: call(k)}, options=options, rounds=5, seconds=0.02)
        found[f"{isa} ns"] = times.minimum(isa) / k.repeat * 1e9
    return found


def close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=2e-5, atol=2e-6)


def equal(ours: Any, theirs: Any) -> None:
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def row_of(values: Any) -> Any:
    """The first of the rows that a peer did at once."""
    return np.asarray(values)[0]


def functions(options: harness.Options, n: int) -> Iterator[Case]:
    import torch

    x = np.random.default_rng(0).standard_normal(n).astype(np.float32) * 3
    many = torch.from_numpy(np.tile(x, (ROWS, 1)))
    out = np.empty_like(x)
    truths = {"exp": np.exp, "tanh": np.tanh, "sigmoid": lambda a: 1 / (1 + np.exp(-a))}
    for name in ("exp", "sigmoid", "tanh"):

        def ours(k: Kernels, name: str = name) -> Array:
            getattr(k, f"{name}_f32")(x, out)
            return out

        yield (
            f"{name}, {n}",
            {
                "torch": lambda name=name: row_of(getattr(torch, name)(many)),
                "numpy": lambda name=name: row_of(truths[name](many.numpy())),
            },
            ours,
        )


def cells(options: harness.Options, n: int) -> Iterator[Case]:
    """From the same state every time, so that all sides do the same work."""
    import torch

    rng = np.random.default_rng(1)
    x, part = (rng.standard_normal(4 * n).astype(np.float32) for _ in range(2))
    state = rng.standard_normal(n).astype(np.float32)
    c, h = state.copy(), state.copy()
    many_x, many_part, many = (torch.from_numpy(np.tile(a, (ROWS, 1))) for a in (x, part, state))

    def lstm(k: Kernels) -> Array:
        c[:] = h[:] = state
        k.lstm_f32(x, part, c, h)
        return h

    def torch_lstm() -> Any:
        i, f, g, o = (many_x + many_part).chunk(4, 1)
        return row_of(
            torch.sigmoid(o) * torch.tanh(torch.sigmoid(f) * many + torch.sigmoid(i) * torch.tanh(g))
        )

    def gru(k: Kernels) -> Array:
        h[:] = state
        k.gru_f32(x[: 3 * n], part[: 3 * n], h)
        return h

    def torch_gru() -> Any:
        x_r, x_z, x_n, _ = many_x.chunk(4, 1)
        h_r, h_z, h_n, _ = many_part.chunk(4, 1)
        z = torch.sigmoid(x_z + h_z)
        return row_of((1 - z) * torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n) + z * many)

    yield f"LSTM cell, {n}", {"torch": torch_lstm}, lstm
    yield f"GRU cell, {n}", {"torch": torch_gru}, gru


def distributions(options: harness.Options, n: int) -> Iterator[Case]:
    import torch

    x = np.random.default_rng(2).standard_normal(n).astype(np.float32)
    one, out = torch.from_numpy(x), np.empty_like(x)

    def log_softmax(k: Kernels) -> Array:
        k.log_softmax_f32(x, out)
        return out

    yield f"log_softmax, {n}", {"torch": lambda: torch.log_softmax(one, 0)}, log_softmax
    yield (
        f"argmax, {n}",
        {"torch": lambda: int(torch.argmax(one)), "numpy": lambda: int(np.argmax(x))},
        lambda k: k.argmax_f32(x),
    )
    for count in (5, 64, 1024):
        if count > n:
            continue
        index, value = np.empty(count, np.int32), np.empty(count, np.float32)

        def top_k(k: Kernels, index: Array = index, value: Array = value) -> Array:
            k.top_k_f32(x, index, value)
            return value

        yield f"top {count} of {n}", {"torch": lambda count=count: torch.topk(one, count).values}, top_k


def quantization(options: harness.Options, n: int) -> Iterator[Case]:
    x = np.random.default_rng(3).standard_normal(n).astype(np.float32)
    many, out = np.tile(x, (ROWS, 1)), np.empty(n, np.uint8)

    def ours(k: Kernels) -> Array:
        k.quantize_u8(x, out)
        return out

    def numpy() -> Array:
        top = np.abs(many).max(1, keepdims=True)
        return (np.rint(many * (np.float32(127) / top)) + 128).astype(np.uint8)[0]

    yield f"quantize_u8, {n}", {"numpy": numpy}, ours


def run(options: harness.Options) -> Iterator[harness.Table]:
    parts = (
        ("Functions", functions, (256, 512), ROWS, close),
        ("Recurrent cells", cells, (256, 512), ROWS, close),
        ("Distributions", distributions, (74,) if options.smoke else (74, 32_000, 250_000), 1, close),
        ("Quantization", quantization, (256, 512), ROWS, equal),
    )
    for title, cases, lengths, rows, same in parts:
        table = harness.Table(f"{title}, one row", rate="rows/s")
        for n in lengths:
            for label, peers, ours in cases(options, n):
                k = Kernels(repeat=rows)
                sides = {"fastseq": lambda ours=ours, k=k: ours(k), **peers}
                if (
                    "cell" in label
                ):  # a repeated cell moves on from the state it wrote: the first step is compared
                    close(ours(Kernels()), next(iter(peers.values()))())
                    times = harness.compare(sides, options=options)
                else:
                    times = harness.compare(sides, same=same, options=options)
                table.add(label, times, work=rows, **nanoseconds(ours, options, max(rows, 100_000 // n)))
        yield table


if __name__ == "__main__":
    harness.main(run, __doc__)
