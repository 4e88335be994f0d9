#include "bpe_pieces.h"

#define BATCH 256 /* pieces that are scanned, then looked up, then written */

#define MERGED_FEW 64 /* so many pieces of a worker are merged before it is worth to make the walk ready */

typedef struct work {
    fs_bpe *m;
    fs_bpe_cache *cache;
    const uint8_t *text;
    int32_t size;
    int32_t ends[BATCH + FS_SCAN_ROOM];
    fs_piece_key keys[BATCH]; /* {0, 0}: too long for the cache of short ones */
    uint64_t hashes[BATCH];
} work;

/* Of more than 8 bytes: what is left over at the end is read with some of the bytes before it. */
static uint64_t hash_of(const uint8_t *p, int32_t size, uint64_t secret) {
    uint64_t h = secret ^ (uint64_t)size, word;
    int32_t i;
    for (i = 0; i < size; i += 8) {
        memcpy(&word, p + FS_MIN(i, size - 8), 8);
        h = (h ^ word) * 0x9E3779B97F4A7C15u;
        h ^= h >> 32;
    }
    return h;
}

static int32_t write_one(int32_t *out, int32_t id) {
    *out = id;
    return 1;
}

/* The walk, where it is worth to have it by now. */
static const fs_bpe_walk *walk_for(work *w, int32_t size) {
    return size <= FS_BPE_SHORT && w->cache->merged < MERGED_FEW ? NULL : fs_bpe_walk_of(w->m);
}

/* What merging makes of a piece that is no token itself. */
static int32_t merge_piece(work *w, const uint8_t *piece, int32_t size, int32_t *out) {
    int32_t n, i;
    if (w->cache->merged < MERGED_FEW) w->cache->merged++;
    n = fs_bpe_merge(w->m, piece, size, out);
    for (i = 0; i < n; i++) out[i] = w->m->ids[out[i]];
    return n;
}

/* A piece that the cache of short ones does not have: to `out` (at least `size`); -1 when there is no memory. */
static int32_t encode_piece(work *w, fs_piece_key key, uint64_t hash, const uint8_t *piece, int32_t size, int32_t *out) {
    const fs_bpe *m = w->m;
    const fs_bpe_walk *walk = walk_for(w, size);
    const int is_short = size <= FS_PIECE_SHORT;
    int32_t n, found = -1;
    const int32_t *kept = fs_cache_find_long(w->cache, hash, piece, size, &n);
    if (kept) {
        memcpy(out, kept, (size_t)n * sizeof *out);
        return n;
    }
    if (!walk || !walk->whole) found = is_short ? fs_bpe_find_short(m, key) : fs_bpe_find_long(m, piece, size);
    if (found >= 0 && m->whole[found])
        n = write_one(out, m->ids[found]);
    else
        n = walk ? fs_bpe_walk_encode(walk, piece, size, out) : merge_piece(w, piece, size, out);
    if (n <= 0) return n;
    if (is_short && n <= FS_CACHED_IDS)
        fs_cache_keep(w->cache, key, hash, out, n, n);
    else
        fs_cache_keep_long(w->cache, hash, piece, size, out, n);
    return n;
}

/* Keys of n pieces from `begin` on, and their lines of the cache on the way. */
static void prepare(work *w, int32_t begin, int32_t n) {
    int32_t i;
    for (i = 0; i < n; begin = w->ends[i++]) {
        const int32_t size = w->ends[i] - begin;
        if (size > FS_PIECE_SHORT) {
            w->keys[i].low = w->keys[i].high = 0;
            w->hashes[i] = hash_of(w->text + begin, size, w->m->key.k0);
            fs_cache_prefetch_long(w->cache, w->hashes[i]);
            continue;
        }
        w->keys[i] = fs_piece_key_of(w->text + begin, size, (int64_t)w->size - begin);
        w->hashes[i] = fs_piece_key_hash(w->keys[i], w->m->key.k0);
        FS_PREFETCH(fs_cache_pair(w->cache, w->hashes[i]));
    }
}

/* Writes the ids of n pieces from `begin` on to `out`, with room for three more; NULL when there is no memory. */
static int32_t *write_pieces(work *w, int32_t begin, int32_t n, int32_t *out, fs_buffer *ends, int32_t *end_of_id) {
    int32_t i, k;
    for (i = 0; i < n; begin = w->ends[i++]) {
        const fs_piece_key key = w->keys[i];
        const fs_cached *slot = fs_cache_pair(w->cache, w->hashes[i]);
        int32_t count;
        slot += fs_piece_key_same(slot[1].key, key);
        if (key.high && fs_piece_key_same(slot->key, key)) {
            memcpy(out, slot->ids, sizeof slot->ids); /* all, of which `count` hold */
            count = slot->ids[FS_CACHED_IDS];
        } else {
            count = encode_piece(w, key, w->hashes[i], w->text + begin, w->ends[i] - begin, out);
            if (count < 0) return NULL;
        }
        out += count;
        if (ends)
            for (k = 0; k < count; k++) *end_of_id++ = w->ends[i];
    }
    return out;
}

/* Room for `count` more, of which fewer may be used. */
static int32_t *reserve(fs_buffer *b, size_t count) {
    const size_t size = b->size;
    int32_t *at = fs_buffer_add(b, count * sizeof *at);
    b->size = size;
    return at;
}

fs_status fs_bpe_stretch(fs_bpe *m, fs_scan scan, fs_scan_rule rule, fs_bpe_cache *cache, fs_text text,
                         fs_buffer *ids, fs_buffer *ends, fs_error *err) {
    work w;
    int32_t begin = 0, at = 0, n;
    w.m = m;
    w.cache = cache;
    w.text = text.data;
    w.size = (int32_t)text.size;
    while ((n = scan(rule, w.text, w.size, &at, w.ends, BATCH)) > 0) {
        const size_t most = (size_t)(at - begin) + 4;
        int32_t *out = reserve(ids, most), *places = ends ? reserve(ends, most) : NULL, *written;
        if (!out || (ends && !places)) return fs_fail_memory(err, "ids", (uint64_t)most * sizeof *out);
        prepare(&w, begin, n);
        written = write_pieces(&w, begin, n, out, ends, places);
        if (!written) return fs_fail_memory(err, "piece", (uint64_t)(at - begin) * 36);
        ids->size += (size_t)(written - out) * sizeof *out;
        if (ends) ends->size += (size_t)(written - out) * sizeof *out;
        begin = at;
    }
    return FS_OK;
}
