/* Pieces that were encoded before, and their ids. One worker at a time uses one cache; the pool keeps those that
 * nobody uses now, so that texts of later calls find them warm.
 *
 *     pairs    [key 16 bytes][ids 3][count] [key][ids][count]   a cache line: two pieces of up to 15 bytes and
 *                                                               three ids; one of them gives way when both are full
 *     slots    (tag, place)                                     other pieces, up to FS_CACHED_BYTES
 *     store    size, count, ids, bytes                          what `place` tells; emptied whole when full */
#ifndef FS_TEXT_BPE_CACHE_H
#define FS_TEXT_BPE_CACHE_H

#include "base/buffer.h"
#include "piece_key.h"

#define FS_CACHED_IDS 3
#define FS_CACHED_BYTES 256
#define FS_CACHE_PAIRS (1 << 17)
#define FS_CACHE_SLOTS (1 << 18)

typedef struct fs_cached {
    fs_piece_key key; /* empty slots hold that of the empty piece, which nobody asks for */
    int32_t ids[FS_CACHED_IDS + 1]; /* the last says how many there are */
} fs_cached;

typedef struct fs_cached_long {
    uint32_t tag;
    uint32_t place; /* in store, + 1; 0: free */
} fs_cached_long;

typedef struct fs_bpe_cache {
    fs_cached *pairs; /* [2 * FS_CACHE_PAIRS] */
    fs_cached_long *slots;
    fs_buffer store;
    uint32_t turn; /* which of a pair gives way */
    uint32_t merged; /* pieces that had to be merged, as far as anybody counts */
} fs_bpe_cache;

FS_INLINE fs_cached *fs_cache_pair(const fs_bpe_cache *c, uint64_t hash) {
    return &c->pairs[2 * ((size_t)hash & (FS_CACHE_PAIRS - 1))];
}

FS_INLINE void fs_cache_prefetch_long(const fs_bpe_cache *c, uint64_t hash) {
    FS_PREFETCH(&c->slots[hash & (FS_CACHE_SLOTS - 1)]);
}

/* `count` ids, and what stands in place of the last: their count, for byte-pair encoding. */
void fs_cache_keep(fs_bpe_cache *c, fs_piece_key key, uint64_t hash, const int32_t *ids, int32_t count,
                   int32_t note);

/* Long pieces, or those of many ids. The ids of a piece, *count of them; NULL when it is not there. */
const int32_t *fs_cache_find_long(const fs_bpe_cache *c, uint64_t hash, const uint8_t *piece, int32_t size, int32_t *count);
void fs_cache_keep_long(fs_bpe_cache *c, uint64_t hash, const uint8_t *piece, int32_t size, const int32_t *ids, int32_t count);

#define FS_POOLED 64
typedef struct fs_cache_pool {
    fs_atomic kept[FS_POOLED]; /* fs_bpe_cache *, 0: none */
} fs_cache_pool;

fs_bpe_cache *fs_cache_take(fs_cache_pool *pool); /* NULL: no memory */
void fs_cache_give(fs_cache_pool *pool, fs_bpe_cache *cache);
void fs_cache_pool_free(fs_cache_pool *pool);

#endif
