"""PyTorch checkpoints (.pt, .pth, .bin of torch 1.6 and later), read without torch and without running code.

::

    NAME/data.pkl      a pickle: dicts, lists, numbers, text; tensors as storage, offset, shape, strides
    NAME/data/0 ...    the storages' bytes without compression: tensors are views of the mapped file
    NAME/byteorder     "little" (absent in older files, which are little-endian)
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from fastseq.errors import FormatError, UnsupportedError
from fastseq.files import mapped
from fastseq.formats.pickled import SCALARS, Opaque, Unpickler
from fastseq.formats.tensor import NUMPY_TYPES, Tensor
from fastseq.formats.zipped import Members

_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the magic number torch.save pickled before 1.6
PICKLE_BYTES_MAX = 2**30

_STORAGES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}


def matches(path: Path) -> bool:
    """Whether a file looks like a checkpoint of either age."""
    with open(path, "rb") as file:
        start = file.read(len(_LEGACY))
    if start == _LEGACY:
        return True
    return start[:4] == b"PK\3\4" and any(name.endswith("/data.pkl") for name in Members(path).names())


def load(path: str | os.PathLike[str]) -> Any:
    """What torch.save was given: plain Python data with `Tensor`s, which are views of the file."""
    path = Path(path)
    start = bytes(mapped(path)[: len(_LEGACY)])
    if start == _LEGACY:
        raise UnsupportedError(
            "saved by torch before 1.6, or with its old format",
            where=str(path),
            expected="a zip file: load it with torch.load(..., weights_only=True) and torch.save it again",
            found="a bare pickle",
        )
    if start[:4] != b"PK\3\4":
        raise FormatError(
            "not a torch checkpoint", where=str(path), expected="a zip file", found=repr(start[:4])
        )
    members = Members(path)
    pickles = [name for name in members.names() if name.endswith("/data.pkl")]
    if len(pickles) != 1 or "/" in pickles[0][: -len("/data.pkl")]:
        raise FormatError(
            "not a torch checkpoint", where=str(path), expected="one NAME/data.pkl", found=str(pickles)[:80]
        )
    return _Checkpoint(members, pickles[0][: -len("data.pkl")]).load()


class _Checkpoint:
    def __init__(self, members: Members, folder: str) -> None:
        self.members, self.folder = members, folder
        order = folder + "byteorder"
        if order in members and bytes(members[order]) != b"little":
            raise UnsupportedError(
                "saved on a big-endian machine", where=members.place(order), expected="little", found="big"
            )
        if any(name.startswith(folder + "code/") for name in members.names()):
            raise UnsupportedError(
                "a TorchScript program", where=str(members.path), expected="a state dict saved by torch.save"
            )

    def load(self) -> Any:
        name = self.folder + "data.pkl"
        data = self.members[name]
        if len(data) > PICKLE_BYTES_MAX:
            raise FormatError(
                "too large", where=self.members.place(name), expected=f"at most {PICKLE_BYTES_MAX} bytes"
            )
        known: dict[str, Callable[..., Any] | Opaque] = {
            "collections OrderedDict": _ordered,
            "torch Size": _size,
            "torch device": Opaque("torch.device"),
            "torch._utils _rebuild_tensor_v2": _rebuilt,
            "torch._utils _rebuild_parameter": lambda tensor, *rest: tensor,
        }
        known |= {f"torch {name}": Opaque(name) for name in _STORAGES}
        return Unpickler(bytes(data), known, self.storage, self.members.place(name)).load()

    def storage(self, ticket: Any) -> Tensor:
        """A storage from what the pickle says of it: ("storage", type, number, device, elements)."""
        place = self.members.place(self.folder + "data.pkl")
        if not (isinstance(ticket, tuple) and len(ticket) == 5 and ticket[0] == "storage"):
            raise FormatError("not a storage", where=place, found=str(type(ticket)))
        kind, number, count = ticket[1], ticket[2], ticket[4]
        if not (isinstance(kind, Opaque) and isinstance(number, str) and type(count) is int):
            raise FormatError("not a storage", where=place, expected="type, number, device, elements")
        dtype = _STORAGES.get(kind.name)
        if dtype is None:
            raise UnsupportedError(
                "unknown storage", where=place, expected=", ".join(_STORAGES), found=kind.name
            )
        name = f"{self.folder}data/{number}"
        data = self.members[name]
        if count < 0 or count * NUMPY_TYPES[dtype].itemsize > len(data):
            raise FormatError(
                "truncated storage",
                where=self.members.place(name),
                expected=f"{count} elements of {dtype}",
                found=f"{len(data)} bytes",
            )
        return Tensor(dtype, np.frombuffer(data, NUMPY_TYPES[dtype], count))


def _ordered(pairs: Any = ()) -> dict[Any, Any]:
    if not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], SCALARS) for pair in pairs
    ):
        raise ValueError("an OrderedDict of something else than pairs")
    return dict(pairs)


def _size(extents: Any = ()) -> tuple[int, ...]:
    return _extents(extents, "size")


def _extents(values: Any, name: str) -> tuple[int, ...]:
    if not isinstance(values, (list, tuple)) or len(values) > 32:
        raise ValueError(f"{name} is no short tuple")
    if not all(type(one) is int and 0 <= one < 2**60 for one in values):
        raise ValueError(f"{name} is not of integers, 0 or more")
    return tuple(values)


def _rebuilt(storage: Any, offset: Any, size: Any, stride: Any, *unused: Any) -> Tensor:
    """A tensor: a window of a storage, copied only when it does not lie row by row."""
    shape, strides = _extents(size, "size"), _extents(stride, "stride")
    if not isinstance(storage, Tensor) or storage.array.ndim != 1:
        raise ValueError("a tensor without a storage")
    if type(offset) is not int or offset < 0 or len(shape) != len(strides):
        raise ValueError("bad offset or strides")
    count, held = math.prod(shape), storage.array.size
    if count == 0:
        return Tensor(storage.dtype, np.empty(shape, storage.array.dtype))
    last = offset + sum((extent - 1) * step for extent, step in zip(shape, strides, strict=True))
    if last >= held or count > held:
        raise ValueError(f"a tensor of {shape} reaches past its storage of {held} elements")
    width = storage.array.itemsize
    window = as_strided(storage.array[offset:], shape, [step * width for step in strides], writeable=False)
    contiguous = window.flags.c_contiguous and window.flags.aligned
    return Tensor(storage.dtype, window if contiguous else np.array(window, order="C"))
