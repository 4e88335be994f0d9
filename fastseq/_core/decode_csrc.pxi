# csrc/decode, and what it needs of csrc/nn, as Cython sees it, name for name.
cdef extern from "nn/stepper.h" nogil:
    ctypedef struct fs_stepper:
        int rows
        int widest
        int vocabulary
        fs_status (*prepare)(fs_stepper *s, int64_t first, int64_t count, fs_error *err) noexcept nogil
        void (*begin)(fs_stepper *s, int row, int64_t source) noexcept nogil
        fs_status (*step)(fs_stepper *s, int n, const int32_t *tokens, const unsigned char *need, float *logits,
                          fs_error *err) noexcept nogil
        fs_status (*feed)(fs_stepper *s, int row, int count, const int32_t *tokens, fs_error *err) noexcept nogil
        fs_status (*run)(fs_stepper *s, int n, const int32_t *counts, const int32_t *tokens, const unsigned char *need,
                         float *logits, fs_error *err) noexcept nogil
        void (*reorder)(fs_stepper *s, int n, const int32_t *from_) noexcept nogil
        const int32_t *(*candidates)(fs_stepper *s, int row, int *count) noexcept nogil
        size_t (*size)(const fs_stepper *s, int count) noexcept nogil
        void (*read)(const fs_stepper *s, int row, int count, float *to) noexcept nogil
        const float *(*attention)(fs_stepper *s, int row, int64_t *count) noexcept nogil

cdef extern from "nn/shortlist.h" nogil:
    ctypedef struct fs_shortlist:
        int32_t sources
        int32_t targets
        int32_t first
        int shared
        const int64_t *offsets
        const int32_t *lists
    uint64_t fs_shortlist_checksum(const uint8_t *data, size_t size)
    fs_status fs_shortlist_check(const fs_shortlist *s, int64_t total, fs_error *err)

cdef extern from "nn/session.h" nogil:
    ctypedef struct fs_session:
        pass
    ctypedef struct fs_sources:
        const fs_memory *memory
        const fs_graph *encoder
        const fs_batch *batch
        const int64_t *order
        const fs_shortlist *shortlist
        int shelf
        int attention
    fs_status fs_session_create(const fs_graph *decoder, const fs_sources *sources, int rows, fs_run *run, int worker,
                                fs_session **out, fs_error *err)
    void fs_session_free(fs_session *s)
    fs_stepper *fs_session_stepper(fs_session *s)

cdef extern from "decode/shelf.h" nogil:
    ctypedef struct fs_beginning:
        const int32_t *tokens
        int count
        const float *kept

cdef extern from "decode/decode.h" nogil:
    ctypedef struct fs_decode_job:
        const fs_kernels *k
        int64_t count
        const int64_t *order
        const int32_t *prompt
        const int64_t *prompt_offsets
        const int32_t *stop
        int stops
        const int32_t *never
        int nevers
        const fs_strings *stop_text
        const fs_strings *pieces
        const fs_sampling *sampling
        int alternatives
        const int32_t *limit
        const fs_beginning *beginning
        int draft
        int beam
        int results
        float length_penalty
    enum:
        FS_END_LIMIT
        FS_END_STOP
        FS_END_RUN
        FS_END_NONE
    ctypedef struct fs_decode_out:
        const int64_t *start
        int32_t *ids
        float *logprobs
        int32_t *aligned
        int32_t *other
        float *other_logprob
        int32_t *length
        unsigned char *ended
        float *stop_logprob
        int64_t *times
        fs_atomic *steps
    int64_t fs_decode_cut(const fs_decode_job *job, const int64_t *offsets, int64_t sources, int64_t tokens, int threads,
                          int64_t *cuts)
    fs_status fs_decode_all(fs_stepper *const *steppers, const fs_decode_job *job, const int64_t *cuts, int64_t pieces,
                            const fs_decode_out *out, fs_run *run, fs_error *err)

cdef extern from *:
    """
    static void fs_log_softmax_rows(const fs_kernels *k, int rows, int n, float *x) {
        for (int i = 0; i < rows; i++) k->log_softmax_f32(n, x + (size_t)i * (size_t)n, x + (size_t)i * (size_t)n);
    }
    """
    void fs_log_softmax_rows(const fs_kernels *k, int rows, int n, float *x) nogil
