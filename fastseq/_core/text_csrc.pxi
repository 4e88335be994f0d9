# csrc/text as Cython sees it, name for name.
cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    str PyUnicode_DecodeUTF8(const char *s, Py_ssize_t size, const char *how)
    str PyUnicode_DecodeUTF16(const char *s, Py_ssize_t size, const char *how, int *order)
    str PyUnicode_FromKindAndData(int kind, const void *data, Py_ssize_t count)
    enum:
        PyUnicode_2BYTE_KIND
    bint PyUnicode_Check(object o)
    char *PyBytes_AS_STRING(object o)
    Py_ssize_t PyBytes_GET_SIZE(object o)
    char *PyByteArray_AS_STRING(object o)

cdef extern from "base/arena.h" nogil:
    void *fs_alloc(size_t size)
    void fs_free(void *p)

cdef extern from "base/buffer.h" nogil:
    ctypedef struct fs_buffer:
        void *data
        size_t size
    fs_status fs_buffer_append(fs_buffer *b, const void *data, size_t bytes, fs_error *err)
    void fs_buffer_free(fs_buffer *b)

cdef extern from "text/text_view.h" nogil:
    int FS_TEXT_MAX
    ctypedef struct fs_text:
        const uint8_t *data
        size_t size

cdef extern from "text/input/text_array.h" nogil:
    ctypedef struct fs_text_array:
        const uint8_t *data
        int64_t count
        int64_t stride
        int64_t width
        const char *name
        int64_t first
    fs_status fs_text_array_bytes(const fs_text_array *a, fs_text *texts, fs_error *err)
    fs_status fs_text_array_codes(const fs_text_array *a, fs_buffer *utf8, fs_text *texts, fs_error *err)

cdef extern from "text/input/counted.h" nogil:
    int64_t fs_counted_texts(fs_text data, size_t *at, int64_t count, fs_text *texts)
    int64_t fs_texts_not_utf8(const fs_text *texts, int64_t count)
    int64_t fs_texts_halve(const fs_text *texts, int64_t count, fs_text *halves)

cdef extern from "text/input/documents.h" nogil:
    fs_status fs_documents_add(fs_buffer *texts, fs_text block, fs_text separator, int last, size_t *used,
                               size_t *valid, fs_error *err)

cdef extern from "text/input/arrow.h" nogil:
    ctypedef struct fs_arrow_schema:
        void (*release)(fs_arrow_schema *s) noexcept
    ctypedef struct fs_arrow_array:
        int64_t length
        void (*release)(fs_arrow_array *a) noexcept
    ctypedef struct fs_arrow_stream:
        int (*get_schema)(fs_arrow_stream *s, fs_arrow_schema *out) noexcept nogil
        int (*get_next)(fs_arrow_stream *s, fs_arrow_array *out) noexcept nogil
        const char *(*get_last_error)(fs_arrow_stream *s) noexcept
        void (*release)(fs_arrow_stream *s) noexcept
    ctypedef struct fs_arrow_kind:
        int binary
    fs_status fs_arrow_kind_of(const fs_arrow_schema *schema, const char *name, fs_arrow_kind *kind, fs_error *err)
    fs_status fs_arrow_length(const fs_arrow_array *array, fs_arrow_kind kind, const char *name, int64_t *length,
                              fs_error *err)
    fs_status fs_arrow_texts(const fs_arrow_array *array, fs_arrow_kind kind, const char *name, int64_t first,
                             fs_text *texts, fs_error *err)

cdef extern from "text/unicode/unicode.h" nogil:
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

cdef extern from "text/words/text_map.h" nogil:
    ctypedef enum fs_keep:
        FS_KEEP_COUNT
    ctypedef struct fs_map_rules:
        pass
    void fs_map_rules_init(fs_map_rules *rules, int lowercase, fs_keep keep)

cdef extern from "text/words/split.h" nogil:
    ctypedef enum fs_split_rule:
        FS_SPLIT_COUNT

cdef extern from "text/markers.h" nogil:
    unsigned int FS_MARKER_SPECIAL
    int FS_MARKER_TEXT, FS_MARKER_TOKEN
    ctypedef struct fs_markers:
        pass
    fs_status fs_markers_init(fs_markers *m, fs_hash_key key, fs_error *err)
    fs_status fs_markers_add(fs_markers *m, fs_text spelling, int32_t id, unsigned int flags, fs_error *err)

cdef extern from "text/encode.h" nogil:
    ctypedef enum fs_unknown:
        FS_UNKNOWN_ERROR
    int FS_WANT_IDS, FS_WANT_CHARACTER_SPANS, FS_WANT_BYTE_SPANS, FS_WANT_WORD_SPANS, FS_WANT_PIECES, FS_WANT_BARE
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
        fs_error error
    ctypedef struct fs_encoded:
        int64_t count
        int64_t *offsets
        fs_text_block *blocks
        int64_t block_count
    ctypedef struct fs_text_call
    ctypedef fs_status (*fs_block_job)(const fs_text_call *call, const fs_text *texts, unsigned int want,
                                       fs_text_block *block, int64_t *tokens) noexcept nogil
    ctypedef int32_t (*fs_part_cut)(const fs_text_call *call, fs_text text, unsigned int want, int32_t at) noexcept nogil
    ctypedef struct fs_text_call:
        void *encoder
        fs_part_cut cut
        const fs_markers *markers
        int64_t part
        int alone
        fs_block_job together
        const uint8_t *modes
        int64_t most
        int from_left
        int32_t before
        int32_t behind
    ctypedef fs_status (*fs_text_job)(const fs_text_call *call, fs_text text, int64_t place, unsigned int want,
                                      fs_text_block *block, int64_t *tokens) noexcept nogil
    fs_status fs_encode_text(fs_text_job job, const fs_text_call *call, fs_text text, int64_t place,
                             unsigned int want, fs_text_block *block, int64_t *tokens)
    fs_status fs_encode_batch(fs_text_job job, const fs_text_call *call, const fs_text *texts, int64_t count,
                              unsigned int want, fs_run *run, fs_encoded *out, fs_error *err)
    void fs_encoded_free(fs_encoded *out)
    void fs_text_block_begin(fs_text_block *block)
    void fs_text_block_free(fs_text_block *block)
    int32_t fs_rule_cut(const fs_text_call *call, fs_text text, unsigned int want, int32_t at)
    fs_status fs_rule_job(const fs_text_call *call, fs_text text, int64_t place, unsigned int want,
                          fs_text_block *block, int64_t *tokens)
    void fs_encoded_ids(fs_encoded *e, int32_t *ids)
    void fs_encoded_take_ids(fs_encoded *e, fs_buffer *ids)
    void fs_encoded_spans(fs_encoded *e, int32_t *spans)

