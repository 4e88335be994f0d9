# csrc/text as Cython sees it, name for name.
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
