# Encoding and counting.
import threading

import numpy as np

from libc.string cimport memcpy, memset

# In the order of the C enums.
SPLIT_RULES = ("characters", "words", "whitespace", "space", "none")
KEEP_RULES = ("all", "ascii_letters", "ascii_alphanumeric", "letters", "alphanumeric")
UNKNOWN_RULES = ("error", "map", "drop")
assert len(SPLIT_RULES) == FS_SPLIT_COUNT and len(KEEP_RULES) == FS_KEEP_COUNT

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
