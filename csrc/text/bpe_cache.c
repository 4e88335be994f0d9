#include "bpe_cache.h"

#include "base/arena.h"

#define TRIES 4 /* slots a long piece may be in */
#define STORE_BYTES (16 << 20)

typedef struct record {
    int32_t size, count; /* then int32_t ids[count], then the bytes */
} record;

static fs_bpe_cache *cache_new(void) {
    fs_bpe_cache *c = fs_alloc(sizeof *c);
    if (!c) return NULL;
    c->pairs = fs_alloc_table(2 * FS_CACHE_PAIRS * sizeof *c->pairs);
    c->slots = fs_alloc_table(FS_CACHE_SLOTS * sizeof *c->slots);
    return c;
}

static void cache_free(fs_bpe_cache *c) {
    if (!c) return;
    fs_free(c->pairs);
    fs_free(c->slots);
    fs_buffer_free(&c->store);
    fs_free(c);
}

void fs_cache_keep(fs_bpe_cache *c, fs_piece_key key, uint64_t hash, const int32_t *ids, int32_t count,
                   int32_t note) {
    fs_cached *slot = fs_cache_pair(c, hash);
    if (slot->key.high) slot += slot[1].key.high == 0 || (c->turn++ & 1);
    slot->key = key;
    memcpy(slot->ids, ids, (size_t)count * sizeof *ids);
    slot->ids[FS_CACHED_IDS] = note;
}

const int32_t *fs_cache_find_long(const fs_bpe_cache *c, uint64_t hash, const uint8_t *piece, int32_t size, int32_t *count) {
    int i;
    for (i = 0; i < TRIES; i++) {
        const fs_cached_long *slot = &c->slots[(hash + (uint64_t)i) & (FS_CACHE_SLOTS - 1)];
        const unsigned char *at;
        record r;
        if (!slot->place) return NULL;
        if (slot->tag != (uint32_t)(hash >> 32)) continue;
        at = (const unsigned char *)c->store.data + slot->place - 1;
        memcpy(&r, at, sizeof r);
        if (r.size != size || memcmp(at + sizeof r + (size_t)r.count * sizeof(int32_t), piece, (size_t)size) != 0) continue;
        *count = r.count;
        return (const int32_t *)(const void *)(at + sizeof r);
    }
    return NULL;
}

void fs_cache_keep_long(fs_bpe_cache *c, uint64_t hash, const uint8_t *piece, int32_t size, const int32_t *ids, int32_t count) {
    const record r = {size, count};
    const size_t ids_bytes = (size_t)count * sizeof *ids;
    const size_t bytes = (sizeof r + ids_bytes + (size_t)size + 3) & ~(size_t)3;
    fs_cached_long *slot;
    unsigned char *at;
    int i = 0;
    if (size > FS_CACHED_BYTES) return;
    if (c->store.size + bytes > STORE_BYTES) {
        memset(c->slots, 0, FS_CACHE_SLOTS * sizeof *c->slots);
        c->store.size = 0;
    }
    at = fs_buffer_add(&c->store, bytes);
    if (!at) return; /* then it is encoded again next time */
    while (i < TRIES - 1 && c->slots[(hash + (uint64_t)i) & (FS_CACHE_SLOTS - 1)].place) i++;
    slot = &c->slots[(hash + (uint64_t)i) & (FS_CACHE_SLOTS - 1)];
    memcpy(at, &r, sizeof r);
    memcpy(at + sizeof r, ids, ids_bytes);
    memcpy(at + sizeof r + ids_bytes, piece, (size_t)size);
    slot->tag = (uint32_t)(hash >> 32);
    slot->place = (uint32_t)(c->store.size - bytes) + 1;
}

fs_bpe_cache *fs_cache_take(fs_cache_pool *pool) {
    fs_bpe_cache *c;
    int i;
    for (i = 0; i < FS_POOLED; i++) {
        const int64_t kept = fs_atomic_load(&pool->kept[i]);
        if (kept && fs_atomic_swap_if(&pool->kept[i], kept, 0)) return (fs_bpe_cache *)(uintptr_t)kept;
    }
    c = cache_new();
    if (c && c->pairs && c->slots) return c;
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
