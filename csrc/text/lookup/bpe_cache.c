#include "bpe_cache.h"

#include "base/arena.h"

#define STORE_BYTES (16 << 20)
#define LINES_BYTES (2 * FS_CACHE_LINES * sizeof(fs_cached))
#define KEPT_FEW 1024 /* pieces; of more the lines are worth huge pages, */
#define TEXT_SHORT 32768 /* bytes; and of longer texts */

static fs_bpe_cache *cache_new(int many) {
    fs_bpe_cache *c = fs_alloc(sizeof *c);
    if (!c) return NULL;
    c->lines = many ? fs_alloc_table(LINES_BYTES) : fs_alloc_sparse(LINES_BYTES);
    c->kept = many ? -1 : 0;
    return c;
}

/* A few short texts touch few pages of the lines; what goes on has huge pages. What was kept is found again sooner than it is
 * copied, since reading pages that nobody touched costs as much as those. */
static void begin_on_huge_pages(fs_bpe_cache *c) {
    fs_cached *lines = fs_alloc_table(LINES_BYTES);
    c->kept = -1;
    if (!lines) return;
    fs_free(c->lines);
    c->lines = lines;
    c->store.size = 0;
}

static void cache_free(fs_bpe_cache *c) {
    if (!c) return;
    fs_free(c->lines);
    fs_buffer_free(&c->store);
    fs_free(c);
}

/* A free entry of its line or of the neighbour; else one of its own line gives way. */
static fs_cached *room_for(fs_bpe_cache *c, uint64_t hash) {
    fs_cached *line = fs_cache_line(c, hash), *neighbour = fs_cache_neighbour(c, hash);
    int i;
    for (i = 0; i < 2; i++)
        if (!line[i].key.high) return &line[i];
    for (i = 0; i < 2; i++)
        if (!neighbour[i].key.high) return &neighbour[i];
    return &line[c->turn++ & 1];
}

void fs_cache_keep(fs_bpe_cache *c, fs_piece_key key, uint64_t hash, const int32_t *ids, int32_t count, int32_t note) {
    fs_cached *entry = room_for(c, hash);
    c->kept += c->kept >= 0;
    entry->key = key;
    memcpy(entry->ids, ids, (size_t)count * sizeof *ids);
    entry->ids[FS_CACHED_NOTE] = note;
}

static void empty_store(fs_bpe_cache *c) {
    size_t i;
    for (i = 0; i < 2 * FS_CACHE_LINES; i++)
        if (c->lines[i].ids[FS_CACHED_NOTE] == FS_CACHED_ELSEWHERE) memset(&c->lines[i], 0, sizeof c->lines[i]);
    c->store.size = 0;
    c->emptied++;
}

void fs_cache_store(fs_bpe_cache *c, fs_piece_key key, uint64_t hash, const uint8_t *piece, int32_t size,
                    const int32_t *ids, int32_t count) {
    const size_t ids_bytes = (size_t)count * sizeof *ids, bytes = (((size_t)size + 3) & ~(size_t)3) + ids_bytes;
    int32_t where[2];
    unsigned char *at;
    if (c->store.size + bytes > STORE_BYTES) empty_store(c);
    where[0] = (int32_t)(c->store.size / sizeof *ids);
    where[1] = count;
    at = fs_buffer_add(&c->store, bytes + FS_STORE_BEHIND);
    if (!at) return; /* then it is encoded again next time */
    c->store.size -= FS_STORE_BEHIND;
    memcpy(at, piece, (size_t)size);
    memcpy(at + bytes - ids_bytes, ids, ids_bytes);
    fs_cache_keep(c, key, hash, where, 2, FS_CACHED_ELSEWHERE);
}

const int32_t *fs_cache_stored(const fs_bpe_cache *c, const fs_cached *entry, const uint8_t *piece, int32_t size) {
    const int32_t *at = (const int32_t *)c->store.data + entry->ids[0];
    const uint8_t *kept = (const uint8_t *)at;
    uint64_t a, b, differ = 0;
    int32_t i;
    if (size < 8) return size && memcmp(kept, piece, (size_t)size) != 0 ? NULL : at + (size + 3) / 4;
    for (i = 0; i < size; i += 8) {
        memcpy(&a, kept + FS_MIN(i, size - 8), 8);
        memcpy(&b, piece + FS_MIN(i, size - 8), 8);
        differ |= a ^ b;
    }
    return differ ? NULL : at + (size + 3) / 4;
}

const int32_t *fs_cache_find_long(const fs_bpe_cache *c, uint64_t hash, const uint8_t *piece, int32_t size, int32_t *count) {
    const fs_cached *entry = fs_cache_find(c, fs_cache_long_key(hash, size), hash);
    if (!entry) return NULL;
    *count = entry->ids[1];
    return fs_cache_stored(c, entry, piece, size);
}

void fs_cache_keep_long(fs_bpe_cache *c, uint64_t hash, const uint8_t *piece, int32_t size, const int32_t *ids, int32_t count) {
    if (size <= FS_CACHED_BYTES) fs_cache_store(c, fs_cache_long_key(hash, size), hash, piece, size, ids, count);
}

fs_bpe_cache *fs_cache_take(fs_cache_pool *pool, size_t bytes) {
    fs_bpe_cache *c;
    int i;
    for (i = 0; i < FS_POOLED; i++) {
        const int64_t kept = fs_atomic_load(&pool->kept[i]);
        if (!kept || !fs_atomic_swap_if(&pool->kept[i], kept, 0)) continue;
        c = (fs_bpe_cache *)(uintptr_t)kept;
        if (c->kept > KEPT_FEW || (c->kept >= 0 && bytes > TEXT_SHORT)) begin_on_huge_pages(c);
        return c;
    }
    c = cache_new(bytes > TEXT_SHORT);
    if (c && c->lines) return c;
    cache_free(c);
    return NULL;
}

void fs_cache_give(fs_cache_pool *pool, fs_bpe_cache *cache) {
    int i;
    for (i = 0; i < FS_POOLED; i++)
        if (!fs_atomic_load(&pool->kept[i]) && fs_atomic_swap_if(&pool->kept[i], 0, (int64_t)(uintptr_t)cache)) return;
    cache_free(cache);
}

void fs_cache_pool_free(fs_cache_pool *pool) {
    int i;
    for (i = 0; i < FS_POOLED; i++) cache_free((fs_bpe_cache *)(uintptr_t)fs_atomic_load(&pool->kept[i]));
}
