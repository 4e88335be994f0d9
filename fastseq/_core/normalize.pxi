# Normalizers.
from libc.string cimport memset

cdef extern from "text/normalize/normalize.h" nogil:
    ctypedef int fs_normalize_kind
    int FS_NORMALIZE_KIND_COUNT
    ctypedef struct fs_normalized:
        const uint8_t *data
        int32_t size
        int unchanged
        const int32_t *begin
        const int32_t *end
    ctypedef struct fs_normalize_scratch:
        pass
    fs_status fs_normalizer_add(fs_normalizer *n, fs_normalize_kind kind, unsigned int options, int32_t least,
                                fs_text pattern, fs_text content, fs_error *err)
    void fs_normalizer_free(fs_normalizer *n)
    fs_status fs_normalize(const fs_normalizer *n, fs_text text, int want_spans, fs_normalize_scratch *s,
                           fs_normalized *out, fs_error *err)
    void fs_normalize_scratch_free(fs_normalize_scratch *s)

cdef extern from "text/normalize/normalize_data.h" nogil:
    const char *fs_normal_version
    ctypedef struct fs_normal:
        uint8_t combining
        uint8_t checks
        uint8_t kinds
    const fs_normal *fs_normal_of(unsigned int c)

# In the order of fs_normalize_kind; then the bits of fs_normalize_step.options, by kind.
NORMALIZE_KINDS = (
    "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "BertNormalizer", "Nmt", "ByteLevel", "Strip", "Prepend",
    "Replace", "runs", "Precompiled",
)
NORMALIZE_OPTIONS = {
    "BertNormalizer": ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"),
    "Strip": ("left", "right"),
    "runs": ("spaces", "white_space"),
}
assert len(NORMALIZE_KINDS) == FS_NORMALIZE_KIND_COUNT


def probe_normal(int code) -> tuple:
    """(canonical combining class, checks, kinds) of a code point, as normalize_data.h has them; for tests only."""
    if not 0 <= code < 0x110000:
        raise errors.ArgumentError("not a code point", where="code", expected="0 to 0x10ffff", found=hex(code))
    cdef const fs_normal *n = fs_normal_of(code)
    return n.combining, n.checks, n.kinds


def normal_version() -> str:
    """The Unicode version of the normalization forms."""
    return _text(fs_normal_version)


cdef class Normalizer:
    """Steps that a text goes through before it is cut; never changed once made.

    Each step is a dict: `kind`, of NORMALIZE_KINDS; `options`, names of NORMALIZE_OPTIONS that are on; `least`, of
    runs; `pattern` (str); `content` (str, or the bytes of a character map).
    """

    cdef fs_normalizer n

    def __cinit__(self, steps):
        for place, step in enumerate(steps):
            try:
                self._add(step)
            except errors.FastseqError as error:
                raise error.within(f"steps[{place}]") from None

    def _add(self, step):
        cdef fs_error err
        cdef fs_text pattern, content
        cdef unsigned int options = 0
        cdef int kind = _rule(step["kind"], NORMALIZE_KINDS, "kind")
        pattern_owner, content_owner = step.get("pattern", ""), step.get("content", "")
        for option in step.get("options", ()):
            options |= 1 << _rule(option, NORMALIZE_OPTIONS.get(step["kind"], ()), "options")
        pattern = view_of(pattern_owner, "pattern", -1)
        if isinstance(content_owner, bytes):
            content.data = <const uint8_t *>PyBytes_AS_STRING(content_owner)
            content.size = <size_t>PyBytes_GET_SIZE(content_owner)
        else:
            content = view_of(content_owner, "content", -1)
        check(fs_normalizer_add(&self.n, kind, options, step.get("least", 1), pattern, content, &err), &err)

    def __dealloc__(self):
        fs_normalizer_free(&self.n)

    def normalize(self, text) -> str:
        """The text behind all steps."""
        return self._run(text, False)[0]

    def normalize_spans(self, text) -> tuple:
        """(the text behind all steps, int32 [bytes, 2]: which bytes of the text given each of its bytes comes
        from; None when nothing changed)."""
        return self._run(text, True)

    def _run(self, text, bint want_spans):
        cdef fs_text view = view_of_any(text, "text", -1)
        cdef fs_normalize_scratch scratch
        cdef fs_normalized out
        cdef fs_error err
        cdef fs_status st
        cdef int32_t[:, ::1] c_spans
        cdef int32_t i
        memset(&scratch, 0, sizeof(scratch))
        try:
            if view.size > FS_TEXT_MAX:
                raise errors.ArgumentError(
                    "text too long", where="text", expected=f"at most {FS_TEXT_MAX} bytes", found=str(view.size)
                )
            with nogil:
                st = fs_normalize(&self.n, view, want_spans, &scratch, &out, &err)
            check(st, &err)
            if not want_spans or out.unchanged:
                return text_of(out.data, <size_t>out.size), None
            c_spans = spans = np.empty((out.size, 2), np.int32)
            for i in range(out.size):
                c_spans[i, 0], c_spans[i, 1] = out.begin[i], out.end[i]
            return text_of(out.data, <size_t>out.size), spans
        finally:
            fs_normalize_scratch_free(&scratch)
