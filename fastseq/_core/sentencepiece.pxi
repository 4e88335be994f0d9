# SentencePiece models.

cdef extern from "text/sentencepiece/sp_encode.h" nogil:
    int FS_PIECES_UNIGRAM
    ctypedef struct fs_pieces:
        int kind
        int byte_fallback
        int32_t count
        int32_t unknown
    int FS_PIECE_CONTROL
    fs_text fs_pieces_text(const fs_pieces *p, int32_t id)
    double fs_pieces_score(const fs_pieces *p, int32_t id)
    int fs_pieces_type(const fs_pieces *p, int32_t id)
    ctypedef struct fs_charsmap:
        uint32_t *units
        size_t unit_count
        uint8_t *blob
        size_t blob_size
    ctypedef struct fs_sp_rules:
        fs_charsmap map
        int dummy_prefix
        int suffix
        int remove_spaces
        int escape
    ctypedef struct fs_sp_model:
        fs_pieces pieces
        fs_sp_rules rules
        fs_sp_rules back
        fs_buffer unknown_text
        int32_t bos
        int32_t eos
        int32_t pad
    ctypedef struct fs_sp_encoder:
        fs_sp_model model
        fs_buffer prepend
        fs_buffer append
    void fs_sp_encoder_free(fs_sp_encoder *e)
    fs_status fs_sp_load(fs_sp_model *m, fs_hash_key key, fs_text file, fs_error *err)
    int32_t fs_sp_cut(const fs_text_call *call, fs_text text, unsigned int want, int32_t at)
    fs_status fs_sp_job(const fs_text_call *call, fs_text text, int64_t place, unsigned int want,
                        fs_text_block *block, int64_t *tokens)
    fs_status fs_sp_block_job(const fs_text_call *call, const fs_text *texts, unsigned int want, fs_text_block *block,
                              int64_t *tokens)
    fs_status fs_sp_decode(const fs_sp_encoder *e, const int32_t *ids, int64_t n, fs_buffer *out, fs_error *err)
    fs_status fs_sp_prepare(const fs_sp_encoder *e, fs_text text, fs_buffer *out, fs_error *err)


cdef dict _rules_of(const fs_sp_rules *r):
    charsmap = b""
    if r.map.units is not NULL:
        units = np.array([r.map.units[i] for i in range(r.map.unit_count)], "<u4").tobytes()
        charsmap = len(units).to_bytes(4, "little") + units + (<const char *>r.map.blob)[:r.map.blob_size]
    return {
        "precompiled_charsmap": charsmap, "add_dummy_prefix": bool(r.dummy_prefix),
        "remove_extra_whitespaces": bool(r.remove_spaces), "escape_whitespaces": bool(r.escape),
    }


cdef class SentencePieceEncoder(Encoder):
    """A SentencePiece model; never changed once made."""

    cdef fs_sp_encoder e
    cdef dict ids  # of `token_id`, once it was asked

    def __cinit__(self, file):
        cdef fs_error err
        cdef fs_status st
        cdef fs_text view
        cdef const uint8_t[::1] data = file
        memset(&self.e, 0, sizeof(self.e))
        self.job, self.together, self.encoder = fs_sp_job, fs_sp_block_job, &self.e
        self.cut = fs_sp_cut
        view.data, view.size = &data[0] if data.shape[0] else NULL, <size_t>data.shape[0]
        with nogil:
            st = fs_sp_load(&self.e.model, _hash_key, view, &err)
        check(st, &err)

    def __dealloc__(self):
        fs_sp_encoder_free(&self.e)

    def __len__(self):
        return self.e.model.pieces.count

    def special(self) -> tuple:
        """Ids of the unknown, the first, the last and the padding piece; -1: none."""
        return self.e.model.pieces.unknown, self.e.model.bos, self.e.model.eos, self.e.model.pad

    def around(self, prepend, append) -> None:
        """Sets the ids around every text; before the first call alone."""
        self._fix(&self.e.prepend, prepend)
        self._fix(&self.e.append, append)
        self.before, self.behind = len(prepend), len(append)

    cdef int _fix(self, fs_buffer *where, ids) except -1:
        cdef fs_error err
        cdef int32_t id
        for each in ids:
            id = each
            check(fs_buffer_append(where, &id, sizeof(id), &err), &err)
        return 0

    def piece(self, int64_t id) -> tuple | None:
        """(text, score, type) of a piece; None when there is none of that id."""
        cdef fs_text text
        if not 0 <= id < self.e.model.pieces.count:
            return None
        text = fs_pieces_text(&self.e.model.pieces, <int32_t>id)
        return (
            text_of(text.data, text.size), fs_pieces_score(&self.e.model.pieces, <int32_t>id),
            fs_pieces_type(&self.e.model.pieces, <int32_t>id),
        )

    def token_id(self, str token) -> int:
        """The lowest id of a piece that is spelled so; -1: none."""
        cdef int32_t id
        if self.ids is None:
            self.ids = {self.piece(id)[0]: id for id in reversed(range(self.e.model.pieces.count))}
        return self.ids.get(token, -1)

    def settings(self) -> dict:
        """What the model says besides its pieces, by the names of the file's fields; character maps as bytes."""
        cdef const fs_sp_model *m = &self.e.model
        return {
            "unigram": m.pieces.kind == FS_PIECES_UNIGRAM, "byte_fallback": bool(m.pieces.byte_fallback),
            "treat_whitespace_as_suffix": bool(m.rules.suffix),
            "unk_surface": text_of(m.unknown_text.data, m.unknown_text.size),
            "normalizer": _rules_of(&m.rules), "denormalizer": _rules_of(&m.back),
        }

    def decode(self, ids) -> str:
        """The text of ids."""
        array = as_ids(ids)
        cdef const int32_t *first = <const int32_t *><size_t>array.ctypes.data
        cdef int64_t n = len(array)
        cdef fs_buffer out
        cdef fs_error err
        cdef fs_status st
        memset(&out, 0, sizeof(out))
        try:
            with nogil:
                st = fs_sp_decode(&self.e, first, n, &out, &err)
            check(st, &err)
            return text_of(out.data, out.size)
        finally:
            fs_buffer_free(&out)

    def normalize(self, text) -> str:
        """The text as the model sees it."""
        cdef fs_text view = view_of_any(text, "text", -1)
        cdef fs_buffer out
        cdef fs_error err
        cdef fs_status st
        memset(&out, 0, sizeof(out))
        try:
            with nogil:
                st = fs_sp_prepare(&self.e, view, &out, &err)
            check(st, &err)
            return text_of(out.data, out.size)
        finally:
            fs_buffer_free(&out)
