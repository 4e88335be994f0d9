"""PyTorch checkpoints through our own restricted reader, beside torch.load(weights_only=True)."""

import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastseq.errors import FastseqError, FormatError, UnsupportedError
from fastseq.formats import torch_checkpoint
from fastseq.formats.tensor import Tensor
from tests.examples import examples

pytestmark = pytest.mark.torch

DTYPES = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def same(ours, theirs) -> bool:
    if isinstance(theirs, torch.Tensor):
        assert ours.dtype == str(theirs.dtype).removeprefix("torch.")
        bits = theirs.detach().contiguous()
        bits = bits.view(torch.int16).numpy().view(np.uint16) if ours.dtype == "bfloat16" else bits.numpy()
        np.testing.assert_array_equal(ours.array, bits)
        assert ours.array.flags.c_contiguous
        return True
    if isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(same(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, (list, tuple)):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return type(ours) is type(theirs) and (ours == theirs or ours != ours)


def test_state_dicts_and_plain_data(tmp_path):
    base = torch.arange(24.0).reshape(4, 6)
    saved = {
        "model": torch.nn.LSTM(4, 3, 2, bidirectional=True).state_dict(),
        "parameter": torch.nn.Parameter(torch.ones(3)),
        "types": {name: torch.ones(3, 2, dtype=getattr(torch, name)) for name in DTYPES},
        "views": [base[1:], base.t(), base[:, 1::2], base[2, 3], torch.empty(0, 4)],
        "ordered": OrderedDict([("a", 1), ("b", [None, True, -5, 2**40, -(2**70), 1.5, float("inf")])]),
        "vocab": {f"word {i} é\n": i for i in range(70_000)},
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "size": base.shape,
    }
    torch.save(saved, tmp_path / "a.pt")
    assert torch_checkpoint.matches(tmp_path / "a.pt")
    ours = torch_checkpoint.load(tmp_path / "a.pt")
    assert same(ours, torch.load(tmp_path / "a.pt", weights_only=True))
    assert not ours["model"]["weight_ih_l0"].array.flags.writeable


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickle_protocols(tmp_path, protocol):
    saved = {"w": torch.randn(3, 4), "n": [1, 2.5, "x", b"y" if protocol > 2 else None, (1, 2)]}
    torch.save(saved, tmp_path / "a.pt", pickle_protocol=protocol)
    assert same(torch_checkpoint.load(tmp_path / "a.pt"), saved)


def test_legacy_format_is_refused_with_a_way_out(tmp_path):
    torch.save({"w": torch.ones(2)}, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    assert torch_checkpoint.matches(tmp_path / "a.pt")
    with pytest.raises(UnsupportedError, match=r"before 1\.6.*torch\.save it again"):
        torch_checkpoint.load(tmp_path / "a.pt")


def test_torchscript_is_refused(tmp_path):
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "a.pt"))
    with pytest.raises(UnsupportedError, match="TorchScript"):
        torch_checkpoint.load(tmp_path / "a.pt")


class Evil:
    def __reduce__(self):
        return (print, ("ran",))


@pytest.mark.parametrize("thing", [Evil(), np.float64(1), torch.nn.Linear(1, 1), complex(1, 2), {1, 2}])
def test_anything_but_data_is_refused_by_name(tmp_path, thing, capsys):
    torch.save({"x": thing}, tmp_path / "a.pt")
    with pytest.raises((UnsupportedError, FormatError), match=r"a\.pt: a/data\.pkl, byte \d+"):
        torch_checkpoint.load(tmp_path / "a.pt")
    assert capsys.readouterr().out == ""


def checkpoint(path, data: bytes, **members: bytes):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", data)
        for name, content in members.items():
            archive.writestr("m/data/" + name.removeprefix("n"), content)
    return path


def tensor_pickle(offset="K\0", size="K\2\x85", stride="K\1\x85", count="K\2", key="X\1\0\0\0000") -> bytes:
    text = (
        "\x80\2ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\n"
        f"{key}X\3\0\0\0cpu{count}tQ{offset}{size}{stride}\x89ccollections\nOrderedDict\n)RtR."
    )
    return text.encode("latin-1")


