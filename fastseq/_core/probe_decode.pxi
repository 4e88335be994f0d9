# Searches over a model that is a table, for tests only.
cdef extern from "decode/decode.h" nogil:
    ctypedef struct fs_arena:
        pass
    fs_status fs_greedy(fs_stepper *m, const fs_decode_job *job, int64_t first, int64_t count, const fs_decode_out *out,
                        fs_arena *scratch, fs_run *run, int worker, fs_error *err)
    fs_status fs_beam(fs_stepper *m, const fs_decode_job *job, int64_t first, int64_t count, const fs_decode_out *out,
                      fs_arena *scratch, fs_run *run, int worker, fs_error *err)
    void fs_arena_close(fs_arena *a)

# Logits by source and by all tokens so far: those are a node of a tree in which node i has the children i V + 1 ... i V + V.
cdef struct _toy:
    fs_stepper stepper  # first: the stepper is the toy
    const float *logits  # (sources, nodes, V)
    int64_t nodes
    const int32_t *allowed  # NULL, or the candidates of all sources
    int alloweds
    int64_t *source  # (R)
    int64_t *node    # (R): -1 before the first token
    int64_t *spare   # (2 R)


cdef fs_status _toy_prepare(fs_stepper *s, int64_t first, int64_t count, fs_error *err) noexcept nogil:
    return FS_OK


cdef void _toy_begin(fs_stepper *s, int row, int64_t source) noexcept nogil:
    cdef _toy *toy = <_toy *>s
    toy.source[row], toy.node[row] = source, -1


cdef fs_status _toy_step(fs_stepper *s, int n, const int32_t *tokens, const unsigned char *need, float *logits,
                         fs_error *err) noexcept nogil:
    """The first token, whatever it is, leads to the root."""
    cdef _toy *toy = <_toy *>s
    cdef int i, j, V = s.vocabulary
    cdef const float *row
    for i in range(n):
        toy.node[i] = toy.node[i] * V + 1 + tokens[i] if toy.node[i] >= 0 else 0
        row = toy.logits + (toy.source[i] * toy.nodes + toy.node[i]) * V
        for j in range(toy.alloweds if toy.allowed != NULL else V):
            logits[i * V + j] = row[toy.allowed[j] if toy.allowed != NULL else j]
    return FS_OK


cdef void _toy_reorder(fs_stepper *s, int n, const int32_t *from_) noexcept nogil:
    cdef _toy *toy = <_toy *>s
    cdef int i
    for i in range(n):
        toy.spare[2 * i], toy.spare[2 * i + 1] = toy.source[from_[i]], toy.node[from_[i]]
    for i in range(n):
        toy.source[i], toy.node[i] = toy.spare[2 * i], toy.spare[2 * i + 1]


cdef const int32_t *_toy_candidates(fs_stepper *s, int row, int *count) noexcept nogil:
    count[0] = (<_toy *>s).alloweds
    return (<_toy *>s).allowed


def probe_search(Graph any_graph, logits, *, allowed=None, bint beam_search=True, int rows=64, **search):
    """A search over logits (sources, nodes, V) float32, a tree of all tokens so far -> Decoded.

    any_graph: one of V tokens, for its kernels. beam_search: fs_beam even for a beam of 1. search: as of `translate`.
    """
    cdef const float[:, :, ::1] c_logits = as_array(logits, np.float32, "logits", 3)
    cdef const int32_t[::1] c_allowed
    cdef int64_t[::1] c_room = np.zeros(4 * rows, np.int64)
    cdef _toy toy
    cdef fs_error err
    cdef fs_status st
    cdef fs_arena scratch
    cdef Run run = Run(1)
    cdef _Search asked
    cdef _Found found
    cdef int64_t B = c_logits.shape[0]
    memset(&toy, 0, sizeof(toy))
    memset(&scratch, 0, sizeof(scratch))
    toy.stepper.rows, toy.stepper.widest, toy.stepper.vocabulary = rows, rows, <int>c_logits.shape[2]
    toy.stepper.prepare, toy.stepper.begin = _toy_prepare, _toy_begin
    toy.stepper.step, toy.stepper.reorder = _toy_step, _toy_reorder
    toy.logits, toy.nodes = &c_logits[0, 0, 0], c_logits.shape[1]
    if allowed is not None:
        kept = as_array(allowed, np.int32, "allowed")
        c_allowed = kept
        toy.allowed, toy.alloweds = &c_allowed[0], len(kept)
        toy.stepper.candidates = _toy_candidates
    toy.source, toy.node, toy.spare = &c_room[0], &c_room[rows], &c_room[2 * rows]
    asked = _Search(any_graph, _Ragged(np.zeros(B, np.int32), np.arange(B + 1, dtype=np.int64), 1), **search)
    found = _Found(asked)
    with nogil:
        if beam_search:
            st = fs_beam(&toy.stepper, &asked.job, 0, B, &found.out, &scratch, &run.run, 0, &err)
        else:
            st = fs_greedy(&toy.stepper, &asked.job, 0, B, &found.out, &scratch, &run.run, 0, &err)
        fs_arena_close(&scratch)
    run.check(st, &err)
    return found.result(False)
