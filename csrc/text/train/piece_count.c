#include "piece_count.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "piece_runs.h"

enum { FIRST_SLOTS = 1 << 12, ENDS = 512 };

static fs_status open_shorts(fs_piece_counts *c, size_t slots, fs_error *err) {
    size_t bytes;
    c->shorts = fs_size_mul(slots, sizeof *c->shorts, &bytes) ? fs_alloc(bytes) : NULL;
    if (!c->shorts) return fs_fail_memory(err, "counts", (uint64_t)slots * sizeof *c->shorts);
    c->short_slots = slots;
    return FS_OK;
}

void fs_piece_counts_free(fs_piece_counts *c) {
    fs_free(c->shorts);
    fs_vocab_free(&c->longs);
    fs_buffer_free(&c->long_counts);
    fs_word_scratch_free(&c->scratch);
    memset(c, 0, sizeof *c);
}

fs_status fs_piece_counts_init(fs_piece_counts *c, fs_hash_key key, fs_error *err) {
    FS_TRY(fs_vocab_init(&c->longs, key, err));
    return open_shorts(c, FIRST_SLOTS, err);
}

fs_status fs_piece_counts_reset(fs_piece_counts *c, fs_error *err) {
    const fs_hash_key key = c->longs.key;
    fs_piece_counts_free(c);
    return fs_piece_counts_init(c, key, err);
}

/* The slot of a key, or the free one where it belongs. */
static fs_counted *short_slot(const fs_piece_counts *c, fs_piece_key key) {
    size_t i = (size_t)fs_piece_key_hash(key, c->longs.key.k0) & (c->short_slots - 1);
    while (c->shorts[i].key.high && !fs_piece_key_same(c->shorts[i].key, key)) i = (i + 1) & (c->short_slots - 1);
    return &c->shorts[i];
}

static fs_status grow_shorts(fs_piece_counts *c, fs_error *err) {
    fs_piece_counts old = *c;
    fs_status st = open_shorts(c, old.short_slots * 2, err);
    if (st != FS_OK) {
        c->shorts = old.shorts;
        return st;
    }
    for (size_t i = 0; i < old.short_slots; i++)
        if (old.shorts[i].key.high) *short_slot(c, old.shorts[i].key) = old.shorts[i];
    fs_free(old.shorts);
    return FS_OK;
}

static fs_status add_short(fs_piece_counts *c, fs_piece_key key, int64_t count, fs_error *err) {
    fs_counted *slot = short_slot(c, key);
    if (!slot->key.high) {
        if (3 * (c->short_count + 1) > 2 * c->short_slots) {
            FS_TRY(grow_shorts(c, err));
            slot = short_slot(c, key);
        }
        c->short_count++;
        slot->key = key;
    }
    slot->count += count;
    return FS_OK;
}

static fs_status add_long(fs_piece_counts *c, fs_text piece, int64_t count, fs_error *err) {
    const int32_t before = c->longs.count;
    int32_t id;
    FS_TRY(fs_vocab_add(&c->longs, piece, &id, err));
    if (id == before) return fs_buffer_append(&c->long_counts, &count, sizeof count, err);
    ((int64_t *)c->long_counts.data)[id] += count;
    return FS_OK;
}

fs_status fs_piece_counts_add(fs_piece_counts *c, fs_text piece, int64_t count, fs_error *err) {
    if (piece.size > FS_PIECE_SHORT) return add_long(c, piece, count, err);
    return add_short(c, fs_piece_key_of(piece.data, (int32_t)piece.size, 0), count, err);
}

static fs_status count_word(void *ctx, fs_text word, fs_error *err) { return fs_piece_counts_add(ctx, word, 1, err); }

static fs_status count_scanned(fs_piece_counts *c, const fs_word_cutter *cutter, fs_text text, fs_error *err) {
    int32_t ends[ENDS + FS_SCAN_ROOM], at = 0, begin = 0, n;
    while ((n = cutter->scan(cutter->pattern, text.data, (int32_t)text.size, &at, ends, ENDS)) > 0) {
        for (int32_t i = 0; i < n; begin = ends[i++]) {
            const int32_t size = ends[i] - begin;
            const fs_text piece = {text.data + begin, (size_t)size};
            if (size <= FS_PIECE_SHORT)
                FS_TRY(add_short(c, fs_piece_key_of(piece.data, size, (int64_t)text.size - begin), 1, err));
            else
                FS_TRY(add_long(c, piece, 1, err));
        }
    }
    return FS_OK;
}