def test_tensor_by_hand(tmp_path):
    good = torch_checkpoint.load(checkpoint(tmp_path / "a", tensor_pickle(), n0=np.float32([3, 4]).tobytes()))
    assert isinstance(good, Tensor)
    assert good.array.tolist() == [3, 4]


@pytest.mark.parametrize(
    "wrong",
    [
        {"offset": "K\1"},
        {"size": "K\3\x85"},
        {"stride": "K\2\x85"},
        {"count": "K\3"},
        {"count": "J\xff\xff\xff\xff"},
        {"offset": "J\xff\xff\xff\xff"},
        {"size": "J\xff\xff\xff\xff\x85"},
        {"size": "J\xff\xff\xff\x7f\x85", "stride": "K\0\x85"},
        {"size": "K\2K\2\x86"},
        {"size": "\x8a\x09" + "\xff" * 8 + "\0\x85"},
        {"key": "X\1\0\0\0001"},
        {"size": "N"},
    ],
)
def test_tensors_past_their_storage_are_refused(tmp_path, wrong):
    with pytest.raises(FormatError):
        torch_checkpoint.load(checkpoint(tmp_path / "a", tensor_pickle(**wrong), n0=bytes(8)))


DAMAGED = {
    "empty": b"",
    "no stop": b"\x80\2}",
    "stack empty": b"\x80\2.",
    "mark at the end": b"\x80\2(.",
    "no mark": b"\x80\2K\1t.",
    "odd items": b"\x80\2}(K\1u.",
    "items on a list": b"\x80\2](K\1K\2u.",
    "append to a dict": b"\x80\2}K\1a.",
    "nothing remembered": b"\x80\2h\5.",
    "text past the end": b"\x80\2X\xff\xff\xff\xffab.",
    "8-byte length": b"\x80\4\x8d\xff\xff\xff\xff\xff\xff\xff\x7fab.",
    "long integer": b"\x80\2\x8b\xff\xff\xff\x7f.",
    "call of a number": b"\x80\2K\1)R.",
    "call with a list": b"\x80\2ccollections\nOrderedDict\n]R.",
    "unhashable key": b"\x80\2}]K\1s.",
    "deep key": b"\x80\2})" + b"\x85" * 300_000 + b"K\1s.",
    "deep key in pairs": b"\x80\2ccollections\nOrderedDict\n])" + b"\x85" * 300_000 + b"K\1\x86a\x85R.",
    "state of a number": b"\x80\2K\1K\1b.",
    "unknown instruction": b"\x80\2\xee.",
    "storage of nothing": b"\x80\2K\1Q.",
    "eval": b"\x80\2c__builtin__\neval\nX\1\0\0\0001\x85R.",
    "name half": b"\x80\2ccollections",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_pickles_are_refused(tmp_path, name):
    with pytest.raises((FormatError, UnsupportedError), match=r"m/data\.pkl"):
        torch_checkpoint.load(checkpoint(tmp_path / "a", DAMAGED[name]))


@settings(max_examples=examples(400))
@given(st.data())
def test_any_damaged_byte_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "a.pt"
    torch.save({"w": torch.ones(2, 3), "v": {"a": 1, "b": [2.5]}}, path)
    blob = bytearray(path.read_bytes())
    start = data.draw(st.integers(0, len(blob) - 1))
    damage = data.draw(st.binary(min_size=1, max_size=4))
    blob[start : start + len(damage)] = damage
    path.write_bytes(blob)
    try:
        torch_checkpoint.load(path)
    except FastseqError:
        return


@settings(max_examples=examples(400))
@given(st.data())
def test_any_damaged_pickle_is_read_or_refused(data):
    from fastseq.formats.pickled import Unpickler

    blob = bytearray(
        pickle.dumps({"a": [1, 2.5, "x", (1, 2)], "b": {"c": None}}, data.draw(st.integers(2, 5)))
    )
    for _ in range(3):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    try:
        Unpickler(bytes(blob), {}, lambda ticket: ticket, "here").load()
    except FastseqError:
        return
