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

/* A call of the kernel with what these heads say of it; the rest is the caller's. */
FS_INLINE fs_attend_args fs_heads_call(const fs_heads *h, int64_t queries, int64_t keys) {
    const fs_attend_args a = {.heads = h->heads, .heads_a_key = h->heads / h->key_heads, .queries = (int)queries,
                              .keys = (int)keys, .width = h->width, .first_key_count = (int)keys, .scale = h->scale,
                              .k_stride = (size_t)fs_heads_columns(keys)};
    return a;
}

#endif
