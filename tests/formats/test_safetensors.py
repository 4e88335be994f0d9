"""The safetensors reader and writer, beside the safetensors package, and on damaged files."""

import json
import os
import struct

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from fastseq.errors import ArgumentError, FastseqError, FormatError, UnsupportedError
from fastseq.formats import safetensors as ours
from fastseq.formats.tensor import NUMPY_TYPES, Tensor, numpy_tensor
from tests.examples import examples

PLAIN = [name for name in NUMPY_TYPES if not name.startswith(("bfloat", "float8"))]


def some_arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    shapes = [(), (1,), (0,), (3, 0, 2), (5,), (2, 3), (4, 1, 3)]
    return {
        f"{name}.{i}": np.array(rng.random(shape) * 100).astype(NUMPY_TYPES[name])
        for name in PLAIN
        for i, shape in enumerate(shapes)
    }


def file_of(header: object, body: bytes = b"", length: int | None = None) -> bytes:
    blob = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(blob) if length is None else length) + blob + body


def parse(data: bytes) -> dict[str, Tensor]:
    return ours.parse(memoryview(data))


def entry(dtype: object = "F32", shape: object = (2,), offsets: object = (0, 8)) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_reads_what_the_package_writes(tmp_path):
    arrays = some_arrays()
    safetensors.numpy.save_file(arrays, tmp_path / "a.safetensors", metadata={"format": "np"})
    read = ours.load(tmp_path / "a.safetensors")
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        assert read[name].dtype == name.split(".")[0]
        np.testing.assert_array_equal(read[name].array, array)
        assert read[name].array.flags.aligned


def test_the_package_reads_what_we_write(tmp_path):
    arrays = some_arrays()
    ours.save(tmp_path / "a.safetensors", {n: numpy_tensor(a) for n, a in arrays.items()}, {"made": "here"})
    read = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_bfloat16_round_trip(tmp_path):
    bits = np.arange(0, 0x7F80, 7, dtype=np.uint16)
    ours.save(tmp_path / "b.safetensors", {"w": Tensor("bfloat16", bits)})
    back = ours.load(tmp_path / "b.safetensors")["w"]
    assert back.dtype == "bfloat16"
    np.testing.assert_array_equal(back.array, bits)
    np.testing.assert_array_equal(back.float32(), (bits.astype(np.uint32) << 16).view(np.float32))


def test_views_are_of_the_file_and_read_only(tmp_path):
    ours.save(tmp_path / "a.safetensors", {"w": numpy_tensor(np.ones((4, 4), np.float32))})
    array = ours.load(tmp_path / "a.safetensors")["w"].array
    assert not array.flags.owndata
    assert not array.flags.writeable


def test_misaligned_tensor_is_copied():
    header = {"a": entry("U8", [1], [0, 1]), "b": entry("F32", [2], [1, 9])}
    read = parse(file_of(header, b"\x07" + np.array([1.5, -2], "<f4").tobytes()))
    np.testing.assert_array_equal(read["b"].array, [1.5, -2])
    assert read["b"].array.flags.aligned


