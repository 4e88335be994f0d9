"""Where the time of a translation goes: each kind of kernel alone, as often as a run calls it.

    python -m bench.profile_translate [--smoke]

The model is that of bench.translate, 1,000 sentences. "ms" is a kernel's time alone times its calls,
"share" its part of the whole call's time. "of peak" is what the machine's arithmetic would need, or
reading the weights where that takes longer, over what the kernel takes. What is in no row is the rest:
residual sums, looking up embeddings, moving rows, results.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import fastseq
from bench import harness, translate
from fastseq._core import native
from fastseq.models.blocks import CrossAttention, FeedForward, Linear, Rnn, SelfAttention

GROUP = 64  # sentences that a thread encodes, and rows that it decodes, at once
STEPS = 20_000
ROUNDS = 5


class Run(NamedTuple):
    """What a translation amounts to."""

    sentences: int
    source: int  # tokens
    target: int
    passes: int  # of the decoder
    candidates: int  # tokens of a mean shortlist


class Kernel(NamedTuple):
    """One kind of call: seconds of one, how many, and what the machine would need for one."""

    label: str
    seconds: float
    calls: float
    least: float


def timed(call: Callable[[], object], repeat: int) -> float:
    """Seconds of one of the `repeat` that a call is: the median of several."""
    call()
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        call()
        times.append((time.perf_counter() - begun) / repeat)
    return statistics.median(times)


class Machine:
    """Its limits, measured anew for each kernel."""

    @staticmethod
    def multiply_adds(dtype: str) -> float:
        """A second."""
        done = native.probe_limit_arithmetic(dtype, STEPS)
        return done / timed(lambda: native.probe_limit_arithmetic(dtype, STEPS), 1)


def product(label: str, inputs: int, outputs: int, rows: int, calls: float) -> Kernel:
    """int8 weights by float32 rows, their quantization included."""
    rng = np.random.default_rng(inputs + outputs)
    work = rows * inputs * outputs
    repeat = max(1, int(2e8 / work))
    w = rng.integers(-127, 128, (outputs, inputs), np.int8)
    scale = np.full(outputs, 0.01, np.float32)
    matrix = native.ProbeMatrix(w, "int8", scale=scale, multiplier=20.0, repeat=repeat)
    x = rng.standard_normal((rows, inputs), np.float32)
    y = np.empty((rows, outputs), np.float32)
    seconds = timed(lambda: matrix.multiply(x, y), repeat)
    least = max(work / Machine.multiply_adds("int8"), timed(matrix.read, repeat))
    return Kernel(f"{label}: {inputs} x {outputs}, {rows} rows", seconds, calls, least)


def chosen(inputs: int, outputs: int, run: Run) -> Kernel:
    """The head: one row by the columns of a shortlist."""
    rng = np.random.default_rng(1)
    repeat = 200
    w = rng.integers(-127, 128, (outputs, inputs), np.int8)
    ones = np.ones(outputs, np.float32)
    x = rng.integers(1, 255, inputs).astype(np.uint8)
    rows = np.sort(rng.choice(outputs, run.candidates, replace=False)).astype(np.int32)
    kernels = native.Kernels(repeat=repeat)
    plain = native.Kernels()
    seconds = (
        timed(lambda: kernels.dots_s8(x, 1.0, w, ones, ones, rows), 1)
        - timed(lambda: plain.dots_s8(x, 1.0, w, ones, ones, rows), 1)
    ) / (repeat - 1)
    part = native.ProbeMatrix(w[rows], "int8", scale=ones[rows], repeat=repeat)
    least = max(run.candidates * inputs / Machine.multiply_adds("int8"), timed(part.read, repeat))
    return Kernel(f"head: {inputs} by {run.candidates} chosen columns", seconds, run.target, least)


def attention(label: str, heads: int, width: int, queries: int, keys: int, calls: float) -> Kernel:
    """Scores, softmax and weighted sums of one sentence."""
    rng = np.random.default_rng(2)
    repeat = 500
    q, k, v = (rng.standard_normal((n, heads, width // heads), np.float32) for n in (queries, keys, keys))
    kernels, plain = native.Kernels(repeat=repeat), native.Kernels()
    seconds = (
        timed(lambda: kernels.attend_f32(q, k, v), 1) - timed(lambda: plain.attend_f32(q, k, v), 1)
    ) / (repeat - 1)
    least = 2 * queries * keys * width / Machine.multiply_adds("float32")
    return Kernel(f"{label}: {queries} queries, {keys} keys", seconds, calls, least)


def rowwise(label: str, width: int, calls: float, make: Callable[[int], Callable[[], object]]) -> Kernel:
    """Work of one row after another, timed as one long row; its peak is not known."""
    rows = 64
    return Kernel(f"{label}: rows of {width}", timed(make(rows * width), 1) / rows, calls, 0.0)


def of_encoder(block: Any, run: Run) -> Iterator[Kernel]:
    rows = round(run.source / -(-run.sentences // GROUP))
    calls = run.source / rows
    mean = round(run.source / run.sentences)
    if isinstance(block, SelfAttention):
        yield product("queries, keys, values", block.width, 3 * block.width, rows, calls)
        yield product("attention's output", block.width, block.width, rows, calls)
        yield attention("attention", block.heads, block.width, mean, mean, run.sentences)
    elif isinstance(block, FeedForward):
        yield product("feed-forward", block.width, block.inner, rows, calls)
        yield product("feed-forward", block.inner, block.width, rows, calls)


def of_decoder(block: Any, run: Run) -> Iterator[Kernel]:
    rows = max(1, round(run.target / run.passes))
    encoded = round(run.source / -(-run.sentences // GROUP))
    if isinstance(block, Rnn):
        yield product("gates", block.input, 2 * block.hidden, rows, run.passes)
    elif isinstance(block, CrossAttention):
        yield product("keys, values", block.memory, 2 * block.width, encoded, run.source / encoded)
        yield product("queries", block.width, block.width, rows, run.passes)
        yield product("attention's output", block.width, block.width, rows, run.passes)
        yield attention(
            "attention", block.heads, block.width, 1, round(run.source / run.sentences), run.target
        )
    elif isinstance(block, FeedForward):
        yield product("feed-forward", block.width, block.inner, rows, run.passes)
        yield product("feed-forward", block.inner, block.width, rows, run.passes)
    elif isinstance(block, Linear):
        yield chosen(block.input, block.output, run)


def other(model: Any, run: Run) -> Iterator[Kernel]:
    """Norms and cells."""
    width = next(block.width for block in model.spec.encoder if isinstance(block, SelfAttention))
    rng, kernels = np.random.default_rng(3), native.Kernels()

    def norm(size: int) -> Callable[[], object]:
        x, y, gain = rng.standard_normal((3, size)).astype(np.float32)
        return lambda: kernels.layer_norm_f32(x, y, gain, gain, 1e-6, y)

    def cell(size: int) -> Callable[[], object]:
        gates, (c, h) = rng.standard_normal(2 * size).astype(np.float32), np.zeros((2, size), np.float32)
        return lambda: kernels.ssru_f32(gates, c, h)

    norms = sum(run.source for one in model.spec.encoder if getattr(one, "norm", "none") != "none")
    norms += sum(run.target for one in model.spec.decoder if getattr(one, "norm", "none") != "none")
    yield rowwise("norms", width, norms, norm)
    cells = sum(run.target for one in model.spec.decoder if isinstance(one, Rnn))
    yield rowwise("cells", width, cells, cell)


def facts_of(model: Any, texts: list[str]) -> Run:
    batch = model.tokenizer.encode_batch(texts)
    lists = [np.asarray(model._weights[f"shortlist.{one}"]) for one in ("offsets", "tokens", "first")]
    offsets, tokens, first = lists[0], lists[1], int(lists[2][0])
    sizes = [
        len(
            np.unique(
                np.concatenate([np.arange(first), ids, *(tokens[offsets[i] : offsets[i + 1]] for i in ids)])
            )
        )
        for ids in list(batch)[::10]
    ]
    outputs = model.generate(texts)
    target = sum(len(one.ids) + 1 for one in outputs)
    passes = round(target / (0.9 * min(GROUP, len(texts))))  # the last sentences of a run leave rows empty
    return Run(len(texts), len(batch.ids), target, passes, round(statistics.mean(sizes)))


def run(options: harness.Options) -> Iterator[harness.Table]:
    model = fastseq.load(translate.folder(), threads=1)
    texts = translate.sentences(20 if options.smoke else 1000)
    facts = facts_of(model, texts)
    whole = timed(lambda: model.generate(texts), 1)
    kernels: dict[str, Kernel] = {}
    found = [one for block in model.spec.encoder for one in of_encoder(block, facts)]
    found += [one for block in model.spec.decoder for one in of_decoder(block, facts)]
    for one in [*found, *other(model, facts)]:
        had = kernels.get(one.label)
        kernels[one.label] = one if had is None else had._replace(calls=had.calls + one.calls)
    said = [one.ids for one in model.generate(texts)]
    table = harness.Table(f"{len(texts)} sentences, {whole * 1e3:.0f} ms")
    rest, near = whole, 0.0
    for one in kernels.values():
        spent = one.seconds * one.calls
        rest -= spent
        of_peak = one.least / one.seconds
        near += spent if of_peak >= 0.75 else 0.0
        table.add_facts(
            one.label, ms=spent * 1e3, share=f"{spent / whole:.1%}", **{"of peak": f"{of_peak:.0%}"}
        )
    for label, call in (
        ("texts to ids", lambda: model.tokenizer.encode_batch(texts, threads=1)),
        ("ids to texts", lambda: [model.target_tokenizer.decode(one) for one in said]),
    ):
        spent = timed(call, 1)
        rest -= spent
        table.add_facts(label, ms=spent * 1e3, share=f"{spent / whole:.1%}", **{"of peak": "-"})
    table.add_facts("the rest", ms=rest * 1e3, share=f"{rest / whole:.1%}", **{"of peak": "-"})
    table.add_facts("at 75 % of peak or more", ms=near * 1e3, share=f"{near / whole:.1%}", **{"of peak": "-"})
    yield table


if __name__ == "__main__":
    harness.main(run, __doc__)
