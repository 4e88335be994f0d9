/* Product of ragged rows with a prepared weight matrix: y = x W^T + bias.
 *
 *   x (M, K) float32     W (N, K), as torch.nn.Linear stores it     y (M, N) float32
 *
 * W is packed once, at load, for one table of kernels; packed bytes depend on the machine and are never
 * saved. An output element is one chain of additions over k whose order depends on K alone, so a row has the
 * same bits whatever M, the other rows or the thread count. int8: activations are quantized a row at a time
 * (symmetric, 8 bits), sums are exact in int32, and y = (x_scale * w_scale) * sum + bias. */
#ifndef FS_GEMM_H
#define FS_GEMM_H

#include "../base/arena.h"
#include "../base/parallel.h"
#include "kernels.h"

typedef struct fs_matrix {
    const fs_kernels *k;
    fs_dtype dtype;
    int columns; /* N */
    int depth;   /* K */
    void *packed;     /* owned */
    float *scale;     /* (N): int8; owned */
    int32_t *sum;     /* (N): int8, 128 * sum of a column's weights; owned */
} fs_matrix;

/* Packs w (N, K) float32 as `dtype`: bfloat16 by rounding to nearest even, int8 with one symmetric scale a
 * output channel (max |w| / 127). FS_ERR_VALUE when a weight is not finite. */
fs_status fs_matrix_init(fs_matrix *m, const fs_kernels *k, fs_dtype dtype, int columns, int depth, const float *w,
                         const char *where, fs_error *err);
/* Packs int8 weights that a file holds, used as they are. q (N, K), scale (N). */
fs_status fs_matrix_init_s8(fs_matrix *m, const fs_kernels *k, int columns, int depth, const int8_t *q,
                            const float *scale, const char *where, fs_error *err);
void fs_matrix_free(fs_matrix *m);
size_t fs_matrix_bytes(const fs_matrix *m); /* memory it holds */

/* Bytes of scratch that fs_gemm needs for `rows` rows (0 but for int8). */
size_t fs_gemm_scratch(const fs_matrix *m, int64_t rows);

/* y (rows, N) = x (rows, K) W^T + bias, or += when accumulate. bias (N) or NULL. x and y must not overlap.
 * scratch: fs_gemm_scratch bytes, 64-byte aligned. run: NULL for the calling thread alone. */
void fs_gemm(const fs_matrix *m, int64_t rows, const float *x, size_t x_stride, const float *bias, float *y,
             size_t y_stride, int accumulate, void *scratch, fs_run *run);

#endif
