/* How a block keeps its keys and values in a page (cache.h): as they are, as float16, or as int8 with a scale for each head of
 * each token. What is kept of a token depends on that token alone.
 *
 *     float32, float16   keys (KH d, 16), values (16, KH d)
 *     int8               keys (KH d, 16), values (16, KH d), then as floats scales of keys (16, KH), of values (16, KH)
 *
 * Attention works on float32: pages of the other kinds are read into room of the worker's own first. */
#ifndef FS_NN_KEPT_H
#define FS_NN_KEPT_H

#include "heads.h"

/* Floats of a page that such heads need; a page as float32 takes those of FS_KEPT_F32. */
size_t fs_kept_floats(fs_kept_kind kind, int key_heads, int width);

/* A token's key and value (KH d each) to its place in a page. */
void fs_kept_put(fs_kept_kind kind, const fs_heads *h, const float *key, const float *value, int place, float *page);

/* A page as float32. */
void fs_kept_read(fs_kept_kind kind, const fs_heads *h, const float *page, float *to);

#endif
