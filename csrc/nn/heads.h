/* What self-attention and cross-attention share: several heads over slices of one row (Vaswani et al. 2017, 3.2).
 *
 *   H heads of d columns; KH heads of keys and values, each for H / KH heads of queries
 *
 * Keys lie in blocks, transposed, as kernel_types.h draws them. */
#ifndef FS_NN_HEADS_H
#define FS_NN_HEADS_H

#include "block.h"

typedef struct fs_heads {
    const fs_kernels *k;
    int heads, key_heads, width; /* H, KH, d */
    float scale, cap;            /* of the scores */
} fs_heads;

/* heads, key_heads (heads), head_width (width / heads), scale (1 / sqrt(d)), cap (0: none) */
fs_status fs_heads_init(fs_heads *h, const fs_options *o, const fs_kernels *k, int width, fs_error *err);

FS_INLINE size_t fs_heads_key_width(const fs_heads *h) { return (size_t)(h->key_heads * h->width); }

/* Places that the blocks of so many keys have */
FS_INLINE int64_t fs_heads_places(int64_t rows) { return (rows + FS_ATTEND_KEYS - 1) / FS_ATTEND_KEYS * FS_ATTEND_KEYS; }

/* Blocks of keys from rows (T, KH d), `stride` apart; zeros behind T */
void fs_heads_turn(const fs_heads *h, int64_t rows, const float *x, size_t stride, float *blocks);

/* A key x (KH d) to its place in a block */
void fs_heads_put(const fs_heads *h, const float *x, int place, float *block);

/* A call of the kernel with what these heads say of it; the rest is the caller's. */
FS_INLINE fs_attend_args fs_heads_call(const fs_heads *h, int64_t queries, int64_t keys) {
    const fs_attend_args a = {.heads = h->heads, .heads_a_key = h->heads / h->key_heads, .queries = (int)queries,
                              .keys = (int)keys, .width = h->width, .scale = h->scale, .cap = h->cap,
                              .k_block = FS_ATTEND_KEYS * fs_heads_key_width(h)};
    return a;
}

#endif
