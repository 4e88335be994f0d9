"""GGUF files made by hand."""

import struct

import numpy as np

TYPES = {"u1": 0, "i1": 1, "u2": 2, "i2": 3, "u4": 4, "i4": 5, "f4": 6, "u8": 10, "i8": 11, "f8": 12}


def string(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(data)) + data


def value(content):
    """Type and value: bool, int (u32), float (f32), str, a list of str or of lists, an array."""
    if isinstance(content, (bool, np.bool_)):
        return struct.pack("<IB", 7, content)
    if isinstance(content, np.generic):
        return struct.pack("<I", TYPES[content.dtype.str[1:]]) + content.tobytes()
    if isinstance(content, int):
        return struct.pack("<II", 4, content)
    if isinstance(content, float):
        return struct.pack("<If", 6, content)
    if isinstance(content, (str, bytes)):
        return struct.pack("<I", 8) + string(content)
    return struct.pack("<I", 9) + array(content)


def array(content):
    if isinstance(content, np.ndarray):
        kind = 7 if content.dtype == bool else TYPES[content.dtype.str[1:]]
        return struct.pack("<IQ", kind, len(content)) + content.tobytes()
    if content and isinstance(content[0], list):
        return struct.pack("<IQ", 9, len(content)) + b"".join(map(array, content))
    return struct.pack("<IQ", 8, len(content)) + b"".join(map(string, content))


def tensor(name, shape, kind, offset):
    return string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def head(tensors, entries, version=3):
    return b"GGUF" + struct.pack("<IQQ", version, tensors, entries)


def file(metadata, tensors=(), data=b"", alignment=32):
    """tensors: (name, shape fastest first, type, offset)."""
    made = head(len(tensors), len(metadata))
    made += b"".join(string(key) + value(content) for key, content in metadata.items())
    made += b"".join(tensor(*each) for each in tensors)
    return made + b"\0" * (-len(made) % alignment) + data
