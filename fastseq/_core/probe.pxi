# Calls any slot at any instruction set, for tests and benches only.
ctypedef void (*map_slot)(int n, const float *x, float *y) noexcept nogil
ctypedef void (*cell_slot)(int n, const float *x, const float *h_part, float *h) noexcept nogil

cdef extern from "kernels/kernels.h" nogil:
    cdef struct probed "fs_kernels":
        map_slot exp_f32
        map_slot sigmoid_f32
        map_slot tanh_f32
        map_slot softmax_f32
        map_slot log_softmax_f32
        float (*log_sum_exp_f32)(int n, const float *x) noexcept nogil
        int (*argmax_f32)(int n, const float *x) noexcept nogil
        void (*top_k_f32)(int n, const float *x, int k, int32_t *index, float *value) noexcept nogil
        float (*dot_f32)(int n, const float *x, const float *y) noexcept nogil
        void (*axpy_f32)(int n, float a, const float *x, float *y) noexcept nogil
        float (*additive_score_f32)(int n, const float *q, const float *k, const float *v) noexcept nogil
        cell_slot rnn_tanh_f32
        cell_slot rnn_relu_f32
        void (*lstm_f32)(int n, const float *x, const float *h_part, float *c, float *h) noexcept nogil
        cell_slot gru_f32
        void (*f32_to_bf16)(int n, const float *x, uint16_t *y) noexcept nogil
        void (*bf16_to_f32)(int n, const uint16_t *x, float *y) noexcept nogil
        float (*quantize_u8)(int n, const float *x, uint8_t *y) noexcept nogil


cdef float *floats(float[::1] x) noexcept:
    return &x[0] if x.shape[0] else NULL


cdef int length(object name, object x, int n) except -1:
    if x.shape[0] < n:
        raise errors.ArgumentError("array too short", where=name, expected=f"{n} or more", found=str(x.shape[0]))
    return 0


