/* Types in the signatures of kernels.def. */
#ifndef FS_KERNEL_TYPES_H
#define FS_KERNEL_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* How a prepared weight matrix holds its elements. */
typedef enum fs_dtype {
    FS_F32 = 0,
    FS_BF16 = 1, /* the upper half of a float32 */
    FS_S8 = 2    /* symmetric, one scale a output channel: w ~= scale * q, -127 <= q <= 127 */
} fs_dtype;

/* How a table of kernels wants a weight matrix W (N, K) to lie. Columns (rows of W: output channels) come in
 * panels of a fixed width, the last one filled up with zeros, and `depth` successive k lie side by side:
 *
 *     packed[panel][k / depth][column in panel][k % depth]        K filled up with zeros to whole groups
 *
 *     f32, panel 4:    k=0: c0 c1 c2 c3   k=1: c0 c1 c2 c3  ...
 *     s8, depth 4:     k=0..3: c0k0 c0k1 c0k2 c0k3 c1k0 c1k1 ...
 *
 * bf16 with `lanes` L > 1 interleaves each 2 L columns, c0 cL c1 cL+1 ..., so that one load of L 32-bit words
 * gives two float vectors of neighbouring columns: a shift left for c0..., a mask for cL... */
typedef struct fs_gemm_layout {
    int panel;
    int depth;
    int lanes;
} fs_gemm_layout;

#define FS_QUANTIZE_LEAST 0x1p-100f /* quantize_u8: a row whose largest |x| is below this counts as zeros */

/* Attention of some queries over the keys and values of one sequence, head by head: y = softmax(scale q K) V.
 * M queries of H heads, d wide; T keys of KH heads, each for H / KH of the queries'. Keys lie transposed, so that scores
 * of neighbouring keys are made at once. */
typedef struct fs_attend_args {
    int heads, heads_a_key;   /* H, H / KH */
    int queries, keys, width; /* M, T >= 1, d */
    int first_key_count;      /* query i sees keys [0, first_key_count + i), T at most; T: all of them */
    float scale;
    const float *q; /* (M, H d), rows q_stride apart */
    size_t q_stride;
    const float *k; /* (KH d, T), rows k_stride apart; k_stride is a multiple of FS_ATTEND_KEYS, what is behind T finite */
    size_t k_stride;
    const float *v; /* (T, KH d), rows v_stride apart */
    size_t v_stride;
    float *y;       /* (M, H d), rows y_stride apart */
    size_t y_stride;
    float *scores;  /* (FS_ATTEND_ROWS, k_stride): scratch */
    float *mean;    /* (T) or NULL: takes, added, the weights' mean over the heads, summed over the queries */
} fs_attend_args;

#define FS_ATTEND_KEYS 16
#define FS_ATTEND_ROWS 4

/* What a product needs of a row of an int8 matrix besides its bytes, side by side as it is read at random. */
typedef struct fs_dots_row {
    float scale, bias;
    int32_t sum; /* 128 * that of the row */
} fs_dots_row;

/* Products of one row with chosen rows of an int8 matrix as a file holds it. */
typedef struct fs_dots_args {
    int depth;            /* K */
    const uint8_t *x;     /* (K), as quantize_u8 leaves it, filled up to a multiple of 64 with 128 */
    float x_scale;
    const int8_t *w;      /* (N, K) */
    const struct fs_dots_row *facts; /* (N) */
    int count;
    const int32_t *rows;  /* (count) of w */
    float *y;             /* (count) */
} fs_dots_args;

/* A strip of a product y = x W^T (+ bias): rows of activations by a range of packed columns. */
typedef struct fs_gemm_args {
    int rows;             /* M > 0 */
    int depth;            /* K > 0 */
    int first, last;      /* columns [first, last) of W; first is a multiple of the panel */
    const void *x;        /* (M, K) float32, or uint8 as quantize_u8 leaves it, rows `x_stride` elements apart */
    size_t x_stride;
    const float *x_scale; /* (M): int8 only */
    const void *packed;   /* the whole matrix as packed for this table */
    const float *w_scale; /* (N): int8 only */
    const int32_t *w_sum; /* (N): int8 only; 128 * the sum of a column's weights */
    const float *bias;    /* (N) or NULL */
    float *y;             /* (M, N) float32, rows `y_stride` apart; column 0 of y is column 0 of W */
    size_t y_stride;
    int accumulate;       /* nonzero: y += product */
} fs_gemm_args;

#endif
