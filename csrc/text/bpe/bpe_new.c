#include "bpe_new.h"

#define MERGED_FEW 64 /* so many pieces of a worker are merged before it is worth to make the walk ready */

void fs_bpe_fetch_new(const fs_bpe *m, const fs_bpe_cache *cache, fs_piece_key key, uint64_t hash) {
    FS_PREFETCH(fs_cache_neighbour(cache, hash));
    if (!fs_cache_key_is_long(key)) FS_PREFETCH(&m->words[hash & m->word_mask]);
}

/* What merging makes of a piece that is no token itself. */
static int32_t merge_piece(const fs_bpe *m, const uint8_t *piece, int32_t size, int32_t *out) {
    const int32_t n = fs_bpe_merge(m, piece, size, out);
    int32_t i;
    for (i = 0; i < n; i++) out[i] = m->ids[out[i]];
    return n;
}

int32_t fs_bpe_encode_long(fs_bpe *m, fs_bpe_cache *cache, const uint8_t *piece, int32_t size, int32_t *out) {
    const fs_bpe_walk *walk = fs_bpe_walk_of(m);
    int32_t found = -1;
    if (!walk || !walk->whole) found = fs_bpe_find_long(m, piece, size);
    if (found < 0 || !m->whole[found])
        return walk ? fs_bpe_walk_encode(walk, &cache->follows, piece, size, NULL, out) : merge_piece(m, piece, size, out);
    out[0] = m->ids[found];
    return 1;
}

/* The cache's neighbouring line may have it; it is moved to its own. */
static int find_next_to(fs_bpe_cache *cache, fs_bpe_new *p) {
    fs_cached *entry = fs_cache_in(fs_cache_neighbour(cache, p->hash), p->key), *own;
    const int32_t *ids;
    fs_cached moved;
    if (!entry) return 0;
    ids = entry->ids;
    p->count = entry->ids[FS_CACHED_NOTE];
    if (entry->ids[FS_CACHED_NOTE] == FS_CACHED_ELSEWHERE) {
        p->count = entry->ids[1];
        ids = fs_cache_stored(cache, entry, p->piece, fs_cache_key_is_long(p->key) ? p->size : 0);
        if (!ids) return 0;
    }
    memcpy(p->ids, ids, (size_t)p->count * sizeof *ids);
    own = fs_cache_line(cache, p->hash) + (cache->turn++ & 1);
    moved = *own;
    *own = *entry;
    *entry = moved;
    return 1;
}

/* A piece that is a token. */
static int find_token(const fs_bpe *m, const fs_bpe_walk *walk, fs_bpe_new *p) {
    int32_t found = -1;
    if (!fs_cache_key_is_long(p->key))
        found = fs_bpe_find_short(m, p->key);
    else if (!walk || !walk->whole)
        found = fs_bpe_find_long(m, p->piece, p->size);
    if (found < 0 || !m->whole[found]) return 0;
    p->count = 1;
    p->ids[0] = m->ids[found];
    return 1;
}

static void keep(fs_bpe_cache *cache, const fs_bpe_new *p) {
    const int is_long = fs_cache_key_is_long(p->key);
    if (!is_long && p->count <= FS_CACHED_IDS)
        fs_cache_keep(cache, p->key, p->hash, p->ids, p->count, p->count);
    else
        fs_cache_store(cache, p->key, p->hash, p->piece, is_long ? p->size : 0, p->ids, p->count);
}

/* The walk, where it is worth to have it by now. */
static const fs_bpe_walk *walk_for(fs_bpe *m, const fs_bpe_cache *cache, int32_t size) {
    return size <= FS_BPE_SHORT && cache->merged < MERGED_FEW ? NULL : fs_bpe_walk_of(m);
}

/* Pieces that are to be merged, by their place among all. */
typedef struct waiting {
    fs_bpe_new *pieces;
    int32_t count;
    int16_t which[FS_BPE_ROWS_MOST];
} waiting;

static void merge_together(const fs_bpe *m, const fs_bpe_walk *walk, fs_bpe_cache *cache, waiting *w) {
    fs_bpe_row rows[FS_BPE_ROWS_MOST];
    int32_t i;
    for (i = 0; i < w->count; i++) fs_bpe_row_begin(walk, w->pieces[w->which[i]].piece, w->pieces[w->which[i]].size, &rows[i]);
    m->merge_rows(&walk->pairs, rows, w->count);
    for (i = 0; i < w->count; i++) {
        fs_bpe_new *p = &w->pieces[w->which[i]];
        p->count = fs_bpe_row_ids(walk, &rows[i], p->ids);
        keep(cache, p);
    }
    w->count = 0;
}

/* The first symbols of all of them are found before the first one is walked: most of a walk is waiting for memory. */
static int walk_together(const fs_bpe_walk *walk, fs_bpe_cache *cache, waiting *w) {
    fs_bpe_ahead ahead[FS_BPE_ROWS_MOST];
    int32_t i;
    int symbol;
    for (symbol = 0; symbol < 2; symbol++)
        for (i = 0; i < w->count; i++) {
            const fs_bpe_new *p = &w->pieces[w->which[i]];
            fs_bpe_walk_ahead(walk, p->piece, p->size, symbol, &ahead[i]);
        }
    for (i = 0; i < w->count; i++) {
        fs_bpe_new *p = &w->pieces[w->which[i]];
        p->count = fs_bpe_walk_encode(walk, &cache->follows, p->piece, p->size, &ahead[i], p->ids);
        if (p->count < 0) return -1;
        keep(cache, p);
    }
    w->count = 0;
    return 0;
}

static void share_ids(fs_bpe_new *pieces, int32_t n) {
    int32_t i;
    for (i = 0; i < n; i++) {
        fs_bpe_new *p = &pieces[i];
        if (p->same < 0) continue;
        p->ids = pieces[p->same].ids;
        p->count = pieces[p->same].count;
    }
}

int fs_bpe_encode_new(fs_bpe *m, fs_bpe_cache *cache, fs_bpe_new *pieces, int32_t n) {
    const fs_bpe_walk *walk = NULL;
    waiting shorts = {pieces, 0, {0}}, longs = {pieces, 0, {0}};
    int32_t i;
    for (i = 0; i < n; i++) {
        fs_bpe_new *p = &pieces[i];
        if (p->same >= 0 || find_next_to(cache, p)) continue;
        if (!walk) walk = walk_for(m, cache, p->size);
        if (!find_token(m, walk, p)) {
            if (walk) {
                waiting *w = p->size > FS_BPE_ROW_END ? &longs : &shorts;
                w->which[w->count++] = (int16_t)i;
                if (shorts.count == FS_BPE_ROWS_MOST) merge_together(m, walk, cache, &shorts);
                if (longs.count == FS_BPE_ROWS_MOST && walk_together(walk, cache, &longs) < 0) return -1;
                continue;
            }
            p->count = merge_piece(m, p->piece, p->size, p->ids);
            if (p->count < 0) return -1;
            cache->merged += cache->merged < MERGED_FEW;
        }
        keep(cache, p);
    }
    if (shorts.count) merge_together(m, walk, cache, &shorts);
    if (longs.count && walk_together(walk, cache, &longs) < 0) return -1;
    share_ids(pieces, n);
    return 0;
}
