#include "piece_lookup.h"

#define BATCH 64 /* pieces whose lines of the cache are on the way together */

typedef struct piece {
    fs_piece_key key; /* of short ones; high is 0 for others */
    uint64_t hash;
} piece;

static void prepare(fs_bpe_cache *cache, const fs_hash_key *key, fs_text text, fs_piece_span span, piece *p) {
    const int32_t size = span.end - span.begin;
    p->key.high = 0;
    if (size <= FS_PIECE_SHORT) {
        p->key = fs_piece_key_of(text.data + span.begin, size, (int64_t)text.size - span.begin);
        p->hash = fs_piece_key_hash(p->key, key->k0);
        FS_PREFETCH(fs_cache_line(cache, p->hash));
    } else if (size <= FS_CACHED_BYTES) {
        p->hash = fs_piece_hash(text.data + span.begin, size, key->k0);
        FS_PREFETCH(fs_cache_line(cache, p->hash));
    }
}

/* A piece that is not among the short ones. */
static fs_status encode(fs_bpe_cache *cache, const piece *p, fs_text text, fs_piece_job job, void *ctx, fs_buffer *ids,
                        fs_error *err) {
    const size_t before = ids->size;
    const int32_t size = (int32_t)FS_MIN(text.size, FS_CACHED_BYTES + 1), *made;
    int32_t n;
    if (size <= FS_CACHED_BYTES) {
        made = fs_cache_find_long(cache, p->hash, text.data, size, &n);
        if (made) return fs_buffer_append(ids, made, (size_t)n * sizeof *made, err);
    }
    FS_TRY(job(ctx, text, ids, err));
    made = (const int32_t *)ids->data + before / sizeof *made;
    n = (int32_t)((ids->size - before) / sizeof *made);
    if (p->key.high && n <= FS_CACHED_IDS)
        fs_cache_keep(cache, p->key, p->hash, made, n, n);
    else if (size <= FS_CACHED_BYTES)
        fs_cache_keep_long(cache, p->hash, text.data, size, made, n);
    return FS_OK;
}

/* Room behind what is there for the ids of `n` short pieces, of which fewer may be used. */
static int reserve(fs_buffer *ids, int64_t n) {
    const size_t size = ids->size;
    const int ok = fs_buffer_add(ids, ((size_t)n * FS_CACHED_IDS + 1) * sizeof(int32_t)) != NULL;
    ids->size = size;
    return ok;
}

fs_status fs_look_up_pieces(fs_bpe_cache *cache, const fs_hash_key *key, fs_text text, const fs_piece_span *pieces,
                            int64_t n, fs_piece_job job, void *ctx, fs_buffer *ids, fs_error *err) {
    piece batch[BATCH];
    int64_t i, k;
    for (; n > 0; pieces += k, n -= k) {
        k = FS_MIN(n, BATCH);
        for (i = 0; i < k; i++) prepare(cache, key, text, pieces[i], &batch[i]);
        if (!reserve(ids, k)) return fs_fail_memory(err, "ids", (uint64_t)ids->size);
        for (i = 0; i < k; i++) {
            const fs_cached *entry;
            if (batch[i].key.high && (entry = fs_cache_find(cache, batch[i].key, batch[i].hash)) != NULL) {
                memcpy((uint8_t *)ids->data + ids->size, entry->ids, sizeof entry->ids);
                ids->size += (size_t)entry->ids[FS_CACHED_NOTE] * sizeof(int32_t);
                continue;
            }
            {
                const fs_text one = {text.data + pieces[i].begin, (size_t)(pieces[i].end - pieces[i].begin)};
                FS_TRY(encode(cache, &batch[i], one, job, ctx, ids, err));
                if (!reserve(ids, k - i)) return fs_fail_memory(err, "ids", (uint64_t)ids->size);
            }
        }
    }
    return FS_OK;
}
