# Calls any slot at any instruction set, for tests and benches only.
ctypedef void (*map_slot)(int n, const float *x, float *y) noexcept nogil
ctypedef void (*cell_slot)(int n, const float *x, const float *h_part, float *h) noexcept nogil

cdef extern from "kernels/kernels.h" nogil:
    ctypedef struct fs_attend_args:
        int heads
        int heads_a_key
        int queries
        int keys
        int width
        int place
        int causal
        int window
        float scale
        float cap
        const float *bias
        size_t bias_stride
        int reach
        const float *q
        size_t q_stride
        const float *k
        const float *v
        size_t k_block
        size_t v_stride
        const float *const *pages
        size_t k_at
        size_t v_at
        float *y
        size_t y_stride
        float *mean
    ctypedef struct fs_dots_row:
        float scale
        float bias
        int32_t sum
    ctypedef struct fs_dots_args:
        int depth
        const uint8_t *x
        float x_scale
        const int8_t *w
        const fs_dots_row *facts
        int count
        const int32_t *rows
        float *y
    int FS_ATTEND_KEYS
    cdef struct probed "fs_kernels":
        map_slot relu_f32
        map_slot silu_f32
        map_slot gelu_f32
        map_slot gelu_tanh_f32
        map_slot mul_f32
        void (*layer_norm_f32)(int n, const float *x, const float *add, const float *weight, const float *bias, float epsilon, float *y) noexcept nogil
        void (*rms_norm_f32)(int n, const float *x, const float *add, const float *weight, float epsilon, float *y) noexcept nogil
        void (*ssru_f32)(int n, const float *x, float *c, float *h) noexcept nogil
        void (*quantize_by_u8)(int n, const float *x, float multiplier, uint8_t *y) noexcept nogil
        void (*quantize_groups_s8)(int n, int group, const float *x, int8_t *q, float *scale, int32_t *sum) noexcept nogil
        void (*attend_f32)(const fs_attend_args *a) noexcept nogil
        void (*dots_s8)(const fs_dots_args *a) noexcept nogil
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

    def relu_f32(self, x, y):
        self._map(self.k.relu_f32, x, y)

    def silu_f32(self, x, y):
        self._map(self.k.silu_f32, x, y)

    def gelu_f32(self, x, y):
        self._map(self.k.gelu_f32, x, y)

    def gelu_tanh_f32(self, x, y):
        self._map(self.k.gelu_tanh_f32, x, y)

    def mul_f32(self, x, y):
        self._map(self.k.mul_f32, x, y)

    def layer_norm_f32(self, float[::1] x, add, float[::1] weight, float[::1] bias, float epsilon, float[::1] y):
        """`add`: another row or None."""
        cdef int n = <int>x.shape[0]
        cdef float[::1] c_add = add
        for name, row in (("weight", weight), ("bias", bias), ("y", y)):
            length(name, row, n)
        self.k.layer_norm_f32(n, floats(x), floats(c_add) if add is not None else NULL, floats(weight), floats(bias), epsilon,
                              floats(y))

    def rms_norm_f32(self, float[::1] x, add, float[::1] weight, float epsilon, float[::1] y):
        """`add`: another row or None."""
        cdef int n = <int>x.shape[0]
        cdef float[::1] c_add = add
        for name, row in (("weight", weight), ("y", y)):
            length(name, row, n)
        self.k.rms_norm_f32(n, floats(x), floats(c_add) if add is not None else NULL, floats(weight), epsilon, floats(y))

    def ssru_f32(self, float[::1] x, float[::1] c, float[::1] h):
        cdef int n = <int>h.shape[0]
        length("x", x, 2 * n)
        length("c", c, n)
        self.k.ssru_f32(n, floats(x), floats(c), floats(h))

    def quantize_by_u8(self, float[::1] x, float multiplier, uint8_t[::1] y):
        cdef int n = <int>x.shape[0]
        length("y", y, (n + 3) // 4 * 4)
        self.k.quantize_by_u8(n, floats(x), multiplier, &y[0] if y.shape[0] else NULL)

    def quantize_groups_s8(self, float[::1] x, int group, int8_t[::1] q, float[::1] scale, int32_t[::1] sums):
        cdef int n = <int>x.shape[0], groups
        if group not in (16, 32):
            raise errors.ArgumentError("no such group", where="group", expected="16 or 32", found=str(group))
        groups = (n + group - 1) // group
        length("q", q, groups * group)
        length("scale", scale, groups)
        length("sums", sums, groups)
        if n:
            self.k.quantize_groups_s8(n, group, &x[0], &q[0], &scale[0], &sums[0])

    def attend_f32(self, float[:, :, ::1] q, float[:, :, ::1] k, float[:, :, ::1] v, *, int place=-1, int window=0,
                   float scale=1, float cap=0, bias=None, bint paged=False, mean=None):
        """y (M, H, d) of queries (M, H, d) over keys and values (T, KH, d). place: of query 0; each then sees the keys
        up to its own (-1: all keys). bias (H, 2 reach + 1): by distance. paged: keys and values lie in pages."""
        cdef fs_attend_args a
        cdef float[::1] c_mean = mean
        cdef float[:, :, ::1] c_y, c_pages
        cdef float[:, ::1] c_bias
        cdef size_t[::1] c_table
        keys, heads, width = k.shape[0], k.shape[1], k.shape[2]
        blocks = -(-keys // FS_ATTEND_KEYS)
        whole = np.zeros((2, blocks * FS_ATTEND_KEYS, heads * width), np.float32)
        whole[:, :keys] = np.stack([k, v]).reshape(2, keys, -1)
        pages = np.ascontiguousarray(whole.reshape(2, blocks, FS_ATTEND_KEYS, -1).transpose(1, 0, 2, 3))
        turned = np.stack([pages[:, 0].transpose(0, 2, 1).reshape(blocks, -1), pages[:, 1].reshape(blocks, -1)], 1)
        c_pages = turned = np.ascontiguousarray(turned)
        c_table = table = (turned.ctypes.data + np.arange(blocks) * turned[0].nbytes).astype(np.uintp)
        c_y = y = np.empty_like(q)
        memset(&a, 0, sizeof(a))
        a.heads, a.heads_a_key, a.queries, a.keys, a.width = q.shape[1], q.shape[1] // heads, q.shape[0], keys, width
        a.causal, a.place, a.window, a.scale, a.cap = place >= 0, max(place, 0), window, scale, cap
        if bias is not None:
            c_bias = padded = np.pad(bias, ((0, 0), (FS_ATTEND_KEYS, FS_ATTEND_KEYS)), "edge")
            a.bias, a.bias_stride, a.reach = &c_bias[0, FS_ATTEND_KEYS], padded.shape[1], (bias.shape[1] - 1) // 2
        a.q, a.q_stride, a.k, a.k_block = &q[0, 0, 0], q.shape[1] * width, &c_pages[0, 0, 0], turned[0].size
        a.v, a.v_stride, a.y, a.y_stride = &v[0, 0, 0], heads * width, &c_y[0, 0, 0], q.shape[1] * width
        if mean is not None:
            a.mean = &c_mean[0]
        if paged:
            a.pages, a.k_at, a.v_at, a.k, a.v = <const float *const *>&c_table[0], 0, turned[0, 0].size, NULL, NULL
        with nogil:
            for _ in range(self.repeat):
                self.k.attend_f32(&a)
        return y

    def dots_s8(self, uint8_t[::1] x, float x_scale, const int8_t[:, ::1] w, float[::1] scale, float[::1] bias, int32_t[::1] rows):
        """y (len(rows)): products of x, filled up with 128 to a multiple of 64, with those rows of w (N, K)."""
        cdef fs_dots_args a
        cdef float[::1] c_y
        memset(&a, 0, sizeof(a))
        facts = np.zeros(w.shape[0], [("scale", "f4"), ("bias", "f4"), ("sum", "i4")])
        facts["scale"], facts["bias"], facts["sum"] = scale, bias, 128 * np.asarray(w).sum(1, dtype=np.int32)
        cdef const uint8_t[::1] c_facts = facts.view(np.uint8)
        length("x", x, (w.shape[1] + 63) // 64 * 64)
        c_y = y = np.empty(rows.shape[0], np.float32)
        a.depth, a.x, a.x_scale, a.w, a.count = w.shape[1], &x[0], x_scale, &w[0, 0], rows.shape[0]
        a.facts, a.rows, a.y = <const fs_dots_row *>&c_facts[0], &rows[0], &c_y[0]
        with nogil:
            for _ in range(self.repeat):
                self.k.dots_s8(&a)
        return y

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
