# What every encoder has in common: texts to ids by a job of csrc/text/encode.h.
from fastseq.lazy import np

from cpython.buffer cimport PyBuffer_FillInfo
from libc.string cimport memcmp, memcpy, memset

cdef extern from *:
    """
    /* A list of ids. The same ids come again and again, so the int of each is made once and then shared: half of the
     * time of encoding a short text would go to making and freeing them. They take 40 bytes an id that ever came. Without
     * the GIL each list has its own. */
    #define FS_SHARED_INTS 262144
    #ifdef Py_GIL_DISABLED
    #define fs_int_of PyLong_FromLong
    #else
    static PyObject *fs_shared_ints[FS_SHARED_INTS];

    static PyObject *fs_int_of(long id) {
        const int shared = id >= 0 && id < FS_SHARED_INTS;
        PyObject *made = shared ? fs_shared_ints[id] : NULL;
        if (!made) {
            made = PyLong_FromLong(id);
            if (!made || !shared) return made;
            fs_shared_ints[id] = made;
        }
        Py_INCREF(made);
        return made;
    }
    #endif

    static PyObject *fs_list_of(const int32_t *ids, Py_ssize_t n) {
        PyObject *out = PyList_New(n);
        Py_ssize_t i;
        for (i = 0; out && i < n; i++) {
            PyObject *id = fs_int_of(ids[i]);
            if (id)
                PyList_SET_ITEM(out, i, id);
            else
                Py_CLEAR(out);
        }
        return out;
    }
    """
    list fs_list_of(const int32_t *ids, Py_ssize_t n)


PART_BYTES = FS_PART_BYTES  # of a part of a long text, about


cdef int _rule(str value, tuple rules, str name) except -1:
    if value not in rules:
        raise errors.ArgumentError("unknown choice", where=name, expected=", ".join(rules), found=repr(value))
    return rules.index(value)


cdef offsets_of(const fs_encoded *e):
    """Its offsets as an array of their own."""
    offsets = np.empty(e.count + 1, np.int64)
    cdef int64_t[::1] c_offsets = offsets
    memcpy(&c_offsets[0], e.offsets, <size_t>c_offsets.shape[0] * sizeof(int64_t))
    return offsets


cdef class _Memory:
    """Bytes made in C, for an array that keeps them."""

    cdef fs_buffer b

    def __dealloc__(self):
        fs_buffer_free(&self.b)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.b.data, <Py_ssize_t>self.b.size, False, flags)


cdef ids_of(fs_encoded *e):
    """All ids of a batch, which gives them up: a copy, unless they are many and lie in one piece."""
    cdef int64_t count = e.offsets[e.count]
    cdef _Memory memory
    cdef int32_t[::1] c_ids
    if count > 4096:
        memory = _Memory()
        fs_encoded_take_ids(e, &memory.b)
        if memory.b.size:
            return np.frombuffer(memory, np.int32)
    ids = np.empty(count, np.int32)
    c_ids = ids
    if count:
        with nogil:
            fs_encoded_ids(e, &c_ids[0])
    return ids


cdef tuple arrays_of(fs_encoded *e, bint spans):
    """(ids, offsets, spans or None) of a batch, which is given up."""
    offsets = offsets_of(e)
    ids = ids_of(e)
    places = np.empty((len(ids) if spans else 0, 2), np.int32)
    cdef int32_t[:, ::1] c_places = places
    if c_places.shape[0]:
        with nogil:
            fs_encoded_spans(e, &c_places[0, 0])
    return ids, offsets, places if spans else None


cdef unsigned int _wanted(str spans, bint bare, tuple units) except? 0:
    cdef unsigned int want = FS_WANT_IDS | (FS_WANT_BARE if bare else 0)
    if spans is not None:
        want |= (FS_WANT_CHARACTER_SPANS, FS_WANT_BYTE_SPANS, FS_WANT_WORD_SPANS)[_rule(spans, units, "spans")]
    return want


