"""Our .npz reader beside NumPy's, and on damaged files."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastseq.errors import FastseqError
from fastseq.formats import npz
from tests.examples import examples


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_writes(tmp_path, save):
    rng = np.random.default_rng(0)
    arrays = {
        f"{kind}{i}": (rng.random(shape) * 9).astype(kind)
        for kind in ("f2", "f4", "f8", "i1", "u1", "i2", "i4", "i8", "?")
        for i, shape in enumerate([(), (3,), (2, 0), (4, 5), (2, 3, 4)])
    }
    save(tmp_path / "a.npz", **arrays)
    read = npz.load(tmp_path / "a.npz")
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name].array, array)
    assert npz.names(tmp_path / "a.npz") == list(arrays)


def npy(descr="'<f4'", order="False", shape="(2,)", body=bytes(8), version=1, length=None) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}\n".encode()
    size = (len(header) if length is None else length).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + body


def write(path, data, **more):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", data, **more)
    return path


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        npy(descr="'|O'"),
        npy(descr="[('a', '<f4')]"),
        npy(descr="'>f4'"),
        npy(descr="'<f3'"),
        npy(descr="__import__('os')"),
        npy(shape="(-2,)"),
        npy(shape="(3,)"),
        npy(shape="(2**62,)"),
        npy(shape="(True, 2)"),
        npy(shape="2"),
        npy(shape="(4611686018427387904, 4)"),
        npy(shape="(0, 4611686018427387904)", body=b""),
        npy(shape="(2, 1)", order="True"),
        npy(order="1", shape="(2, 1)"),
        npy(length=60000),
        npy(body=bytes(7)),
        npy(body=bytes(9)),
        npy(version=9),
        npy(descr="(" * 1000 + ")" * 1000),
    ],
)
def test_damaged_arrays_are_refused(tmp_path, data):
    with pytest.raises(FastseqError, match=r"a\.npz: a\.npy"):
        npz.load(write(tmp_path / "a.npz", data))


def test_versions_2_and_3(tmp_path):
    for version in (1, 2, 3):
        assert npz.load(write(tmp_path / "a.npz", npy(version=version)))["a"].array.tolist() == [0, 0]


def test_bombs_are_refused_before_they_unpack(tmp_path):
    path = write(tmp_path / "a.npz", npy(shape="(50000000,)", body=bytes(200_000_000)), compress_type=8)
    assert npz.load(path)["a"].shape == (50_000_000,)  # true to its word, and no larger than it says
    blob = bytearray(path.read_bytes())
    at = blob.rindex(b"PK\1\2") + 24  # the unpacked size in the central directory
    blob[at : at + 4] = (2**32 - 2).to_bytes(4, "little")
    path.write_bytes(blob)
    with pytest.raises(FastseqError, match="unpacks to too much"):
        npz.load(path)


def test_not_a_zip(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"no zip at all, but long enough to be one")
    with pytest.raises(FastseqError, match="not a readable zip"):
        npz.load(tmp_path / "a.npz")


@settings(max_examples=examples(300))
@given(st.data())
def test_any_damaged_byte_is_read_or_refused(tmp_path_factory, data):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.arange(50.0), b=np.ones((2, 3), np.int8))
    blob = bytearray(buffer.getvalue())
    start = data.draw(st.integers(0, len(blob) - 1))
    damage = data.draw(st.binary(min_size=1, max_size=4))
    blob[start : start + len(damage)] = damage
    path = tmp_path_factory.mktemp("fuzz") / "a.npz"
    path.write_bytes(blob)
    try:
        npz.load(path)
    except FastseqError:
        return
