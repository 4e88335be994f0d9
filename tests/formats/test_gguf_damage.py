"""GGUF models with each number of the head damaged in turn, and cut everywhere: refused, or run."""

import random
import struct

import numpy as np
import pytest

import fastseq
from fastseq.errors import FastseqError
from fastseq.formats import gguf
from tests.formats.test_gguf_model import model_file

HOSTILE = (0, 1, 3, 2**31 - 1, 2**32 - 1, 2**60, 2**63, 2**64 - 1)
IDS = np.arange(5, dtype=np.int32)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A model of one narrow layer, and where the numbers of its head stand: (place, width in bytes)."""
    path = tmp_path_factory.mktemp("damage") / "m.gguf"
    model_file(path, "Q4_1", width=64, inner=64, layers=1)
    places = []

    class Noting(gguf._Reader):
        def number(self, dtype, where="the file"):
            places.append((self.at, np.dtype(dtype).itemsize))
            return super().number(dtype, where)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gguf, "_Reader", Noting)
        gguf.parse(memoryview(path.read_bytes()))
    return path.read_bytes(), places


def outcome(data, path):
    """The scores of a model that loads; None where it is refused."""
    path.write_bytes(data)
    try:
        with fastseq.load(path) as model:
            [score] = model.score_ids([IDS])
    except FastseqError:
        return None
    return score.token_logprobs


def test_every_number_of_the_head(small, tmp_path):
    data, places = small
    rng = random.Random(1)
    refused = 0
    for at, width in places:
        for value in rng.sample(HOSTILE, 2):
            changed = bytearray(data)
            changed[at : at + width] = struct.pack("<Q", value)[:width]
            refused += outcome(bytes(changed), tmp_path / "x.gguf") is None
    assert refused > len(places)  # most numbers matter


def test_cut_at_every_kilobyte(small, tmp_path):
    data, _ = small
    assert outcome(data, tmp_path / "x.gguf") is not None
    for size in range(0, len(data) - 31, 1024):
        assert outcome(data[:size], tmp_path / "x.gguf") is None
