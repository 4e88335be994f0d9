# How tokens are chosen, over csrc/decode/sampling.h, and texts that end an answer.
cdef extern from "decode/stop.h" nogil:
    ctypedef struct fs_strings:
        const uint8_t *bytes
        const int64_t *offsets
        int count

cdef extern from "decode/sampling.h" nogil:
    ctypedef struct fs_sampling:
        const int32_t *bias_token
        const float *bias
        int biases
        float repetition
        float presence
        float frequency
        int32_t ngram
        const int32_t *banned
        int banneds
        const uint64_t *mask
        const int32_t *forced
        int forceds
        float temperature
        int32_t top_k
        float top_p
        float min_p
        float typical_p
        uint64_t seed
        uint32_t stream


cdef class Strings:
    """Byte strings one behind the other: string i is data[offsets[i]:offsets[i + 1]]. Arrays are borrowed."""
    cdef fs_strings s
    cdef object data, offsets

    def __cinit__(self, data, offsets):
        cdef const uint8_t[::1] c_data
        cdef const int64_t[::1] c_offsets
        self.data, self.offsets = as_array(data, np.uint8, "strings"), as_array(offsets, np.int64, "offsets of strings")
        if not len(self.offsets) or self.offsets[0] or self.offsets[-1] != len(self.data) or np.any(np.diff(self.offsets) < 0):
            raise errors.ArgumentError("not offsets of these strings", where="offsets", expected=f"from 0, rising, to {len(self.data)}")
        c_data, c_offsets = self.data, self.offsets
        self.s.bytes = &c_data[0] if len(self.data) else NULL
        self.s.offsets, self.s.count = &c_offsets[0], <int>(len(self.offsets) - 1)

    def __len__(self):
        return self.s.count


cdef class Sampling:
    """How the tokens of an answer are chosen, from a vocabulary of so many; what is left out changes nothing.

    bias: {token: what is added to its logit}; banned, forced: tokens; the rest as in csrc/decode/sampling.h.
    """
    cdef fs_sampling s
    cdef object bias_token, bias, banned, forced

    def __cinit__(self, int vocabulary, *, bias=None, repetition_penalty=1.0, presence_penalty=0.0, frequency_penalty=0.0,
                  no_repeat_ngram=0, banned=(), forced=(), temperature=0.0, top_k=0, top_p=1.0, min_p=0.0, typical_p=1.0):
        cdef const int32_t[::1] c_bias_token, c_banned, c_forced
        cdef const float[::1] c_bias
        bias = {} if bias is None else bias
        self.bias_token, self.banned, self.forced = (
            _token_ids(tokens, vocabulary, where)
            for tokens, where in ((bias, "logit_bias"), (banned, "banned"), (forced, "forced")))
        self.bias = np.array(list(bias.values()), np.float32)
        c_bias_token, c_banned, c_forced, c_bias = self.bias_token, self.banned, self.forced, self.bias
        if len(bias):
            self.s.bias_token, self.s.bias, self.s.biases = &c_bias_token[0], &c_bias[0], len(bias)
        if len(self.banned):
            self.s.banned, self.s.banneds = &c_banned[0], len(self.banned)
        if len(self.forced):
            self.s.forced, self.s.forceds = &c_forced[0], len(self.forced)
        self.s.repetition, self.s.presence, self.s.frequency = repetition_penalty, presence_penalty, frequency_penalty
        self.s.ngram, self.s.temperature, self.s.top_k = no_repeat_ngram, temperature, top_k
        self.s.top_p, self.s.min_p, self.s.typical_p = top_p, min_p, typical_p


cdef object _samplings(Sampling one, int64_t count, seeds, streams):
    """(count) fs_sampling, as bytes that `one` has to outlive: it with the seed and stream of each sequence."""
    cdef const uint64_t[::1] c_seeds = as_array(np.broadcast_to(np.uint64(0) if seeds is None else seeds, (count,)), np.uint64, "seeds")
    cdef const uint32_t[::1] c_streams = as_array(np.broadcast_to(np.uint32(0) if streams is None else streams, (count,)), np.uint32, "streams")
    cdef int64_t i
    cdef size_t address
    cdef fs_sampling *each
    made = np.zeros(max(count, 1) * sizeof(fs_sampling), np.uint8)
    address = made.ctypes.data
    each = <fs_sampling *>address
    for i in range(count):
        each[i] = one.s
        each[i].seed, each[i].stream = c_seeds[i], c_streams[i]
    return made
