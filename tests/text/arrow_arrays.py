"""Arrow arrays made by hand: the structures of the C data interface, in capsules, with releases counted."""

import ctypes
import struct

new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype = ctypes.py_object
new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


class Schema(ctypes.Structure):
    pass


class Array(ctypes.Structure):
    pass


class Stream(ctypes.Structure):
    pass


RELEASE_SCHEMA = ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))
RELEASE_ARRAY = ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))
RELEASE_STREAM = ctypes.CFUNCTYPE(None, ctypes.POINTER(Stream))
GET_SCHEMA = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Schema))
GET_NEXT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Array))
LAST_ERROR = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(Stream))

Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", RELEASE_SCHEMA),
    ("private_data", ctypes.c_void_p),
]
Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", RELEASE_ARRAY),
    ("private_data", ctypes.c_void_p),
]
Stream._fields_ = [
    ("get_schema", GET_SCHEMA),
    ("get_next", GET_NEXT),
    ("get_last_error", LAST_ERROR),
    ("release", RELEASE_STREAM),
    ("private_data", ctypes.c_void_p),
]


def by_offsets(texts, code):
    """Buffers behind the validity bits: offsets and bytes."""
    ends = [0]
    for text in texts:
        ends.append(ends[-1] + len(text))
    return [struct.pack(f"<{len(ends)}{code}", *ends), b"".join(texts)]


def by_views(texts):
    """Views, two buffers of bytes that take turns, and their sizes."""
    views, buffers = [], [b"", b""]
    for place, text in enumerate(texts):
        if len(text) <= 12:
            views.append(struct.pack("<i12s", len(text), text))
            continue
        which = place % 2
        views.append(struct.pack("<i4sii", len(text), text[:4], which, len(buffers[which])))
        buffers[which] += text
    return [b"".join(views), *buffers, struct.pack("<2q", *map(len, buffers))]


LAYOUTS = {
    "u": lambda texts: by_offsets(texts, "i"),
    "U": lambda texts: by_offsets(texts, "q"),
    "vu": by_views,
    "z": lambda texts: by_offsets(texts, "i"),
    "Z": lambda texts: by_offsets(texts, "q"),
    "vz": by_views,
}


class Producer:
    """Gives the texts (bytes) as one array, or with `chunks` as a stream of them.

    `buffers` and `facts` replace what follows from the texts; `released` says what was released how often.
    """

    def __init__(self, texts=(), format="u", *, chunks=None, buffers=None, fails=None, **facts):
        self.format, self.facts, self.fails = format, facts, fails
        self.chunks = [texts] if chunks is None else chunks
        self.buffers = buffers
        self.released = {"schema": 0, "array": 0, "stream": 0}
        self.kept, self.next, self.dictionary = [], 0, None
        if chunks is None:
            self.__arrow_c_array__ = self.array_capsules
        else:
            self.__arrow_c_stream__ = self.stream_capsule

    def count(self, kind, structure):
        self.released[kind] += 1
        structure.contents.release = type(structure.contents.release)()

    def fill_schema(self, to):
        to.format = self.format.encode()
        to.dictionary = self.dictionary
        to.release = RELEASE_SCHEMA(lambda it: self.count("schema", it))
        self.kept.append(to.release)

    def fill_array(self, to, texts):
        buffers = [
            None,
            *(LAYOUTS.get(self.format, LAYOUTS["u"])(texts) if self.buffers is None else self.buffers),
        ]
        held = [None if b is None else ctypes.create_string_buffer(b, max(1, len(b))) for b in buffers]
        pointers = (ctypes.c_void_p * len(held))(*(b and ctypes.addressof(b) for b in held))
        to.length, to.n_buffers, to.null_count = len(texts), len(held), 0
        to.buffers = ctypes.cast(pointers, ctypes.POINTER(ctypes.c_void_p))
        to.release = RELEASE_ARRAY(lambda it: self.count("array", it))
        if "valid" in self.facts:
            bits = ctypes.create_string_buffer(self.facts["valid"])
            pointers[0], to.null_count = ctypes.addressof(bits), -1
            held.append(bits)
        for name, value in self.facts.items():
            if name != "valid":
                setattr(to, name, value)
        self.kept += [held, pointers, to.release]

    def capsule(self, structure, name):
        self.kept.append(structure)
        return new_capsule(ctypes.addressof(structure), name, None)

    def array_capsules(self, requested_schema=None):
        schema, array = Schema(), Array()
        self.fill_schema(schema)
        self.fill_array(array, self.chunks[0])
        return self.capsule(schema, b"arrow_schema"), self.capsule(array, b"arrow_array")

    def stream_capsule(self, requested_schema=None):
        stream = Stream()
        stream.get_schema = GET_SCHEMA(lambda _, out: self.fill_schema(out.contents) or 0)
        stream.get_next = GET_NEXT(lambda _, out: self.give(out.contents))
        message = ctypes.create_string_buffer(b"out of tape")
        stream.get_last_error = LAST_ERROR(lambda _: ctypes.addressof(message))
        stream.release = RELEASE_STREAM(lambda it: self.count("stream", it))
        self.kept += [message, stream.get_schema, stream.get_next, stream.get_last_error, stream.release]
        return self.capsule(stream, b"arrow_array_stream")

    def give(self, out):
        place, self.next = self.next, self.next + 1
        if self.fails == place:
            return 5
        if place < len(self.chunks):
            self.fill_array(out, self.chunks[place])
        return 0
