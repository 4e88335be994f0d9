/* Product of ragged rows with a prepared weight matrix: y = x W^T + bias.
 *
 *   x (M, K) float32     W (N, K), as torch.nn.Linear stores it     y (M, N) float32
 *
 * W is packed once, at load, for one table of kernels; packed bytes depend on the machine and are never
 * saved.
 *
 * float32, bfloat16: an output element starts as its bias (0 without; plus y when accumulating) and is one
 * chain of additions over rising k. The order depends on K alone, so a row has the same bits whatever M, the
 * other rows or the thread count. NaN and infinity flow through as IEEE 754 says.
 * int8: activations are quantized a row at a time (symmetric, 8 bits), sums are exact in int32, and
 * y = (x_scale * w_scale) * sum, then + bias (0 without), then + y when accumulating, in float32 without fused steps:
 * the same bits with every instruction set.
 * blocks: grouped.h. */
#ifndef FS_GEMM_H
#define FS_GEMM_H

#include "../base/arena.h"
#include "../base/parallel.h"
#include "grouped.h"
#include "kernels.h"

#define FS_MATRIX_S8_DEPTH_MAX (1 << 17) /* K at most in int8: 2^17 * 127 * 128 < 2^31 */

typedef struct fs_matrix {
    const fs_kernels *k;
    fs_dtype dtype;
    int columns; /* N */
    int depth;   /* K */
    size_t packed_bytes;
    void *packed; /* as kernel_types.h draws it; in a store, or `own` */
    void *own;
    float *scale; /* (N): int8; owned */
    int32_t *sum; /* (N): int8, 128 * sum of a column's weights; owned */
    float multiplier; /* int8: turns activations into 8 bits; 0: a row's own, from its largest value */
    fs_grouped *parts; /* blocks: one under the other, each of one form, (part_count); owned, but not what it has packed */
    int part_count;
    fs_block_rows *lying; /* what they are read from where nothing is laid out; owned, but not its data */
} fs_matrix;

/* Packs w (N, K) float32 as `dtype`: bfloat16 by rounding to nearest even, int8 with one symmetric scale an
 * output channel (max |w| / 127). FS_ERR_VALUE when a weight is not finite (after rounding to bfloat16, too)
 * or a side is out of range. On failure *m is empty and needs no free. store: where the packed matrix goes, or NULL. */
fs_status fs_matrix_init(fs_matrix *m, const fs_kernels *k, fs_dtype dtype, int columns, int depth, const float *w,
                         fs_store *store, const char *where, fs_error *err);
/* Packs int8 weights that a file holds, used as they are, -128 included. q (N, K), scale (N). multiplier: that of
 * the activations where the file says it, positive; 0: each row's own. */
fs_status fs_matrix_init_s8(fs_matrix *m, const fs_kernels *k, int columns, int depth, const int8_t *q,
                            const float *scale, float multiplier, fs_store *store, const char *where, fs_error *err);

/* Lays out blocks that a file holds, in memory of the store; parts come one under the other and may be of different
 * types. run: the threads that do it; may be NULL. store NULL: the blocks stay where they are (grouped.h). */
fs_status fs_matrix_init_blocks(fs_matrix *m, const fs_kernels *k, const fs_block_rows *parts, int count, int depth,
                                fs_store *store, fs_run *run, fs_error *err);
void fs_matrix_free(fs_matrix *m);
size_t fs_matrix_bytes(const fs_matrix *m); /* memory it holds */

/* Bytes of scratch that fs_gemm needs for `rows` rows: 0 of floats, SIZE_MAX when it does not fit. */
size_t fs_gemm_scratch(const fs_matrix *m, int64_t rows);

/* y (rows, N) = x (rows, K) W^T + bias, or += when accumulate. bias (N) or NULL. x and y must not overlap.
 * Strides in elements. scratch: fs_gemm_scratch bytes, 64-byte aligned. run: NULL for the calling thread
 * alone; once the run is stopped, y is left unfinished. */
void fs_gemm(const fs_matrix *m, int64_t rows, const float *x, size_t x_stride, const float *bias, float *y,
             size_t y_stride, int accumulate, void *scratch, fs_run *run);

/* For rows that several int8 matrices share: quantize once, then multiply. q (rows, q_stride), q_stride at
 * least fs_quantized_stride(depth); scale (rows). The result has the bits of fs_gemm. */
size_t fs_quantized_stride(int depth);
void fs_quantize_rows(const fs_matrix *m, int64_t rows, const float *x, size_t x_stride, uint8_t *q, size_t q_stride,
                      float *scale, fs_run *run);
void fs_gemm_quantized(const fs_matrix *m, int64_t rows, const uint8_t *q, size_t q_stride, const float *scale,
                       const float *bias, float *y, size_t y_stride, int accumulate, fs_run *run);

#endif
