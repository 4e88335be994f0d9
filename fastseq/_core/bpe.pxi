# Byte-pair encoding.
# In the order of the C enum.
SCAN_RULES = ("whole", "gpt2", "smollm", "cl100k", "llama3", "qwen2", "o200k", "tekken", "deepseek")
assert len(SCAN_RULES) == FS_SCAN_COUNT


def class_version() -> str:
    """The Unicode version of the classes that the patterns ask for."""
    return _text(fs_class_version)


def probe_class(int code) -> int:
    """The class of a code point (csrc/text/classes.h); for tests only."""
    if not 0 <= code < 0x110000:
        raise errors.ArgumentError("not a code point", where="code", expected="0 to 0x10ffff", found=hex(code))
    return fs_class_of(code)


cdef list _ids_of(const fs_buffer *ids):
    """Those of a buffer of int32."""
    return fs_list_of(<const int32_t *>ids.data, <Py_ssize_t>(ids.size // sizeof(int32_t)))


cdef class BpeEncoder(Encoder):
    """A byte-level vocabulary with its merges, and how texts are cut for it; never changed once made.

    pattern: a rule of SCAN_RULES, or a function that gives the matches in a text, (begin, end) in characters.
    """

    cdef fs_bpe_encoder e
    cdef object finder
    cdef dict others  # of `token_id`, once it has asked for them
    cdef readonly Normalizer normalizer

    def __cinit__(
        self, *, pattern, ranks=None, saved=None, tokens=None, ids=None, merges=None, bint ignore_merges=False, markers=(),
        bint prefix_space=False, prepend=(), append=(), Normalizer normalizer=None, str isa=None,
    ):
        cdef fs_error err
        memset(&self.e, 0, sizeof(self.e))
        self.job, self.encoder = fs_bpe_job, &self.e
        self.units = ("characters", "bytes", "words")
        self.cut, self.markers = fs_bpe_cut, &self.e.markers
        if callable(pattern):
            self.finder, pattern = pattern, "whole"
            self.e.outside.find, self.e.outside.ctx = _find_matches, <void *>self.finder
        self.e.rule = _rule(pattern, SCAN_RULES, "pattern")
        self.e.scan = fs_scan_for(kernels_named(isa).isa)
        self.e.prefix_space = prefix_space
        self.normalizer = normalizer
        if normalizer is not None:
            if prefix_space:
                raise errors.UnsupportedError("not supported", where="normalizer", found="a space before normalized text")
            self.e.normalizer = &normalizer.n
        if ranks is not None:
            self._read_ranks(ranks)
        elif saved is not None:
            self._read_saved(saved)
        else:
            self._read_merges(tokens, ids, merges, ignore_merges)
        self.e.model.merge_rows = fs_bpe_merge_rows_for(kernels_named(isa).isa)
        check(fs_markers_init(&self.e.markers, _hash_key, &err), &err)
        for spelling, id, flags in markers:
            if not 0 <= id < 2**24:
                raise errors.FormatError("id out of range", where=f"{spelling!r:.60}", expected="0 to 16777215", found=str(id))
            check(fs_markers_add(&self.e.markers, view_of(spelling, "markers", -1), id, flags, &err), &err)
            self.note_marker(flags)
        check(fs_bpe_note_markers(&self.e, &err), &err)
        if prepend:  # ids become an array, for which NumPy is imported
            self._fix(&self.e.prepend, prepend)
        if append:
            self._fix(&self.e.append, append)
        self.before, self.behind = len(prepend), len(append)

    def __dealloc__(self):
        fs_bpe_encoder_free(&self.e)

    def _read_ranks(self, bytes ranks not None):
        cdef fs_error err
        cdef fs_status st
        cdef fs_text file
        file.data, file.size = <const uint8_t *>PyBytes_AS_STRING(ranks), <size_t>len(ranks)
        with nogil:
            st = fs_bpe_from_ranks(&self.e.model, _hash_key, file, &err)
        check(st, &err)

    def _read_saved(self, const uint8_t[::1] saved):
        cdef fs_error err
        cdef fs_status st
        cdef fs_text file
        file.data, file.size = &saved[0] if saved.shape[0] else NULL, <size_t>saved.shape[0]
        with nogil:
            st = fs_bpe_from_saved(&self.e.model, _hash_key, file, &err)
        check(st, &err)

    def _read_merges(self, tokens, ids, merges, bint ignore_merges):
        cdef fs_error err
        cdef fs_status st
        cdef fs_bpe_parts parts
        cdef _Views token_views = _Views(tokens, "vocab"), merge_views = _Views(merges, "merges")
        cdef int32_t[::1] c_ids = as_ids(ids)
        parts.tokens, parts.count = token_views.views, token_views.count
        parts.ids = &c_ids[0] if c_ids.shape[0] else NULL
        parts.merges, parts.merge_count = merge_views.views, merge_views.count // 2
        parts.ignore_merges = ignore_merges
        with nogil:
            st = fs_bpe_from_merges(&self.e.model, _hash_key, &parts, &err)
        check(st, &err)

    cdef int _fix(self, fs_buffer *where, ids) except -1:
        cdef fs_error err
        cdef int32_t[::1] c_ids = as_ids(ids)
        cdef int special
        for id in ids:
            if fs_bpe_bytes(&self.e, id, &special).data == NULL:
                raise errors.FormatError("id not in the vocabulary", where="prepend or append", found=str(id))
        if c_ids.shape[0]:
            check(fs_buffer_append(where, &c_ids[0], c_ids.shape[0] * sizeof(int32_t), &err), &err)
        return 0

    def decode(self, ids, bint skip_special) -> bytes:
        """The bytes of ids, one behind the other."""
        cdef fs_buffer out
        memset(&out, 0, sizeof(out))
        try:
            self._decode(ids, skip_special, &out)
            return (<const char *>out.data)[:out.size] if out.size else b""
        finally:
            fs_buffer_free(&out)

    def decode_text(self, ids, bint skip_special, str how not None) -> str:
        """The text of ids; `how`: what becomes of bytes that are not UTF-8, as `bytes.decode` has it."""
        cdef fs_buffer out
        cdef bytes c_how = how.encode()
        cdef const int32_t[::1] c_ids = as_ids(ids)
        cdef const int32_t *first = &c_ids[0] if c_ids.shape[0] else NULL
        cdef int64_t n = c_ids.shape[0]
        cdef int one = 1
        cdef int order = -1 if (<const char *>&one)[0] else 1  # the machine's, said so that no mark of order is looked for
        cdef fs_bpe_text found
        memset(&out, 0, sizeof(out))
        try:
            with nogil:
                found = fs_bpe_decode_units(&self.e, first, n, skip_special, &out)
            if found == FS_BPE_TEXT_UCS2:
                return PyUnicode_FromKindAndData(PyUnicode_2BYTE_KIND, out.data, <Py_ssize_t>(out.size // 2))
            if found == FS_BPE_TEXT_UTF16:
                return PyUnicode_DecodeUTF16(<const char *>out.data, <Py_ssize_t>out.size, "strict", &order)
            out.size = 0
            self._decode(c_ids, skip_special, &out)
            return text_of(out.data, out.size, c_how)
        finally:
            fs_buffer_free(&out)

    cdef int _decode(self, ids, bint skip_special, fs_buffer *out) except -1:
        cdef const int32_t[::1] c_ids = as_ids(ids)
        cdef const int32_t *first = &c_ids[0] if c_ids.shape[0] else NULL
        cdef int64_t n = c_ids.shape[0]
        cdef fs_error err
        cdef fs_status st
        with nogil:
            st = fs_bpe_decode(&self.e, first, n, skip_special, out, &err)
        return check(st, &err)

    def token(self, int64_t id) -> bytes | None:
        """The bytes of one id, as `decode` has them; None when there is no such id."""
        cdef int special
        cdef fs_text token
        if not 0 <= id < 2**31:
            return None
        token = fs_bpe_bytes(&self.e, <int32_t>id, &special)
        return None if token.data == NULL else (<const char *>token.data)[:token.size]

    def token_id(self, bytes spelling) -> int:
        """The id of the token of these bytes, of several the first of the file that texts may come to; -1: none."""
        cdef fs_text token
        cdef int32_t found
        token.data, token.size = <const uint8_t *>PyBytes_AS_STRING(spelling), <size_t>len(spelling)
        found = fs_bpe_find(&self.e.model, token) if token.size else -1
        if found >= 0:
            return self.e.model.ids[found]
        if self.others is None:
            self.others = self._not_found()
        return self.others.get(spelling, -1)

    cdef dict _not_found(self):
        """Tokens to ids of those that no text comes to."""
        cdef fs_text token
        cdef int special
        cdef int64_t i
        cdef dict others = {}
        for i in range(self.e.model.count):
            token = fs_bpe_bytes(&self.e, self.e.model.ids[i], &special)
            if token.size and fs_bpe_find(&self.e.model, token) != i:
                others.setdefault((<const char *>token.data)[:token.size], self.e.model.ids[i])
        return others

    def save(self) -> bytes:
        """The vocabulary as a file (csrc/text/bpe_saved.h)."""
        cdef fs_buffer out
        cdef fs_error err
        cdef fs_status st
        memset(&out, 0, sizeof(out))
        try:
            with nogil:
                st = fs_bpe_save(&self.e.model, &out, &err)
            check(st, &err)
            return (<const char *>out.data)[:out.size]
        finally:
            fs_buffer_free(&out)

    def cutting(self) -> tuple:
        """(pattern as it was given, whether a space goes before a text, ids before it, ids behind it)."""
        return (
            SCAN_RULES[self.e.rule] if self.finder is None else self.finder, bool(self.e.prefix_space), _ids_of(&self.e.prepend), _ids_of(&self.e.append),
        )

    def ids(self) -> np.ndarray:
        """The ids of the vocabulary, without the markers, in the order of the file."""
        cdef int32_t[::1] ids = np.empty(self.e.model.count, np.int32)
        if ids.shape[0]:
            memcpy(&ids[0], self.e.model.ids, <size_t>ids.shape[0] * sizeof(int32_t))
        return np.asarray(ids)

    def cuts(self, text) -> list:
        """Where in the text, in bytes, the pieces end that it is cut into."""
        cdef fs_text view = view_of_any(text, "text", -1)
        cdef int32_t[::1] room = np.empty(FS_SCAN_ROOM * 4, np.int32)
        cdef int32_t at = 0, n
        cdef list out = []
        while True:
            n = self.e.scan(self.e.rule, view.data, <int32_t>view.size, &at, &room[0], FS_SCAN_ROOM * 3)
            if n == 0:
                return out
            out += fs_list_of(&room[0], n)