cdef class Encoder:
    """Texts to ids; never changed once made. A kind of tokenizer is one of these that sets `job` and what the job
    works on, `encoder`, and offers what else it knows."""

    cdef fs_text_job job
    cdef fs_block_job together
    cdef void *encoder
    cdef fs_part_cut cut
    cdef const fs_markers *markers
    cdef int64_t part
    cdef readonly Py_ssize_t marker_count  # added tokens
    cdef readonly int32_t before, behind  # tokens put around a text
    cdef bytearray usual  # fs_marker_mode of each added token where the caller chose nothing
    cdef bint any_usual  # some of them are found then
    cdef readonly tuple units  # that spans may have
    cdef int64_t most
    cdef bint from_left

    def __cinit__(self, *args, **options):
        self.most = -1
        self.usual = bytearray()
        self.units = ("characters", "bytes")

    cdef int note_marker(self, unsigned int flags) except -1:
        """The next added token: one that is not special is found in every text."""
        self.marker_count += 1
        self.usual.append(FS_MARKER_TEXT if flags & FS_MARKER_SPECIAL else FS_MARKER_TOKEN)
        self.any_usual = self.any_usual or not flags & FS_MARKER_SPECIAL
        return 0

    def cut_off(self, int64_t most, bint from_left) -> None:
        """How many tokens a text has at most when the call does not say it (-1: any number), and at which end what is
        more is cut off; before the first call alone."""
        self.most, self.from_left = most, from_left

    def cut_parts(self, int64_t least) -> None:
        """How many bytes the parts of a long text have at least (0: as the encoder has it); for tests."""
        self.part = least

    cdef fs_text_call usual_call(self) noexcept:
        """As the caller chose nothing."""
        cdef fs_text_call call
        call.encoder, call.together = self.encoder, self.together
        call.modes = <const uint8_t *>PyByteArray_AS_STRING(self.usual) if self.any_usual else NULL
        call.before, call.behind = self.before, self.behind
        call.cut, call.markers, call.part, call.alone = self.cut, self.markers, self.part, False
        call.most, call.from_left = self.most, self.from_left
        return call

    cdef fs_text_call call(self, bytes modes, object most, bint bare) except *:
        """modes: one byte an added token (fs_marker_mode); None: all of them are text. most: None: as `cut_off` says."""
        cdef fs_text_call call = self.usual_call()
        call.modes = NULL
        if most is not None:
            call.most = most
        if 0 <= call.most < (0 if bare else self.before + self.behind):
            raise errors.ArgumentError(
                "no room for the tokens around a text", where="max_length",
                expected=f"at least {self.before + self.behind}", found=str(call.most),
            )
        if modes is not None and self.marker_count > 0:
            if len(modes) != self.marker_count:
                raise errors.ArgumentError(
                    "wrong size", where="modes", expected=str(self.marker_count), found=str(len(modes))
                )
            call.modes = <const uint8_t *>PyBytes_AS_STRING(modes)
        return call

    cdef fs_encoded encoded(self, texts, bytes modes, unsigned int want, threads, most=None, bint alone=False) except *:
        cdef fs_encoded out
        cdef fs_error err
        cdef fs_status st
        cdef fs_text_call call = self.call(modes, most, want & FS_WANT_BARE)
        cdef _Views views = _Views(texts, "text" if alone else "texts", -1 if alone else 0, True)
        cdef Run run = Run(threads)
        call.alone = alone
        with nogil:
            st = fs_encode_batch(self.job, &call, views.views, views.count, want, &run.run, &out, &err)
        run.check(st, &err)
        return out

    def encode(self, texts, *, threads=None, bint bare=False, str spans=None, bytes modes=None, most=None) -> tuple:
        """(ids, offsets, spans or None); spans: of `units`."""
        cdef fs_encoded out = self.encoded(texts, modes, _wanted(spans, bare, self.units), threads, most)
        try:
            return arrays_of(&out, spans is not None)
        finally:
            fs_encoded_free(&out)

    def encode_one(self, text, *, bint bare=False, bytes modes=None, most=None) -> list:
        """The ids of one text; the short way for short texts."""
        cdef fs_text view = view_of_any(text, "text", -1)
        cdef unsigned int want = FS_WANT_IDS | (FS_WANT_BARE if bare else 0)
        cdef fs_text_call call = self.call(modes, most, bare)
        if self.is_long(view):
            return self._encode_long(text, want, modes, most)
        return self._encode_short(view, &call, want)

    @cython.binding(False)
    @cython.always_allow_keywords(False)
    def encode_usual(self, text) -> list:
        """The same where the caller chose nothing: what most calls are, and nothing to look at but the text."""
        cdef fs_text view = view_of_any(text, "text", -1)
        cdef fs_text_call call = self.usual_call()
        if 0 <= call.most < self.before + self.behind or self.is_long(view):
            return self.encode_one(text, modes=bytes(self.usual) if self.any_usual else None)
        return self._encode_short(view, &call, FS_WANT_IDS)

    cdef bint is_long(self, fs_text view) noexcept:
        return <int64_t>view.size >= 2 * (self.part if self.part else FS_PART_BYTES)

    cdef list _encode_short(self, fs_text view, const fs_text_call *call, unsigned int want):
        cdef fs_text_block block
        cdef fs_status st
        cdef int64_t tokens
        fs_text_block_begin(&block)
        try:
            with nogil:
                st = fs_encode_text(self.job, call, view, -1, want, &block, &tokens)
            check(st, &block.error)
            return fs_list_of(<int32_t *>block.ids.data, tokens)
        finally:
            fs_text_block_free(&block)

    cdef list _encode_long(self, text, unsigned int want, bytes modes, most):
        """The same by several threads."""
        cdef fs_encoded out = self.encoded([text], modes, want, None, most, True)
        cdef const int32_t[::1] ids
        try:
            ids = ids_of(&out)
            return fs_list_of(&ids[0] if ids.shape[0] else NULL, ids.shape[0])
        finally:
            fs_encoded_free(&out)

    def counts(self, texts, *, threads=None, bint bare=False, bytes modes=None, most=None) -> np.ndarray:
        """How many tokens each text has, int64, without keeping them."""
        cdef fs_encoded out = self.encoded(texts, modes, FS_WANT_BARE if bare else 0, threads, most)
        try:
            offsets = offsets_of(&out)
        finally:
            fs_encoded_free(&out)
        return np.diff(offsets)
