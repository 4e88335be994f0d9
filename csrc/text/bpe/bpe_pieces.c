#include "bpe_pieces.h"

#include "bpe_new.h"

#define BATCH 256 /* pieces that are scanned, then looked up, then written */
#define RECENT 512

typedef struct work {
    fs_bpe *m;
    fs_bpe_cache *cache;
    const uint8_t *text;
    int32_t size;
    int32_t ends[BATCH + FS_SCAN_ROOM];
    fs_piece_key keys[BATCH];
    uint64_t hashes[BATCH];
    int32_t counts[BATCH]; /* ids of each piece */
    fs_bpe_new missing[FS_BPE_NEW_MOST]; /* whose ids are to be put between those that are written */
    int32_t missing_count, missing_bytes;
    int16_t recent[RECENT]; /* by hash: the last missing one of it, if any; nothing while none is missing */
} work;

/* Keys of n pieces from `begin` on, and their lines of the cache on the way. */
static void prepare(work *w, int32_t begin, int32_t n) {
    const uint8_t *const text = w->text; /* what the stores below cannot change, as far as the compiler knows */
    const uint64_t secret = w->m->key.k0;
    fs_cached *const lines = w->cache->lines;
    const int64_t size_of_text = w->size;
    int32_t i;
    for (i = 0; i < n; begin = w->ends[i++]) {
        const int32_t size = w->ends[i] - begin;
        fs_piece_key key;
        uint64_t hash = 0;
        if (size <= FS_PIECE_SHORT) {
            key = fs_piece_key_of(text + begin, size, size_of_text - begin);
            hash = fs_piece_key_hash(key, secret);
        } else {
            if (size <= FS_CACHED_BYTES) hash = fs_piece_hash(text + begin, size, secret); /* else too long to be kept */
            key = fs_cache_long_key(hash, size);
        }
        w->keys[i] = key;
        w->hashes[i] = hash;
        FS_PREFETCH(fs_cache_line_in(lines, hash));
    }
}

/* Notes piece i, which begins at `begin`, for later; its ids are going to stand at `place`. */
static void note_missing(work *w, int32_t i, int32_t begin, int32_t place) {
    const int32_t k = w->missing_count++;
    int16_t *recent = &w->recent[w->hashes[i] % RECENT];
    fs_bpe_new *p = &w->missing[k];
    const fs_bpe_new *before;
    if (!k) memset(w->recent, 0, sizeof w->recent);
    before = &w->missing[*recent];
    p->key = w->keys[i];
    p->hash = w->hashes[i];
    p->piece = w->text + begin;
    p->size = w->ends[i] - begin;
    p->index = i;
    p->place = place;
    if (*recent < k && fs_piece_key_same(before->key, p->key) && memcmp(before->piece, p->piece, (size_t)p->size) == 0) {
        p->same = *recent;
        w->missing_bytes += p->size;
        return;
    }
    p->same = -1;
    *recent = (int16_t)k;
    w->missing_bytes += p->size;
    fs_bpe_fetch_new(w->m, w->cache, p->key, p->hash);
}

/* Copies ids sixteen at a time: up to SPARE more are read and written. */
#define SPARE 15
FS_INLINE void copy_ids(int32_t *to, const int32_t *from, int32_t count) {
    int32_t i = 0;
    do memcpy(to + i, from + i, 16 * sizeof *to);
    while ((i += 16) < count);
}

/* Piece i, whose ids are not in its entry: they are in the store, or it is missing or too long to be kept. How many are
 * written at out[at]; -1: no memory. */
FS_NOINLINE int32_t write_other(work *w, const fs_cached *entry, int32_t i, int32_t begin, int32_t *out, int32_t at) {
    const int32_t size = w->ends[i] - begin;
    const int32_t *ids;
    if (size > FS_CACHED_BYTES) return fs_bpe_encode_long(w->m, w->cache, w->text + begin, size, out + at);
    ids = entry ? fs_cache_stored(w->cache, entry, w->text + begin, size > FS_PIECE_SHORT ? size : 0) : NULL;
    if (ids) {
        copy_ids(out + at, ids, entry->ids[1]);
        return entry->ids[1];
    }
    note_missing(w, i, begin, at);
    return 0;
}

