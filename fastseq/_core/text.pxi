# Vocabularies, encoding and counting.
import os
import threading

import numpy as np

from libc.string cimport memcpy, memset

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    str PyUnicode_DecodeUTF8(const char *s, Py_ssize_t size, const char *how)
    bint PyUnicode_Check(object o)

cdef extern from "base/arena.h" nogil:
    void *fs_alloc(size_t size)
    void fs_free(void *p)

cdef extern from "base/buffer.h" nogil:
    ctypedef struct fs_buffer:
        void *data
        size_t size
    void fs_buffer_free(fs_buffer *b)

cdef extern from "text/text_view.h" nogil:
    ctypedef struct fs_text:
        const uint8_t *data
        size_t size

cdef extern from "text/unicode.h" nogil:
    const char *fs_unicode_version
    ctypedef struct fs_character:
        int32_t lower
        uint16_t flags
        uint8_t word_break
    const fs_character *fs_unicode_of(unsigned int c)

cdef extern from "text/hash.h" nogil:
    ctypedef struct fs_hash_key:
        uint64_t k0
        uint64_t k1

cdef extern from "text/vocab.h" nogil:
    ctypedef struct fs_vocab:
        int32_t count
    fs_status fs_vocab_init(fs_vocab *v, fs_hash_key key, fs_error *err)
    void fs_vocab_free(fs_vocab *v)
    fs_status fs_vocab_add(fs_vocab *v, fs_text token, int32_t *id, fs_error *err)
    fs_status fs_vocab_mark_special(fs_vocab *v, int32_t id, fs_error *err)
    int32_t fs_vocab_find(const fs_vocab *v, const uint8_t *token, size_t size)
    fs_text fs_vocab_token(const fs_vocab *v, int32_t id)
    bint fs_vocab_is_special(const fs_vocab *v, int32_t id)
    fs_status fs_vocab_join(const fs_vocab *v, const int32_t *ids, const int64_t *offsets, int64_t count, fs_text join,
                            int skip_special, fs_buffer *out, int64_t *ends, fs_error *err)

cdef extern from "text/text_map.h" nogil:
    ctypedef enum fs_keep:
        FS_KEEP_COUNT
    ctypedef struct fs_map_rules:
        pass
    void fs_map_rules_init(fs_map_rules *rules, int lowercase, fs_keep keep)

cdef extern from "text/split.h" nogil:
    ctypedef enum fs_split_rule:
        FS_SPLIT_COUNT

cdef extern from "text/encode.h" nogil:
    ctypedef enum fs_unknown:
        FS_UNKNOWN_ERROR
    int FS_WANT_IDS, FS_WANT_CHARACTER_SPANS, FS_WANT_BYTE_SPANS, FS_WANT_PIECES, FS_WANT_BARE
    ctypedef struct fs_encoder:
        const fs_vocab *vocab
        fs_map_rules map
        fs_split_rule split
        int punctuation
        fs_unknown unknown
        int32_t unknown_id
        int allow_special
        const int32_t *prepend
        const int32_t *append
        int32_t prepend_count
        int32_t append_count
    ctypedef struct fs_text_block:
        fs_buffer ids
        fs_buffer pieces
        fs_buffer ends
    ctypedef struct fs_encoded:
        int64_t count
        int64_t *offsets
        fs_text_block *blocks
        int64_t block_count
    fs_status fs_encode(const fs_encoder *e, const fs_text *texts, int64_t count, unsigned int want, fs_run *run,
                        fs_encoded *out, fs_error *err)
    void fs_encoded_free(fs_encoded *out)
    fs_status fs_encode_text(const fs_encoder *e, fs_text text, unsigned int want, fs_text_block *out, fs_error *err)
    void fs_text_block_free(fs_text_block *block)
    void fs_encoded_ids(const fs_encoded *e, int32_t *ids)
    void fs_encoded_spans(const fs_encoded *e, int32_t *spans)

cdef extern from "text/count.h" nogil:
    ctypedef struct fs_counter:
        fs_vocab pieces
        fs_buffer counts
    fs_status fs_counter_init(fs_counter *c, const fs_encoder *rules, fs_hash_key key, fs_error *err)
    void fs_counter_free(fs_counter *c)
    fs_status fs_counter_add(fs_counter *c, fs_text text, fs_error *err)
    fs_status fs_counter_add_lines(fs_counter *c, fs_text block, size_t *valid, fs_error *err)
    fs_status fs_counter_order(const fs_counter *c, int64_t least, fs_buffer *order, fs_error *err)

