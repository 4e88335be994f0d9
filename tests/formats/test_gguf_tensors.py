"""Tensors of GGUF files made by hand: where they lie, and what is refused."""

import numpy as np
import pytest

from fastseq import errors
from fastseq.formats import gguf, gguf_tensors
from tests.formats import gguf_files

VALUES = np.arange(64, dtype=np.float32)
HALVES = VALUES.astype(np.float16)
DATA = VALUES.tobytes() + HALVES.tobytes()
PLACES = [("a", (32, 2), 0, 0), ("b", (64,), 1, 256), ("none", (0, 3), 0, 256)]


def tensors(places, data=DATA):
    return gguf_tensors.tensors(gguf.parse(memoryview(gguf_files.file({}, places, data))))


def test_tensors_are_views_of_the_file():
    found = tensors(PLACES)
    assert list(found) == ["a", "b", "none"]
    assert found["a"].kind.name == "F32"
    assert found["a"].float32().tolist() == VALUES.reshape(2, 32).tolist()
    assert found["b"].float32().tolist() == VALUES.tolist()
    assert found["none"].float32().shape == (3, 0)


@pytest.mark.parametrize(
    ("place", "what"),
    [
        (("a", (32, 3), 0, 0), "two tensors overlap"),
        (("b", (32,), 1, 0), "two tensors overlap"),
        (("b", (65,), 1, 256), "outside the file"),
        (("b", (1 << 40,), 1, 256), "outside the file"),
        (("b", (48,), 2, 256), "rows are not whole blocks"),
        (("b", (256,), 10, 256), "type not supported"),
    ],
)
def test_damaged_places(place, what):
    with pytest.raises(errors.FastseqError, match=what) as caught:
        tensors([place if place[0] == each[0] else each for each in PLACES])
    assert "tensor" in caught.value.where


@pytest.mark.parametrize("size", range(0, len(DATA), 32))
def test_cut_files(size):
    with pytest.raises(errors.FormatError, match="outside the file"):
        tensors(PLACES, DATA[:size])
