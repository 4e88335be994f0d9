# Single choices, for tests only.
cdef extern from "decode/random.h" nogil:
    void fs_philox(const uint32_t *counter, const uint32_t *key, uint32_t *out)
    double fs_random(uint64_t seed, uint32_t stream, uint64_t place)

cdef extern from "decode/sampling.h" nogil:
    ctypedef struct fs_items:
        float *key
        float *weight
        int32_t *index
        int count
    ctypedef struct fs_history:
        const int32_t *prompt
        int64_t prompts
        const int32_t *answer
        int64_t answers
    ctypedef struct fs_scores:
        float *logit
        const int32_t *token
        int n
    ctypedef struct fs_chooser:
        fs_items items
    ctypedef struct fs_choice:
        int32_t token
        float logprob
    void fs_chooser_cut(fs_chooser *c, fs_arena *scratch, int vocabulary)
    void fs_chooser_begin(fs_chooser *c)
    fs_choice fs_choose(const fs_kernels *k, fs_chooser *c, const fs_sampling *sampling, const fs_history *history,
                        fs_scores scores, float *total)
    void fs_sampling_filter(const fs_kernels *k, const fs_sampling *s, const float *logit, int n, fs_items *items)

cdef extern from "base/arena.h" nogil:
    void fs_arena_plan(fs_arena *a)
    fs_status fs_arena_ready(fs_arena *a, const char *where, fs_error *err)


def probe_philox(counter, key):
    """The four words of a counter (4) and a key (2)."""
    cdef const uint32_t[::1] c_counter = np.array(counter, np.uint32), c_key = np.array(key, np.uint32)
    cdef uint32_t out[4]
    fs_philox(&c_counter[0], &c_key[0], out)
    return [out[0], out[1], out[2], out[3]]


def probe_random(seed, stream, int count):
    """Numbers 0 .. count - 1 of a stream."""
    cdef uint64_t i, c_seed = seed
    cdef uint32_t c_stream = stream
    made = np.empty(count, np.float64)
    cdef double[::1] c_made = made
    for i in range(<uint64_t>count):
        c_made[i] = fs_random(c_seed, c_stream, i)
    return made


cdef fs_status _chooser(fs_chooser *c, fs_arena *scratch, int vocabulary, fs_error *err) noexcept nogil:
    cdef fs_status st
    fs_arena_plan(scratch)
    fs_chooser_cut(c, scratch, vocabulary)
    st = fs_arena_ready(scratch, "chooser", err)
    if st == FS_OK:
        fs_chooser_cut(c, scratch, vocabulary)
        fs_chooser_begin(c)
    return st


def probe_choose(Graph any_graph, logits, Sampling sampling, *, prompt=(), answer=(), tokens=None, mask=None, seed=0, stream=0):
    """Rows of logits (N, V) float32 that all follow one history -> tokens (N) and log-probabilities (N).

    any_graph: of V tokens, for its kernels. tokens: those that the logits are of; mask: (V / 64 rounded up) uint64.
    """
    cdef float[:, ::1] c_logits = np.array(logits, np.float32)
    cdef const int32_t[::1] c_prompt = np.array(prompt, np.int32), c_answer = np.array(answer, np.int32)
    cdef const int32_t[::1] c_tokens = as_array(() if tokens is None else tokens, np.int32, "tokens")
    cdef const uint64_t[::1] c_mask = as_array(() if mask is None else mask, np.uint64, "mask")
    cdef fs_sampling s = sampling.s
    cdef fs_chooser chooser
    cdef fs_history history
    cdef fs_scores scores
    cdef fs_choice choice
    cdef fs_arena scratch
    cdef fs_error err
    cdef fs_status st
    cdef int64_t i
    memset(&scratch, 0, sizeof(scratch))
    s.seed, s.stream = seed, stream
    s.mask = &c_mask[0] if mask is not None else NULL
    history.prompt, history.prompts = &c_prompt[0] if len(prompt) else NULL, len(prompt)
    history.answer, history.answers = &c_answer[0] if len(answer) else NULL, len(answer)
    scores.token, scores.n = &c_tokens[0] if tokens is not None else NULL, <int>c_logits.shape[1]
    chosen, logprobs = np.empty(len(logits), np.int32), np.empty(len(logits), np.float32)
    st = _chooser(&chooser, &scratch, any_graph.g.vocabulary, &err)
    if st == FS_OK:
        for i in range(c_logits.shape[0]):
            scores.logit = &c_logits[i, 0]
            choice = fs_choose(any_graph.k, &chooser, &s, &history, scores, NULL)
            chosen[i], logprobs[i] = choice.token, choice.logprob
    fs_arena_close(&scratch)
    check(st, &err)
    return chosen, logprobs


def probe_filter(Graph any_graph, logits, Sampling sampling):
    """What the filters leave of a row of logits (V) float32: places, rising, and their probabilities."""
    cdef float[::1] c_logits = np.array(logits, np.float32)
    cdef fs_chooser chooser
    cdef fs_arena scratch
    cdef fs_error err
    cdef fs_status st
    memset(&scratch, 0, sizeof(scratch))
    st = _chooser(&chooser, &scratch, <int>c_logits.shape[0], &err)
    if st == FS_OK:
        with nogil:
            fs_sampling_filter(any_graph.k, &sampling.s, &c_logits[0], <int>c_logits.shape[0], &chooser.items)
        places = np.array(<int32_t[:chooser.items.count]>chooser.items.index)
        weights = np.array(<float[:chooser.items.count]>chooser.items.weight)
    fs_arena_close(&scratch)
    check(st, &err)
    order = np.argsort(places)
    return places[order], (weights / weights.sum(dtype=np.float64))[order]