# In the order of the C enums.
SPLIT_RULES = ("characters", "words", "whitespace", "space", "none")
KEEP_RULES = ("all", "ascii_letters", "ascii_alphanumeric", "letters", "alphanumeric")
UNKNOWN_RULES = ("error", "map", "drop")
assert len(SPLIT_RULES) == FS_SPLIT_COUNT and len(KEEP_RULES) == FS_KEEP_COUNT

cdef fs_hash_key _hash_key
_hash_key.k0 = int.from_bytes(os.urandom(8), "little")
_hash_key.k1 = int.from_bytes(os.urandom(8), "little")


def unicode_version() -> str:
    """The Unicode version of the tables."""
    return _text(fs_unicode_version)


def probe_character(int code) -> tuple:
    """(what to add for the lower case, flags, word-break class) of a code point; for tests only."""
    if not 0 <= code < 0x110000:
        raise errors.ArgumentError("not a code point", where="code", expected="0 to 0x10ffff", found=hex(code))
    cdef const fs_character *c = fs_unicode_of(code)
    return c.lower, c.flags, c.word_break


cdef fs_text view_of(object text, str name, Py_ssize_t place) except *:
    """The UTF-8 bytes of a str, which owns them. `place` < 0: it is not one of many."""
    cdef fs_text view
    cdef Py_ssize_t size
    if not PyUnicode_Check(text):
        where = name if place < 0 else f"{name}[{place}]"
        found = "bytes: decode them first, text.decode('utf-8')" if isinstance(text, bytes) else type(text).__name__
        raise errors.ArgumentTypeError("not a text", where=where, expected="str", found=found)
    try:
        view.data = <const uint8_t *>PyUnicode_AsUTF8AndSize(text, &size)
    except UnicodeEncodeError as error:
        where = name if place < 0 else f"{name}[{place}]"
        raise errors.ArgumentError(
            "lone surrogate", where=f"{where}, character {error.start}", expected="valid Unicode",
            found=f"U+{ord(text[error.start]):04X}",
        ) from None
    view.size = <size_t>size
    return view


cdef class _Views:
    """The UTF-8 of many strings, and the strings, which own it."""

    cdef tuple owners
    cdef fs_text *views
    cdef Py_ssize_t count

    def __cinit__(self, texts, str name, Py_ssize_t first=0):
        """`first` is the place of the first text, for errors."""
        cdef Py_ssize_t i
        if isinstance(texts, (str, bytes)):
            raise errors.ArgumentTypeError(
                "one text where many are expected", where=name, expected="a list of str", found=type(texts).__name__
            )
        try:
            self.owners = tuple(texts)
        except TypeError:
            raise errors.ArgumentTypeError(
                "not a list", where=name, expected="a list of str", found=type(texts).__name__
            ) from None
        self.count = len(self.owners)
        self.views = <fs_text *>fs_alloc(self.count * sizeof(fs_text))
        if self.views is NULL:
            raise errors.OutOfMemoryError("out of memory", where=name)
        for i in range(self.count):
            self.views[i] = view_of(self.owners[i], name, first + i)

    def __dealloc__(self):
        fs_free(self.views)


cdef str text_of(const void *data, size_t size):
    if size == 0:
        return ""
    return PyUnicode_DecodeUTF8(<const char *>data, <Py_ssize_t>size, "strict")


def as_ids(ids) -> np.ndarray:
    """Any sequence of integers as a contiguous int32 array."""
    array = np.asarray(ids)
    if array.size == 0:
        return np.empty(0, np.int32)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise errors.ArgumentTypeError(
            "not a list of ids", where="ids", expected="integers, one dimension",
            found=f"{array.dtype}, {array.ndim} dimensions",
        )
    if array.dtype != np.int32 and (array.min() < -(2**31) or array.max() >= 2**31):
        raise errors.ArgumentError("id not in the vocabulary", where="ids", expected="31-bit integers", found="larger")
    return np.ascontiguousarray(array, np.int32)