/* Writes the ids of those of n pieces from `begin` on that the cache has in their own line, and of those that are too
 * long to be kept, to out[at] and on, with room for SPARE more. Where they end; -1: no memory. */
static int32_t write_known(work *w, int32_t begin, int32_t n, int32_t *out, int32_t at) {
    fs_cached *const lines = w->cache->lines;
    int32_t *to = out + at;
    int32_t i;
    for (i = 0; i < n; i++) {
        const fs_cached *entry = fs_cache_in(fs_cache_line_in(lines, w->hashes[i]), w->keys[i]);
        int32_t count = FS_CACHED_ELSEWHERE;
        if (entry) {
            memcpy(to, entry->ids, sizeof entry->ids); /* all, of which `count` hold */
            count = entry->ids[FS_CACHED_NOTE];
            if (count == FS_CACHED_ELSEWHERE && !fs_cache_key_is_long(entry->key)) {
                copy_ids(to, (const int32_t *)w->cache->store.data + entry->ids[0], entry->ids[1]);
                count = entry->ids[1];
            }
        }
        if (count < 0 && (count = write_other(w, entry, i, i ? w->ends[i - 1] : begin, out, (int32_t)(to - out))) < 0) return -1;
        w->counts[i] = count;
        to += count;
    }
    return (int32_t)(to - out);
}

/* Puts the ids of the missing pieces in their places among those written (n), which give way, and forgets the pieces.
 * `out` has room for an id a byte of them, twice. How many there are then; -1: no memory. */
static int32_t insert_missing(work *w, int32_t *out, int32_t n) {
    int32_t *room = out + n + w->missing_bytes + SPARE;
    int32_t more = 0, end = n, k;
    for (k = 0; k < w->missing_count; k++) {
        w->missing[k].ids = room;
        room += w->missing[k].size;
    }
    if (fs_bpe_encode_new(w->m, w->cache, w->missing, w->missing_count) < 0) return -1;
    for (k = 0; k < w->missing_count; k++) more += w->missing[k].count;
    n += more;
    for (k = w->missing_count; k-- > 0; end = w->missing[k].place) {
        const fs_bpe_new *p = &w->missing[k];
        memmove(out + p->place + more, out + p->place, (size_t)(end - p->place) * sizeof *out);
        more -= p->count;
        memcpy(out + p->place + more, p->ids, (size_t)p->count * sizeof *out);
        w->counts[p->index] = p->count;
    }
    w->missing_count = w->missing_bytes = 0;
    return n;
}

static void write_ends(const work *w, int32_t n, int32_t *to) {
    int32_t i, k;
    for (i = 0; i < n; i++)
        for (k = 0; k < w->counts[i]; k++) *to++ = w->ends[i];
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
    int32_t begin = 0, at = 0, written = 0, n;
    w.m = m;
    w.cache = cache;
    w.text = text.data;
    w.size = (int32_t)text.size;
    w.missing_count = w.missing_bytes = 0;
    while ((n = scan(rule, w.text, w.size, &at, w.ends, BATCH)) > 0) {
        const size_t known = (size_t)written + (size_t)(at - begin) + SPARE; /* ids from ids->size on */
        int32_t *out = reserve(ids, known), *places;
        if (!out) return fs_fail_memory(err, "ids", (uint64_t)known * sizeof *out);
        prepare(&w, begin, n);
        written = write_known(&w, begin, n, out, written);
        if (written < 0) return fs_fail_memory(err, "piece", (uint64_t)(at - begin) * 36);
        begin = at;
        if (!ends && at < w.size && w.missing_count <= FS_BPE_NEW_MOST - BATCH) continue;
        if (w.missing_count) {
            const size_t most = (size_t)written + 2 * (size_t)w.missing_bytes + 2 * SPARE;
            out = reserve(ids, most);
            if (!out) return fs_fail_memory(err, "ids", (uint64_t)most * sizeof *out);
            written = insert_missing(&w, out, written);
            if (written < 0) return fs_fail_memory(err, "piece", (uint64_t)most * 36);
        }
        ids->size += (size_t)written * sizeof *out;
        if (ends) {
            places = fs_buffer_add(ends, (size_t)written * sizeof *places);
            if (!places) return fs_fail_memory(err, "places", (uint64_t)written * sizeof *places);
            write_ends(&w, n, places);
        }
        written = 0;
    }
    return FS_OK;
}
