# Prepared matrices at any instruction set, for tests and benches only.
from fastseq.lazy import np

cdef extern from "base/arena.h" nogil:
    void *fs_alloc(size_t bytes)
    void fs_free(void *p)

cdef extern from "kernels/gemm.h" nogil:
    ctypedef struct fs_store:
        pass
    ctypedef struct fs_matrix:
        int columns
        int depth
        size_t packed_bytes
        void *packed
    fs_status fs_matrix_init(fs_matrix *m, const fs_kernels *k, fs_dtype dtype, int columns, int depth,
                             const float *w, fs_store *store, const char *where, fs_error *err)
    fs_status fs_matrix_init_s8(fs_matrix *m, const fs_kernels *k, int columns, int depth, const int8_t *q,
                                const float *scale, float multiplier, fs_store *store,
                                const char *where, fs_error *err)
    void fs_matrix_free(fs_matrix *m)
    size_t fs_matrix_bytes(const fs_matrix *m)
    size_t fs_gemm_scratch(const fs_matrix *m, int64_t rows)
    void fs_gemm(const fs_matrix *m, int64_t rows, const float *x, size_t x_stride, const float *bias, float *y,
                 size_t y_stride, int accumulate, void *scratch, fs_run *run)
    size_t fs_quantized_stride(int depth)
    void fs_quantize_rows(const fs_matrix *m, int64_t rows, const float *x, size_t x_stride, uint8_t *q,
                          size_t q_stride, float *scale, fs_run *run)
    void fs_gemm_quantized(const fs_matrix *m, int64_t rows, const uint8_t *q, size_t q_stride, const float *scale,
                           const float *bias, float *y, size_t y_stride, int accumulate, fs_run *run)

cdef extern from "kernels/kernels.h" nogil:
    cdef struct limited "fs_kernels":
        double (*gemm_limit_f32)(int64_t steps, float *sink) noexcept nogil
        double (*gemm_limit_s8)(int64_t steps, int32_t *sink) noexcept nogil
        void (*gemm_limit_read)(size_t bytes, const void *p, int32_t *sink) noexcept nogil

cdef dict _MATRIX_DTYPES = {"float32": FS_F32, "bfloat16": FS_BF16, "int8": FS_S8}


cdef class ProbeMatrix:
    """A weight matrix (N, K) packed for one instruction set. Rows given to its methods are contiguous within
    themselves; the caller sees to shapes, as in C."""

    cdef fs_matrix m
    cdef const fs_kernels *k
    cdef int repeat
    cdef size_t scratch_bytes
    cdef void *scratch

    def __init__(self, w, str dtype="float32", *, scale=None, float multiplier=0, str isa=None, int repeat=1):
        """w (N, K) float32; or int8 with its scale (N), and the multiplier of activations (0: a row's own). `repeat` does a product that many times in one call,
        so that a bench can time one."""
        cdef fs_error err
        cdef fs_status st
        cdef const float[:, ::1] floats
        cdef const int8_t[:, ::1] bytes_
        cdef const float[::1] scales
        cdef fs_dtype c_dtype = _MATRIX_DTYPES[dtype]
        cdef int columns = w.shape[0], depth = w.shape[1]
        fs_matrix_free(&self.m)
        self.k = kernels_named(isa)
        self.repeat = repeat
        if scale is None:
            floats = w
            st = fs_matrix_init(&self.m, self.k, c_dtype, columns, depth, &floats[0, 0] if w.size else NULL, NULL, b"w", &err)
        else:
            bytes_, scales = w, scale
            st = fs_matrix_init_s8(&self.m, self.k, columns, depth, &bytes_[0, 0], &scales[0], multiplier, NULL, b"w", &err)
        check(st, &err)

    def __dealloc__(self):
        fs_matrix_free(&self.m)
        fs_free(self.scratch)

    @property
    def columns(self) -> int:
        return self.m.columns

    @property
    def nbytes(self) -> int:
        return fs_matrix_bytes(&self.m)

    cdef int reserve(self, size_t size) except -1:
        if size > self.scratch_bytes:
            fs_free(self.scratch)
            self.scratch = fs_alloc(size)
            self.scratch_bytes = size if self.scratch else 0
            if not self.scratch:
                raise MemoryError
        return 0

    def multiply(self, const float[:, :] x, float[:, :] y, bias=None, bint accumulate=False, threads=1):
        """y (M, N) = x (M, K) W^T + bias, or += when accumulate."""
        cdef const float[::1] c_bias = bias
        cdef const float *bias_at = &c_bias[0] if bias is not None else NULL
        cdef int64_t rows = x.shape[0]
        cdef size_t x_stride = x.strides[0] // 4, y_stride = y.strides[0] // 4
        cdef Run run = Run(threads)
        cdef fs_run *given = NULL
        if rows == 0:
            return
        self.reserve(fs_gemm_scratch(&self.m, rows))
        if threads != 1:
            given = &run.run
        with nogil:
            for _ in range(self.repeat):
                fs_gemm(&self.m, rows, &x[0, 0], x_stride, bias_at, &y[0, 0], y_stride, accumulate, self.scratch, given)

    def read(self) -> None:
        """Reads the packed weights (whole kilobytes of them) `repeat` times and does nothing else: the limit of a
        product of few rows."""
        cdef const limited *k = <const limited *>self.k
        cdef int32_t sink
        with nogil:
            for _ in range(self.repeat):
                k.gemm_limit_read(self.m.packed_bytes // 1024 * 1024, self.m.packed, &sink)

    def quantize(self, const float[:, :] x):
        """q (M, stride) uint8 and scale (M), as multiply makes them of x for an int8 matrix."""
        cdef int64_t rows = x.shape[0]
        cdef size_t x_stride = x.strides[0] // 4, q_stride = fs_quantized_stride(self.m.depth)
        q, scale = np.zeros((rows, q_stride), np.uint8), np.zeros(rows, np.float32)
        cdef uint8_t[:, ::1] c_q = q
        cdef float[::1] c_scale = scale
        if rows:
            with nogil:
                fs_quantize_rows(&self.m, rows, &x[0, 0], x_stride, &c_q[0, 0], q_stride, &c_scale[0], NULL)
        return q, scale

    def multiply_quantized(self, const uint8_t[:, ::1] q, const float[::1] scale, float[:, :] y, bias=None,
                           bint accumulate=False):
        """As multiply, of rows already quantized."""
        cdef const float[::1] c_bias = bias
        cdef const float *bias_at = &c_bias[0] if bias is not None else NULL
        cdef int64_t rows = q.shape[0]
        cdef size_t y_stride = y.strides[0] // 4
        if rows:
            with nogil:
                for _ in range(self.repeat):
                    fs_gemm_quantized(&self.m, rows, &q[0, 0], q.shape[1], &scale[0], bias_at, &y[0, 0], y_stride,
                                      accumulate, NULL)


def probe_limit_arithmetic(str dtype, int64_t steps, str isa=None) -> float:
    """Does multiply-adds in registers, as many as this returns. dtype: "float32" or "int8"."""
    cdef const limited *k = <const limited *>kernels_named(isa)
    cdef bint bytes_ = dtype == "int8"
    cdef float float_sink
    cdef int32_t int_sink
    cdef double done
    with nogil:
        done = k.gemm_limit_s8(steps, &int_sink) if bytes_ else k.gemm_limit_f32(steps, &float_sink)
    return done
