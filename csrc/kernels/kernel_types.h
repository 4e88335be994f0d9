/* Types in the signatures of kernels.def. */
#ifndef FS_KERNEL_TYPES_H
#define FS_KERNEL_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* How a prepared weight matrix holds its elements. */
typedef enum fs_dtype {
    FS_F32 = 0,
    FS_BF16 = 1, /* the upper half of a float32 */
    FS_S8 = 2,   /* symmetric, one scale a output channel: w ~= scale * q, -127 <= q <= 127 */
    FS_BLOCKS = 3 /* blocks of ggml as a file has them (grouped.h) */
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

/* Attention of some queries over the keys and values of one sequence, head by head: y = softmax(scores) V, where a score
 * is scale q k, then cap tanh(score / cap), then + bias. M queries of H heads, d wide; T keys of KH heads, each for
 * H / KH of the queries'. Query i stands at `place` + i among the keys.
 *
 * Keys come in blocks of FS_ATTEND_KEYS, transposed within each, so that scores of neighbouring keys are made at once and
 * a query reads its keys from one end to the other. Blocks lie one after another or in pages, one a page:
 *
 *     block b of keys     (KH d, FS_ATTEND_KEYS)      at k + b k_block,                     or pages[b] + k_at
 *     values              (T, KH d), rows v_stride    at v,        or those of block b from    pages[b] + v_at
 *
 * What is behind T in the last block is read, not used. */
typedef struct fs_attend_args {
    int heads, heads_a_key;   /* H, H / KH */
    int queries, keys, width; /* M, T >= 1, d */
    int place;                /* of query 0 among the keys, from 0 */
    int causal;               /* a query sees no key behind its place, which is below T then */
    int window;               /* it sees those nearer than this; 0: however far */
    float scale;
    float cap;                /* 0: none */
    const float *bias;        /* NULL, or what a key at distance t from its query gets, at bias[head bias_stride + reach + t]; */
    size_t bias_stride;       /* nearest within +-reach counts, and rows go FS_ATTEND_KEYS further at both ends alike */
    int reach;
    const float *q; /* (M, H d), rows q_stride apart */
    size_t q_stride;
    const float *k, *v;
    size_t k_block, v_stride;
    const float *const *pages; /* NULL: k and v */
    size_t k_at, v_at;
    float *y;       /* (M, H d), rows y_stride apart */
    size_t y_stride;
    float *mean;    /* (T) or NULL: takes, added, the weights' mean over the heads, summed over the queries */
    ptrdiff_t ahead_k, ahead_v; /* floats from k and v to what is to be brought nearer meanwhile; 0: nothing */
} fs_attend_args;

#define FS_ATTEND_KEYS 16
#define FS_ATTEND_BLOCK 256 /* keys of a step of the softmax, which goes from such block to block: the same for all queries */
#define FS_ATTEND_LOWEST -1e30f /* a score below this is no number */

/* The keys that the query at `place` sees: [from, *seen) */
static inline int fs_attend_range(const fs_attend_args *a, int place, int *seen) {
    const int end = a->causal ? place + 1 : a->window ? place + a->window : a->keys;
    *seen = end < a->keys ? end : a->keys;
    return a->window && place + 1 > a->window ? place + 1 - a->window : 0;
}

/* Where key t lies, with those of its block behind it, and where value t lies */
static inline const float *fs_attend_key(const fs_attend_args *a, int t) {
    const size_t block = (size_t)t / FS_ATTEND_KEYS;
    return (a->pages ? a->pages[block] + a->k_at : a->k + block * a->k_block) + (size_t)t % FS_ATTEND_KEYS;
}
static inline const float *fs_attend_value(const fs_attend_args *a, int t) {
    if (!a->pages) return a->v + (size_t)t * a->v_stride;
    return a->pages[t / FS_ATTEND_KEYS] + a->v_at + (size_t)(t % FS_ATTEND_KEYS) * a->v_stride;
}

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
    const int32_t *rows;  /* (count) of w, then those that come next */
    float *y;             /* (count) */
    int ahead;            /* how many of the latter to bring nearer meanwhile */
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