cdef extern from "text/parts.h" nogil:
    int FS_PART_BYTES

cdef extern from "text/train/count.h" nogil:
    ctypedef struct fs_counter:
        fs_vocab pieces
        fs_buffer counts
    fs_status fs_counter_init(fs_counter *c, const fs_encoder *rules, fs_hash_key key, fs_error *err)
    void fs_counter_free(fs_counter *c)
    fs_status fs_counter_add(fs_counter *c, fs_text text, fs_error *err)
    fs_status fs_counter_add_lines(fs_counter *c, fs_text block, size_t *valid, fs_error *err)
    fs_status fs_vocab_rank(const fs_vocab *pieces, const int64_t *counts, int64_t least, fs_buffer *order,
                            fs_error *err)

cdef extern from "text/unicode/utf8.h" nogil:
    size_t fs_utf8_valid(const uint8_t *text, size_t size)
    int fs_utf8_size(uint8_t lead)

cdef extern from "text/unicode/classes.h" nogil:
    const char *fs_class_version
    int fs_class_of(unsigned int c)

cdef extern from "text/scan/scan.h" nogil:
    ctypedef int fs_scan_rule
    int FS_SCAN_COUNT, FS_SCAN_ROOM
    ctypedef int32_t (*fs_scan)(fs_scan_rule rule, const uint8_t *text, int32_t size, int32_t *at, int32_t *ends,
                                int32_t most) noexcept nogil
    fs_scan fs_scan_for(fs_isa isa)

cdef extern from "text/bpe/bpe.h" nogil:
    ctypedef void (*fs_bpe_merge_rows)(const void *table, void *rows, int32_t n) noexcept nogil
    fs_bpe_merge_rows fs_bpe_merge_rows_for(fs_isa isa)
    ctypedef struct fs_bpe:
        fs_bpe_merge_rows merge_rows
        int32_t count
        int32_t *ids
        int32_t id_end
        int32_t merge_count
    ctypedef struct fs_bpe_parts:
        const fs_text *tokens
        const int32_t *ids
        int64_t count
        const fs_text *merges
        int64_t merge_count
        int ignore_merges
    fs_status fs_bpe_from_ranks(fs_bpe *m, fs_hash_key key, fs_text file, fs_error *err)
    fs_status fs_bpe_from_merges(fs_bpe *m, fs_hash_key key, const fs_bpe_parts *parts, fs_error *err)

cdef extern from "text/bpe/bpe_saved.h" nogil:
    fs_status fs_bpe_save(const fs_bpe *m, fs_buffer *out, fs_error *err)
    fs_status fs_bpe_from_saved(fs_bpe *m, fs_hash_key key, fs_text file, fs_error *err)

cdef extern from "text/outside.h" nogil:
    ctypedef fs_status (*fs_find_matches)(void *ctx, fs_text text, fs_buffer *found, fs_error *err) noexcept nogil
    ctypedef struct fs_outside:
        fs_find_matches find
        void *ctx

cdef extern from "text/normalize/normalize.h" nogil:
    ctypedef struct fs_normalizer:
        pass

cdef extern from "text/bpe/bpe_build.h" nogil:
    int32_t fs_bpe_find(const fs_bpe *m, fs_text token)

cdef extern from "text/bpe/bpe_encode.h" nogil:
    ctypedef struct fs_bpe_encoder:
        fs_bpe model
        fs_markers markers
        fs_scan scan
        fs_scan_rule rule
        fs_outside outside
        const fs_normalizer *normalizer
        int prefix_space
        fs_buffer prepend
        fs_buffer append
    void fs_bpe_encoder_free(fs_bpe_encoder *e)
    fs_status fs_bpe_note_markers(fs_bpe_encoder *e, fs_error *err)
    int32_t fs_bpe_cut(const fs_text_call *call, fs_text text, unsigned int want, int32_t at)
    fs_status fs_bpe_job(const fs_text_call *call, fs_text text, int64_t place, unsigned int want,
                         fs_text_block *block, int64_t *tokens)
    fs_status fs_bpe_decode(const fs_bpe_encoder *e, const int32_t *ids, int64_t n, int skip_special, fs_buffer *out,
                            fs_error *err)
    fs_text fs_bpe_bytes(const fs_bpe_encoder *e, int32_t id, int *special)
    ctypedef enum fs_bpe_text:
        FS_BPE_TEXT_NONE
        FS_BPE_TEXT_UCS2
        FS_BPE_TEXT_UTF16
    fs_bpe_text fs_bpe_decode_units(fs_bpe_encoder *e, const int32_t *ids, int64_t n, int skip_special, fs_buffer *out)