DAMAGED = {
    "empty file": (b"", "truncated"),
    "half a length": (b"\x01\x02", "truncated"),
    "length past the file": (file_of({}, length=1000), "does not fit"),
    "length past the cap": (file_of({}, length=2**63), "does not fit"),
    "not JSON": (file_of(b"{"), "not valid JSON"),
    "not UTF-8": (file_of(b'{"\xff":1}'), "not UTF-8"),
    "no object": (file_of([]), "not an object"),
    "deep nesting": (file_of(b"[" * 200_000), "nested too deeply"),
    "huge integer": (file_of(b'{"a":' + b"9" * 9000 + b"}"), "not valid JSON"),
    "NaN": (file_of(b'{"a":NaN}'), "not valid JSON"),
    "a name twice": (
        file_of(b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}}'),
        "twice",
    ),
    "metadata of numbers": (file_of({"__metadata__": {"a": 1}}), "not texts"),
    "entry is a number": (file_of({"a": 3}), "not a tensor"),
    "entry lacks a key": (file_of({"a": {"dtype": "F32", "shape": []}}), "not a tensor"),
    "entry has a key more": (file_of({"a": {**entry(), "more": 1}}, bytes(8)), "not a tensor"),
    "dtype a number": (file_of({"a": entry(5)}, bytes(8)), "dtype is no string"),
    "dtype unknown": (file_of({"a": entry("F31")}, bytes(8)), "unknown dtype"),
    "negative extent": (file_of({"a": entry(shape=[-2])}, bytes(8)), "bad shape"),
    "extent true": (file_of({"a": entry(shape=[True, 2])}, bytes(8)), "bad shape"),
    "extent a fraction": (file_of({"a": entry(shape=[2.0])}, bytes(8)), "bad shape"),
    "shape no list": (file_of({"a": entry(shape=2)}, bytes(8)), "bad shape"),
    "product overflows": (file_of({"a": entry(shape=[2**32, 2**32])}, bytes(8)), "too large"),
    "product of zero and huge": (file_of({"a": entry(shape=[0, 2**62], offsets=[0, 0])}), "too large"),
    "40 dimensions": (file_of({"a": entry(shape=[1] * 40, offsets=[0, 4])}, bytes(4)), "too many dimensions"),
    "one offset": (file_of({"a": entry(offsets=[0])}, bytes(8)), "bad data_offsets"),
    "offsets backwards": (file_of({"a": entry(offsets=[8, 0])}, bytes(8)), "overlap or leave a hole"),
    "size contradicts": (file_of({"a": entry(shape=[3])}, bytes(8)), "contradict dtype and shape"),
    "data cut short": (file_of({"a": entry()}, bytes(7)), "truncated"),
    "data left over": (file_of({"a": entry()}, bytes(9)), "after the last tensor"),
    "hole": (file_of({"a": entry(), "b": entry(offsets=[12, 20])}, bytes(20)), "leave a hole"),
    "overlap": (file_of({"a": entry(), "b": entry(offsets=[4, 12])}, bytes(12)), "overlap"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_refused_by_file_and_place(name, tmp_path):
    data, told = DAMAGED[name]
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(data)
    with pytest.raises((FormatError, UnsupportedError), match=told) as caught:
        ours.load(path)
    assert str(path) in str(caught.value)


def test_no_file_and_no_regular_file(tmp_path):
    with pytest.raises(ArgumentError, match="cannot be opened"):
        ours.load(tmp_path / "none")
    with pytest.raises(ArgumentError, match="not a file"):
        ours.load(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ArgumentError, match="not a file"):  # and does not wait for a writer
            ours.load(tmp_path / "pipe")


GOOD = file_of(
    {"__metadata__": {"k": "v"}, "a": entry("BF16", [2, 2], [0, 8]), "b": entry("I8", [3], [8, 11])},
    bytes(11),
)


@settings(max_examples=examples(600))
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=6))
def test_any_damaged_range_is_read_or_refused(start, damage):
    data = bytearray(GOOD)
    data[start : start + len(damage)] = damage
    try:
        tensors = parse(bytes(data))
    except FastseqError:
        return
    assert sum(t.array.nbytes for t in tensors.values()) <= len(data)


@pytest.mark.parametrize("kept", range(len(GOOD)))
def test_any_truncation_is_refused(kept):
    with pytest.raises(FormatError):
        parse(GOOD[:kept])


@settings(max_examples=examples(100))
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_any_json_header_is_read_or_refused(header):
    try:
        parse(file_of(header))
    except FastseqError:
        return
    assert not header or header.keys() == {"__metadata__"}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bfloat16"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_a_number_is_found_where_it_is(dtype, value):
    wide = np.ones((3, 1000), np.float32)
    wide[1, 7] = value
    tensor = (
        Tensor(dtype, (wide.view(np.uint32) >> 16).astype(np.uint16))
        if dtype == "bfloat16"
        else numpy_tensor(wide.astype(dtype))
    )
    with pytest.raises(FormatError, match=r"w: a weight is not a number .*\[1, 7\]"):
        tensor.check_finite("w")
    wide[1, 7] = 1
    numpy_tensor(wide).check_finite("w")