cdef class Vocab:
    """Tokens and their ids; never changed once made."""

    cdef fs_vocab v
    cdef readonly list special_ids

    def __cinit__(self, tokens, specials=()):
        cdef fs_error err
        cdef int32_t id
        cdef Py_ssize_t i
        cdef _Views views = _Views(tokens, "tokens")
        check(fs_vocab_init(&self.v, _hash_key, &err), &err)
        for i in range(views.count):
            check(fs_vocab_add(&self.v, views.views[i], &id, &err), &err)
            if id != i:
                raise errors.ArgumentError(
                    "duplicate token", where=f"tokens[{i}]", expected="each token once",
                    found=f"{views.owners[i]!r:.60}, which is tokens[{id}]",
                )
        self.special_ids = []
        for token in specials:
            id = self.id(token)
            if id < 0:
                raise errors.ArgumentError("not a token", where="specials", found=f"{token!r:.60}")
            check(fs_vocab_mark_special(&self.v, id, &err), &err)
            self.special_ids.append(id)

    def __dealloc__(self):
        fs_vocab_free(&self.v)

    def __len__(self):
        return self.v.count

    def id(self, token) -> int:
        """-1 when it is not there."""
        cdef fs_text view = view_of(token, "token", -1)
        return fs_vocab_find(&self.v, view.data, view.size)

    def ids(self, tokens) -> np.ndarray:
        """int32, -1 for those that are not there."""
        cdef _Views views = _Views(tokens, "tokens")
        out = np.empty(views.count, np.int32)
        cdef int32_t[::1] c_out = out
        cdef Py_ssize_t i
        with nogil:
            for i in range(views.count):
                c_out[i] = fs_vocab_find(&self.v, views.views[i].data, views.views[i].size)
        return out

    def token(self, int64_t id) -> str:
        cdef fs_text token
        if not 0 <= id < self.v.count:
            raise errors.ArgumentError(
                "id not in the vocabulary", where="id", expected=f"0 to {self.v.count - 1}", found=str(id)
            )
        token = fs_vocab_token(&self.v, <int32_t>id)
        return text_of(token.data, token.size)

    def tokens(self, ids=None) -> list:
        """All of them when ids is None."""
        return [self.token(id) for id in (range(self.v.count) if ids is None else as_ids(ids))]

    def join(self, ids, str separator, bint skip_special) -> str:
        """The tokens of ids, the separator between them."""
        ids = as_ids(ids)
        return self.join_batch(ids, np.array([0, len(ids)]), separator, skip_special)[0]

    def join_batch(self, ids, offsets, str separator, bint skip_special) -> list:
        """The same for every text of a batch."""
        cdef const int32_t[::1] c_ids = as_ids(ids)
        cdef const int64_t[::1] c_offsets = _checked_offsets(offsets, c_ids.shape[0])
        cdef fs_text join = view_of(separator, "join", -1)
        cdef const int32_t *first = &c_ids[0] if c_ids.shape[0] else NULL
        cdef int64_t i, begin = 0, count = c_offsets.shape[0] - 1
        cdef int64_t[::1] c_ends = np.empty(count + 1, np.int64)
        cdef fs_buffer out
        cdef fs_error err
        cdef fs_status st
        cdef list texts = []
        memset(&out, 0, sizeof(out))
        try:
            with nogil:
                st = fs_vocab_join(&self.v, first, &c_offsets[0], count, join, skip_special, &out, &c_ends[0], &err)
            check(st, &err)
            for i in range(count):
                texts.append(text_of(<const char *>out.data + begin, <size_t>(c_ends[i] - begin)))
                begin = c_ends[i]
            return texts
        finally:
            fs_buffer_free(&out)


def _checked_offsets(offsets, int64_t total) -> np.ndarray:
    """Offsets as int64, from 0 to `total` without a step back."""
    array = np.ascontiguousarray(offsets, np.int64)
    if array.ndim != 1 or not len(array) or array[0] != 0 or array[-1] != total or (np.diff(array) < 0).any():
        raise errors.ArgumentError(
            "bad offsets", where="offsets", expected=f"rising from 0 to {total}", found=f"{array.tolist()!s:.60}"
        )
    return array


cdef offsets_of(const fs_encoded *e):
    """Its offsets as an array of their own."""
    offsets = np.empty(e.count + 1, np.int64)
    cdef int64_t[::1] c_offsets = offsets
    memcpy(&c_offsets[0], e.offsets, <size_t>c_offsets.shape[0] * sizeof(int64_t))
    return offsets


