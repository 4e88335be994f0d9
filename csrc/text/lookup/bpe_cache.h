/* Pieces that were encoded before, and their ids. One worker at a time uses one cache; the pool keeps those that
 * nobody uses now, so that texts of later calls find them warm.
 *
 *     lines    [key 16 bytes][ids 3][note] [key][ids][note]     a cache line: two pieces. A piece is in the line of its
 *                                                               hash or in that line's neighbour (line ^ 1)
 *     store    bytes, ids                                       of pieces of more than 15 bytes, and the ids of others
 *                                                               of which there are more than three; emptied when full
 *
 * A short piece's key is its bytes. A long one's is its hash, under a size that no short one has, and its bytes are
 * compared in the store. Where the ids are in the store, the entry tells the place and how many there are. */
#ifndef FS_TEXT_BPE_CACHE_H
#define FS_TEXT_BPE_CACHE_H

#include "base/buffer.h"
#include "bpe_follows.h"
#include "piece_key.h"

#define FS_CACHED_IDS 3
#define FS_CACHED_NOTE 3
#define FS_CACHED_BYTES 256
#define FS_CACHE_LINES (1 << 17)
#define FS_STORE_BEHIND 64 /* bytes behind what is stored that may be read */
#define FS_CACHED_ELSEWHERE (-1) /* the note of an entry whose ids are in the store */

typedef struct fs_cached {
    fs_piece_key key; /* empty ones hold that of the empty piece, which nobody asks for */
    int32_t ids[FS_CACHED_IDS + 1]; /* or place in the store (in int32_t), count; and at FS_CACHED_NOTE the note: how many
                                     * ids there are or what else the caller chose, but not FS_CACHED_ELSEWHERE */
} fs_cached;

typedef struct fs_bpe_cache {
    fs_cached *lines; /* [FS_CACHE_LINES][2] */
    fs_buffer store;
    fs_bpe_follows follows;
    uint32_t turn; /* which of a line gives way */
    uint32_t emptied; /* how often the store was */
    int32_t kept;  /* pieces, until the lines lie on huge pages; then -1 */
    uint32_t merged; /* pieces that had to be merged, as far as anybody counts */
} fs_bpe_cache;

FS_INLINE fs_cached *fs_cache_line_in(fs_cached *lines, uint64_t hash) {
    return &lines[2 * ((size_t)hash & (FS_CACHE_LINES - 1))];
}

FS_INLINE fs_cached *fs_cache_line(const fs_bpe_cache *c, uint64_t hash) { return fs_cache_line_in(c->lines, hash); }

FS_INLINE fs_cached *fs_cache_neighbour(const fs_bpe_cache *c, uint64_t hash) { return fs_cache_line(c, hash ^ 1); }

/* The entry of a key in a line; NULL. */
FS_INLINE fs_cached *fs_cache_in(fs_cached *line, fs_piece_key key) {
    line += fs_piece_key_same(line[1].key, key);
    return fs_piece_key_same(line->key, key) ? line : NULL;
}

/* The entry of a key in the line of its hash or that one's neighbour; NULL. */
FS_INLINE fs_cached *fs_cache_find(const fs_bpe_cache *c, fs_piece_key key, uint64_t hash) {
    fs_cached *found = fs_cache_in(fs_cache_line(c, hash), key);
    return found ? found : fs_cache_in(fs_cache_neighbour(c, hash), key);
}

/* The key of a piece of more than FS_PIECE_SHORT bytes. */
FS_INLINE fs_piece_key fs_cache_long_key(uint64_t hash, int32_t size) {
    const fs_piece_key key = {hash, (uint64_t)0xFF << 56 | (uint64_t)size};
    return key;
}

FS_INLINE int fs_cache_key_is_long(fs_piece_key key) { return key.high >> 63 != 0; }

/* An entry's ids in the store, ids[1] of them; NULL: the bytes there are those of another piece. `size`: of a piece with
 * a long key; 0: the key says it all. */
const int32_t *fs_cache_stored(const fs_bpe_cache *c, const fs_cached *entry, const uint8_t *piece, int32_t size);

/* At most FS_CACHED_IDS ids, under a key that is not there. */
void fs_cache_keep(fs_bpe_cache *c, fs_piece_key key, uint64_t hash, const int32_t *ids, int32_t count, int32_t note);

/* Any number of ids; `size` bytes of the piece are kept with them, all with a long key, else none. */
void fs_cache_store(fs_bpe_cache *c, fs_piece_key key, uint64_t hash, const uint8_t *piece, int32_t size,
                    const int32_t *ids, int32_t count);

/* The same of pieces of any size under long keys. The ids of a piece, *count of them; NULL when it is not there. */
const int32_t *fs_cache_find_long(const fs_bpe_cache *c, uint64_t hash, const uint8_t *piece, int32_t size, int32_t *count);
void fs_cache_keep_long(fs_bpe_cache *c, uint64_t hash, const uint8_t *piece, int32_t size, const int32_t *ids, int32_t count);

#define FS_POOLED 64
typedef struct fs_cache_pool {
    fs_atomic kept[FS_POOLED]; /* fs_bpe_cache *, 0: none */
} fs_cache_pool;

/* For texts of so many bytes in all, about; NULL: no memory. */
fs_bpe_cache *fs_cache_take(fs_cache_pool *pool, size_t bytes);
void fs_cache_give(fs_cache_pool *pool, fs_bpe_cache *cache);
void fs_cache_pool_free(fs_cache_pool *pool);

#endif
