# Vocabularies.
import os

from fastseq.lazy import np

from libc.string cimport memset

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


def as_ids(ids) -> np.ndarray:
    """A sequence or an iterator of integers as a contiguous int32 array."""
    array = np.asarray(list(ids) if hasattr(ids, "__next__") else ids)
    if array.size == 0:
        return np.empty(0, np.int32)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise errors.ArgumentTypeError(
            "not a list of ids", where="ids", expected="integers, one dimension",
            found=f"{array.dtype}, {array.ndim} dimensions",
        )
    if array.dtype != np.int32 and (array.min() < -(2**31) or array.max() >= 2**31):
        place = int(np.flatnonzero((array < -(2**31)) | (array >= 2**31))[0])
        raise errors.ArgumentError(
            "id not in the vocabulary", where=f"ids[{place}]", expected="an id of it", found=str(array[place])
        )
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
                    found=f"{views.text(i)!r:.60}, which is tokens[{id}]",
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