cdef int _rule(str value, tuple rules, str name) except -1:
    if value not in rules:
        raise errors.ArgumentError("unknown choice", where=name, expected=", ".join(rules), found=repr(value))
    return rules.index(value)


cdef class TextEncoder:
    """How texts become ids; never changed once made."""

    cdef fs_encoder e
    cdef object vocab, prepend, append

    def __cinit__(
        self, Vocab vocab, *, str split, bint lowercase=False, str keep="all", bint punctuation=True,
        str unknown="error", int32_t unknown_id=-1, bint allow_special=False, prepend=(), append=(),
    ):
        cdef int32_t[::1] ids
        memset(&self.e, 0, sizeof(self.e))
        self.vocab = vocab
        if vocab is not None:
            self.e.vocab = &vocab.v
        fs_map_rules_init(&self.e.map, lowercase, <fs_keep>_rule(keep, KEEP_RULES, "keep"))
        self.e.split = <fs_split_rule>_rule(split, SPLIT_RULES, "split")
        self.e.punctuation = punctuation
        self.e.unknown = <fs_unknown>_rule(unknown, UNKNOWN_RULES, "unknown")
        self.e.unknown_id = unknown_id
        self.e.allow_special = allow_special
        self.prepend, self.append = as_ids(prepend), as_ids(append)
        if len(self.prepend):
            ids = self.prepend
            self.e.prepend, self.e.prepend_count = &ids[0], <int32_t>ids.shape[0]
        if len(self.append):
            ids = self.append
            self.e.append, self.e.append_count = &ids[0], <int32_t>ids.shape[0]
        self._check(vocab)

    def _check(self, Vocab vocab):
        """Ids that C is to give out unseen are those of tokens."""
        count = 0 if vocab is None else len(vocab)
        outside = [id for id in (*self.prepend, *self.append) if not 0 <= id < count]
        if UNKNOWN_RULES[self.e.unknown] == "map" and vocab is not None and not 0 <= self.e.unknown_id < count:
            outside.append(self.e.unknown_id)
        if outside:
            raise errors.ArgumentError(
                "id not in the vocabulary", where="prepend, append or unknown_id", expected=f"0 to {count - 1}",
                found=str(outside[0]),
            )

    cdef fs_encoded encoded(self, _Views views, unsigned int want, threads) except *:
        cdef fs_encoded out
        cdef fs_error err
        cdef fs_status st
        cdef Run run = Run(threads)
        with nogil:
            st = fs_encode(&self.e, views.views, views.count, want, &run.run, &out, &err)
        run.check(st, &err)
        return out

    def encode(self, texts, *, threads=None, bint bare=False, str spans=None) -> tuple:
        """(ids, offsets, spans or None); spans: "characters" or "bytes"."""
        cdef fs_encoded out
        cdef int32_t[::1] c_ids
        cdef int32_t[:, ::1] c_spans
        cdef unsigned int want = FS_WANT_IDS | (FS_WANT_BARE if bare else 0)
        if spans is not None:
            want |= FS_WANT_CHARACTER_SPANS if _rule(spans, ("characters", "bytes"), "spans") == 0 else FS_WANT_BYTE_SPANS
        cdef _Views views = _Views(texts, "texts")
        out = self.encoded(views, want, threads)
        try:
            offsets = offsets_of(&out)
            c_ids = ids = np.empty(out.offsets[out.count], np.int32)
            c_spans = places = np.empty((len(ids) if spans is not None else 0, 2), np.int32)
            with nogil:
                if c_ids.shape[0]:
                    fs_encoded_ids(&out, &c_ids[0])
                if c_spans.shape[0]:
                    fs_encoded_spans(&out, &c_spans[0, 0])
        finally:
            fs_encoded_free(&out)
        return ids, offsets, places if spans is not None else None

    def encode_one(self, text, *, bint bare=False) -> list:
        """The ids of one text; the short way for short texts."""
        cdef fs_text view = view_of(text, "text", -1)
        cdef unsigned int want = FS_WANT_IDS | (FS_WANT_BARE if bare else 0)
        cdef fs_text_block block
        cdef fs_error err
        cdef fs_status st
        cdef size_t i
        memset(&block, 0, sizeof(block))
        try:
            with nogil:
                st = fs_encode_text(&self.e, view, want, &block, &err)
            check(st, &err)
            return [(<int32_t *>block.ids.data)[i] for i in range(block.ids.size // sizeof(int32_t))]
        finally:
            fs_text_block_free(&block)

    def counts(self, texts, *, threads=None, bint bare=False) -> np.ndarray:
        """How many tokens each text has, int64, without making them."""
        cdef _Views views = _Views(texts, "texts")
        cdef fs_encoded out = self.encoded(views, FS_WANT_BARE if bare else 0, threads)
        try:
            offsets = offsets_of(&out)
        finally:
            fs_encoded_free(&out)
        return np.diff(offsets)

    def pieces(self, texts, *, threads=None, bint bare=False) -> list:
        """The pieces of each text as they are looked up, a list of lists of str."""
        cdef _Views views = _Views(texts, "texts")
        cdef fs_encoded out = self.encoded(views, FS_WANT_PIECES | (FS_WANT_BARE if bare else 0), threads)
        cdef int64_t block, i, begin, end
        cdef const char *data
        cdef int64_t *ends
        try:
            flat = []
            for block in range(out.block_count):
                data = <const char *>out.blocks[block].pieces.data
                ends = <int64_t *>out.blocks[block].ends.data
                begin = 0
                for i in range(<int64_t>(out.blocks[block].ends.size // sizeof(int64_t))):
                    end = ends[i]
                    flat.append(text_of(data + begin if end > begin else NULL, <size_t>(end - begin)))
                    begin = end
            return [flat[out.offsets[i]:out.offsets[i + 1]] for i in range(out.count)]
        finally:
            fs_encoded_free(&out)


cdef class PieceCounter:
    """Counts the pieces of a corpus that comes in parts."""

    cdef fs_counter c
    cdef object lock

    def __cinit__(self, *, str split, bint lowercase=False, str keep="all", bint punctuation=True):
        cdef TextEncoder rules = TextEncoder(None, split=split, lowercase=lowercase, keep=keep, punctuation=punctuation)
        cdef fs_error err
        self.lock = threading.Lock()
        check(fs_counter_init(&self.c, &rules.e, _hash_key, &err), &err)

    def __dealloc__(self):
        fs_counter_free(&self.c)

    def __len__(self):
        return self.c.pieces.count

    def add(self, texts, Py_ssize_t first=0) -> None:
        """Each text of a list; `first` is the place of its first one, for errors."""
        cdef _Views views = _Views(texts, "texts", first)
        cdef fs_error err
        cdef fs_status st = FS_OK
        cdef Py_ssize_t i
        with self.lock:
            with nogil:
                for i in range(views.count):
                    st = fs_counter_add(&self.c, views.views[i], &err)
                    if st != FS_OK:
                        break
            check(st, &err)

    def add_lines(self, bytes block not None) -> int:
        """Each line of UTF-8 bytes. When they are not valid, nothing is counted and the place of the first wrong
        byte is given; otherwise -1."""
        cdef fs_text view
        cdef size_t valid = 0
        cdef fs_error err
        cdef fs_status st
        view.data, view.size = <const uint8_t *><const char *>block, <size_t>len(block)
        with self.lock:
            with nogil:
                st = fs_counter_add_lines(&self.c, view, &valid, &err)
        if st == FS_ERR_FORMAT:
            return valid
        check(st, &err)
        return -1

    def ranked(self, int64_t least=1) -> tuple:
        """(pieces, counts) seen at least that often: most often first, ties in the order of code points."""
        cdef fs_buffer order
        cdef fs_error err
        cdef fs_status st
        cdef int32_t *ids
        cdef int64_t *counts
        cdef fs_text piece
        cdef int64_t i, n
        memset(&order, 0, sizeof(order))
        with self.lock:
            try:
                with nogil:
                    st = fs_counter_order(&self.c, least, &order, &err)
                check(st, &err)
                ids = <int32_t *>order.data
                counts = <int64_t *>self.c.counts.data
                n = <int64_t>(order.size // sizeof(int32_t))
                pieces = []
                for i in range(n):
                    piece = fs_vocab_token(&self.c.pieces, ids[i])
                    pieces.append(text_of(piece.data, piece.size))
                return pieces, [counts[ids[i]] for i in range(n)]
            finally:
                fs_buffer_free(&order)
