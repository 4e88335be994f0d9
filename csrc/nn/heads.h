/* What self-attention and cross-attention share: several heads over slices of one row (Vaswani et al. 2017, 3.2).
 *
 *   H heads of d columns; KH heads of keys and values, each for H / KH heads of queries
 *
 * The keys of a sequence of T rows lie transposed, (KH d, columns) with columns = fs_heads_columns(T): scores of
 * neighbouring keys are then made at once. */
#ifndef FS_NN_HEADS_H
#define FS_NN_HEADS_H

#include "block.h"

typedef struct fs_heads {
    const fs_kernels *k;
    int heads, key_heads, width; /* H, KH, d */
    float scale;                 /* of the scores */
} fs_heads;

/* heads, key_heads (heads), head_width (width / heads), scale (1 / sqrt(d)) */
fs_status fs_heads_init(fs_heads *h, const fs_options *o, const fs_kernels *k, int width, fs_error *err);

FS_INLINE int64_t fs_heads_columns(int64_t rows) { return (rows + FS_ATTEND_KEYS - 1) / FS_ATTEND_KEYS * FS_ATTEND_KEYS; }

/* to (KH d, columns) from rows (T, KH d), `stride` apart; zeros behind T */
void fs_heads_transpose(const fs_heads *h, int64_t rows, const float *x, size_t stride, float *to);

/* y (M, H d) of queries (M, H d) over T keys as transposed and values (T, KH d). first_key_count as in
 * fs_attend_args. scores: (FS_ATTEND_QUERIES, columns) of scratch. */
typedef struct fs_heads_call {
    int64_t queries, keys, first_key_count;
    const float *q, *k, *v;
    size_t q_stride, v_stride;
    float *y, *scores;
    float *mean; /* (T): the last query's weights, the mean over the heads; or NULL */
} fs_heads_call;
void fs_heads_attend(const fs_heads *h, const fs_heads_call *c);

#endif
