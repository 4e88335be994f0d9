/* What a decoder's rows keep of their tokens so far, for the blocks that look back at them: keys and values, in pages.
 *
 * A page is of FS_ATTEND_KEYS tokens of one row, for all blocks of the decoder. Rows that became of one row share its
 * pages; one that goes on writes to a page of its own.
 *
 *     row 0   [A][B][C]        page:  | block 0: keys (KH d, 16), values (16, KH d) | block 1: ... |
 *     row 1   [A][B][D]
 *
 * One thread's. Memory follows what is kept; a page that no row needs any more is used again. */
#ifndef FS_NN_CACHE_H
#define FS_NN_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "../base/status.h"

typedef struct fs_cache {
    size_t floats;  /* of a page; 0: nothing is kept */
    int rows;       /* R */
    int room;       /* pages that a row's table has room for */
    float **tables; /* (R, room), and behind them as many to reorder */
    int *counts;    /* (R), and behind them as many */
    float *unused;  /* pages without a row, linked */
} fs_cache;

fs_status fs_cache_open(fs_cache *c, int rows, size_t floats, fs_error *err);
void fs_cache_close(fs_cache *c);

/* The row begins anew. */
void fs_cache_clear(fs_cache *c, int row);
/* Makes places [first, last) of a row ready to be written; it has those before `first`. */
fs_status fs_cache_reserve(fs_cache *c, int row, int first, int last, fs_error *err);
/* Of the first `rows`, row i becomes what row from[i] was, for i < n; the others are cleared. */
void fs_cache_reorder(fs_cache *c, int rows, int n, const int32_t *from);
/* `row` becomes the first `count` tokens of row `from`, which may be itself. */
void fs_cache_fork(fs_cache *c, int row, int from, int count);
/* Floats of `count` tokens of a row, outside. */
size_t fs_cache_size(const fs_cache *c, int count);
/* The first `count` tokens of a row go to `to`; and a row becomes what is in `from`. Both are of fs_cache_size floats. */
void fs_cache_read(const fs_cache *c, int row, int count, float *to);
fs_status fs_cache_write(fs_cache *c, int row, int count, const float *from, fs_error *err);

/* The pages of a row, until the next call of these. */
static inline float *const *fs_cache_pages(const fs_cache *c, int row) { return c->tables + (size_t)row * (size_t)c->room; }

#endif