cdef class Kernels:
    """The kernels of one instruction set. Arrays are one-dimensional, contiguous and written in place.

    `repeat` calls the kernel that many times in one go, so that a bench can time one call.
    """

    cdef const probed *k
    cdef readonly str isa
    cdef readonly int repeat

    def __init__(self, isa: str | None = None, *, int repeat=1):
        cdef const fs_kernels *table = kernels_named(isa)
        self.k = <const probed *>table
        self.isa = _text(fs_isa_name(table.isa))
        self.repeat = repeat

    cdef int _map(self, map_slot f, float[::1] x, float[::1] y) except -1:
        cdef int n = <int>x.shape[0], i
        cdef const float *from_ = floats(x)
        cdef float *to = floats(y)
        length("y", y, n)
        with nogil:
            for i in range(self.repeat):
                f(n, from_, to)
        return 0

    cdef int _cell(self, cell_slot f, int gates, float[::1] x, float[::1] h_part, float[::1] h) except -1:
        cdef int n = <int>h.shape[0], i
        length("x", x, gates * n)
        length("h_part", h_part, gates * n)
        cdef const float *from_ = floats(x)
        cdef const float *part = floats(h_part)
        cdef float *to = floats(h)
        with nogil:
            for i in range(self.repeat):
                f(n, from_, part, to)
        return 0

    def exp_f32(self, x, y):
        self._map(self.k.exp_f32, x, y)

    def sigmoid_f32(self, x, y):
        self._map(self.k.sigmoid_f32, x, y)

    def tanh_f32(self, x, y):
        self._map(self.k.tanh_f32, x, y)

    def softmax_f32(self, x, y):
        self._map(self.k.softmax_f32, x, y)

    def log_softmax_f32(self, x, y):
        self._map(self.k.log_softmax_f32, x, y)

    def log_sum_exp_f32(self, float[::1] x):
        cdef float found = 0
        cdef int n = <int>x.shape[0], i
        cdef const float *from_ = floats(x)
        with nogil:
            for i in range(self.repeat):
                found = self.k.log_sum_exp_f32(n, from_)
        return found

    def argmax_f32(self, float[::1] x):
        cdef int found = 0, n = <int>x.shape[0], i
        cdef const float *from_ = floats(x)
        with nogil:
            for i in range(self.repeat):
                found = self.k.argmax_f32(n, from_)
        return found

    def top_k_f32(self, float[::1] x, int32_t[::1] index, float[::1] value):
        """k is the length of `index`."""
        cdef int n = <int>x.shape[0], k = <int>index.shape[0], i
        length("x", x, k)
        length("value", value, k)
        cdef const float *from_ = floats(x)
        cdef float *values = floats(value)
        cdef int32_t *indices = &index[0] if k else NULL
        with nogil:
            for i in range(self.repeat):
                self.k.top_k_f32(n, from_, k, indices, values)

    def dot_f32(self, float[::1] x, float[::1] y):
        cdef float found = 0
        cdef int n = <int>x.shape[0], i
        length("y", y, n)
        cdef const float *a = floats(x)
        cdef const float *b = floats(y)
        with nogil:
            for i in range(self.repeat):
                found = self.k.dot_f32(n, a, b)
        return found

    def axpy_f32(self, float a, float[::1] x, float[::1] y):
        cdef int n = <int>x.shape[0], i
        length("y", y, n)
        cdef const float *from_ = floats(x)
        cdef float *to = floats(y)
        with nogil:
            for i in range(self.repeat):
                self.k.axpy_f32(n, a, from_, to)

    def additive_score_f32(self, float[::1] q, float[::1] k, float[::1] v):
        cdef float found = 0
        cdef int n = <int>q.shape[0], i
        length("k", k, n)
        length("v", v, n)
        cdef const float *query = floats(q)
        cdef const float *key = floats(k)
        cdef const float *weight = floats(v)
        with nogil:
            for i in range(self.repeat):
                found = self.k.additive_score_f32(n, query, key, weight)
        return found

    def rnn_tanh_f32(self, x, h_part, h):
        self._cell(self.k.rnn_tanh_f32, 1, x, h_part, h)

    def rnn_relu_f32(self, x, h_part, h):
        self._cell(self.k.rnn_relu_f32, 1, x, h_part, h)

    def gru_f32(self, x, h_part, h):
        self._cell(self.k.gru_f32, 3, x, h_part, h)

    def lstm_f32(self, float[::1] x, float[::1] h_part, float[::1] c, float[::1] h):
        cdef int n = <int>h.shape[0], i
        length("x", x, 4 * n)
        length("h_part", h_part, 4 * n)
        length("c", c, n)
        cdef const float *from_ = floats(x)
        cdef const float *part = floats(h_part)
        cdef float *cells = floats(c)
        cdef float *to = floats(h)
        with nogil:
            for i in range(self.repeat):
                self.k.lstm_f32(n, from_, part, cells, to)

    def f32_to_bf16(self, float[::1] x, uint16_t[::1] y):
        cdef int n = <int>x.shape[0], i
        length("y", y, n)
        cdef const float *from_ = floats(x)
        cdef uint16_t *to = &y[0] if n else NULL
        with nogil:
            for i in range(self.repeat):
                self.k.f32_to_bf16(n, from_, to)

    def bf16_to_f32(self, uint16_t[::1] x, float[::1] y):
        cdef int n = <int>x.shape[0], i
        length("y", y, n)
        cdef const uint16_t *from_ = &x[0] if n else NULL
        cdef float *to = floats(y)
        with nogil:
            for i in range(self.repeat):
                self.k.bf16_to_f32(n, from_, to)

    def quantize_u8(self, float[::1] x, uint8_t[::1] y):
        cdef float scale = 0
        cdef int n = <int>x.shape[0], i
        length("y", y, (n + 3) // 4 * 4)
        cdef const float *from_ = floats(x)
        cdef uint8_t *to = &y[0] if y.shape[0] else NULL
        with nogil:
            for i in range(self.repeat):
                scale = self.k.quantize_u8(n, from_, to)
        return scale