fs_status fs_piece_counts_text(fs_piece_counts *c, const fs_word_cutter *cutter, fs_text text, fs_error *err) {
    if (cutter->rule == FS_WORDS_PATTERN) return count_scanned(c, cutter, text, err);
    return fs_words_each(cutter, &c->scratch, text, count_word, c, err);
}

static fs_text text_of_key(const fs_piece_key *key, uint8_t bytes[16]) {
    const fs_text piece = {bytes, (size_t)(key->high >> 56)};
    memcpy(bytes, &key->low, 8);
    memcpy(bytes + 8, &key->high, 8);
    return piece;
}

fs_status fs_piece_counts_each(const fs_piece_counts *c, fs_piece_seen seen, void *ctx, fs_error *err) {
    for (size_t i = 0; i < c->short_slots; i++) {
        const fs_counted *one = &c->shorts[i];
        uint8_t bytes[16];
        if (one->key.high) FS_TRY(seen(ctx, text_of_key(&one->key, bytes), one->count, err));
    }
    for (int32_t id = 0; id < c->longs.count; id++)
        FS_TRY(seen(ctx, fs_vocab_token(&c->longs, id), ((const int64_t *)c->long_counts.data)[id], err));
    return FS_OK;
}

/* ---- writing counts away ---- */

/* In the order of the pieces' bytes: keys hold them in that order, zeros and the size behind them. */
static int by_key(const void *a, const void *b) {
    return memcmp(&((const fs_counted *)a)->key, &((const fs_counted *)b)->key, sizeof(fs_piece_key));
}

typedef struct counted_long {
    fs_text piece;
    int64_t count;
} counted_long;

static int by_bytes(const void *a, const void *b) {
    return fs_text_compare(((const counted_long *)a)->piece, ((const counted_long *)b)->piece);
}

/* Moves what is counted to the front of the table, which is none any more, in order. */
static size_t sort_shorts(fs_piece_counts *c) {
    size_t n = 0;
    for (size_t i = 0; i < c->short_slots; i++)
        if (c->shorts[i].key.high) c->shorts[n++] = c->shorts[i];
    qsort(c->shorts, n, sizeof *c->shorts, by_key);
    return n;
}

/* Both kinds in one run; no piece is of both. */
static fs_status write_run(fs_piece_counts *c, const counted_long *longs, fs_buffer *run, fs_error *err) {
    const size_t short_count = sort_shorts(c), long_count = (size_t)c->longs.count;
    size_t i = 0, j = 0;
    while (i < short_count || j < long_count) {
        uint8_t bytes[16];
        const fs_text piece = i < short_count ? text_of_key(&c->shorts[i].key, bytes) : longs[j].piece;
        if (i == short_count || (j < long_count && fs_text_compare(longs[j].piece, piece) < 0)) {
            FS_TRY(fs_record_write(run, longs[j].piece, longs[j].count, err));
            j++;
        } else {
            FS_TRY(fs_record_write(run, piece, c->shorts[i].count, err));
            i++;
        }
    }
    return FS_OK;
}

/* Those of more than 15 bytes, sorted; NULL when there is no memory. */
static counted_long *sort_longs(const fs_piece_counts *c) {
    const size_t n = (size_t)c->longs.count;
    counted_long *longs = fs_alloc(n * sizeof *longs);
    for (size_t id = 0; longs && id < n; id++) {
        longs[id].piece = fs_vocab_token(&c->longs, (int32_t)id);
        longs[id].count = ((const int64_t *)c->long_counts.data)[id];
    }
    if (longs) qsort(longs, n, sizeof *longs, by_bytes);
    return longs;
}

fs_status fs_piece_counts_spill(fs_piece_counts *c, fs_buffer *run, fs_error *err) {
    counted_long *longs = sort_longs(c);
    fs_status st;
    if (!longs) return fs_fail_memory(err, "counts", (uint64_t)c->longs.count * sizeof *longs);
    st = write_run(c, longs, run, err);
    fs_free(longs);
    return st == FS_OK ? fs_piece_counts_reset(c, err) : st;
}

size_t fs_piece_counts_bytes(const fs_piece_counts *c) {
    return c->short_slots * sizeof *c->shorts + c->longs.bytes.capacity + c->longs.starts.capacity +
           c->longs.slot_count * sizeof *c->longs.slots + c->long_counts.capacity;
}
