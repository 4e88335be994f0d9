"""The numbers of ggml's blocks, against their formulas."""

import numpy as np
import pytest

from fastseq import errors
from fastseq.formats import ggml_blocks
from tests.reference.ggml_blocks import ELEMENT

KINDS = {kind.name: kind for kind in ggml_blocks.TYPES.values()}


def random_blocks(kind, count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, kind.bytes), dtype=np.uint8)


def same_bits(a, b):
    return (a.view(np.uint32) == b.view(np.uint32)) | (np.isnan(a) & np.isnan(b))


@pytest.mark.parametrize("name", KINDS)
@np.errstate(all="ignore")
def test_blocks_are_their_formulas(name):
    kind = KINDS[name]
    blocks = random_blocks(kind, 6 if kind.size > 32 else 20)
    found = ggml_blocks.to_float32(kind, memoryview(blocks.tobytes()), (len(blocks), kind.size))
    rows = [[ELEMENT[name](block, j) for j in range(kind.size)] for block in blocks.tolist()]
    assert found.dtype == np.float32
    assert same_bits(found, np.array(rows, np.float32)).all()


@pytest.mark.parametrize("name", KINDS)
def test_shapes_and_parts(name, monkeypatch):
    """Rows of several blocks; the size of the parts they are read in changes nothing."""
    kind = KINDS[name]
    blocks = random_blocks(kind, 30, seed=1)
    shape = (2, 5, 3 * kind.size)
    assert ggml_blocks.size_of(kind, shape, "tensor") == blocks.nbytes
    whole = ggml_blocks.to_float32(kind, memoryview(blocks.tobytes()), shape)
    monkeypatch.setattr(ggml_blocks, "CHUNK", 7)
    parts = ggml_blocks.to_float32(kind, memoryview(blocks.tobytes()), shape)
    assert whole.shape == shape
    assert same_bits(whole, parts).all()


def test_no_elements():
    assert ggml_blocks.to_float32(KINDS["Q4_0"], memoryview(b""), (0, 64)).shape == (0, 64)


def test_rows_of_half_a_block_are_refused():
    with pytest.raises(errors.FormatError, match=r"tensor 'w': .*multiple of 32 for Q4_0.*48"):
        ggml_blocks.size_of(KINDS["Q4_0"], (2, 48), "tensor 'w'")


@pytest.mark.parametrize(("number", "found"), [(10, "Q2_K"), (4, "type 4"), (2**31, "type 2147483648")])
def test_other_types_are_refused(number, found):
    with pytest.raises(errors.UnsupportedError, match=found):
        ggml_blocks.type_of(number, "tensor 'w'")
