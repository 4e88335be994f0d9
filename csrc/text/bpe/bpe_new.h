/* Pieces that the cache does not have where it was asked first. Those of some batches are done together, while
 * what they ask for first is on its way, and the pieces that are known do not wait for them. */
#ifndef FS_TEXT_BPE_NEW_H
#define FS_TEXT_BPE_NEW_H

#include "bpe.h"
#include "text/lookup/bpe_cache.h"

typedef struct fs_bpe_new {
    fs_piece_key key;
    uint64_t hash;
    const uint8_t *piece;
    int32_t size;  /* at most FS_CACHED_BYTES */
    int32_t same;  /* an earlier one of the same bytes, which it shares the ids of; -1: none */
    int32_t index; /* the caller's */
    int32_t place; /* the caller's */
    int32_t count; /* takes how many ids it has */
    int32_t *ids;  /* [size] takes them */
} fs_bpe_new;

#define FS_BPE_NEW_MOST 512 /* at once */

/* Starts to fetch what fs_bpe_encode_new will ask for. */
void fs_bpe_fetch_new(const fs_bpe *m, const fs_bpe_cache *cache, fs_piece_key key, uint64_t hash);

/* The ids of pieces (n), which are kept; -1: no memory. */
int fs_bpe_encode_new(fs_bpe *m, fs_bpe_cache *cache, fs_bpe_new *pieces, int32_t n);

/* One piece of any size, which is not kept: to `out` (at least `size`). How many; -1: no memory. */
int32_t fs_bpe_encode_long(fs_bpe *m, fs_bpe_cache *cache, const uint8_t *piece, int32_t size, int32_t *out);

#endif
