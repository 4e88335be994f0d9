#include "piece_count.h"

#include <string.h>

#include "base/arena.h"
#include "base/checked.h"

enum { FIRST_SLOTS = 1 << 12, ENDS = 512, CHUNK = 1 << 18 /* bytes of lines that a worker takes at once */ };

/* ---- one worker ---- */

static fs_status open_shorts(fs_piece_counts *c, size_t slots, fs_error *err) {
    size_t bytes;
    c->shorts = fs_size_mul(slots, sizeof *c->shorts, &bytes) ? fs_alloc(bytes) : NULL;
    if (!c->shorts) return fs_fail_memory(err, "counts", (uint64_t)slots * sizeof *c->shorts);
    c->short_slots = slots;
    return FS_OK;
}

static void free_counts(fs_piece_counts *c) {
    fs_free(c->shorts);
    fs_vocab_free(&c->longs);
    fs_buffer_free(&c->long_counts);
    memset(c, 0, sizeof *c);
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

static fs_status count_text(fs_piece_counts *c, const fs_corpus *corpus, fs_text text, fs_error *err) {
    int32_t ends[ENDS + FS_SCAN_ROOM], at = 0, begin = 0, n;
    while ((n = corpus->scan(corpus->rule, text.data, (int32_t)text.size, &at, ends, ENDS)) > 0) {
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

/* ---- all of them ---- */

fs_status fs_corpus_init(fs_corpus *c, fs_scan_rule rule, fs_isa isa, fs_hash_key key, int threads, fs_error *err) {
    memset(c, 0, sizeof *c);
    c->rule = rule;
    c->scan = fs_scan_for(isa);
    c->workers = fs_alloc((size_t)threads * sizeof *c->workers);
    if (!c->workers) return fs_fail_memory(err, "threads", (uint64_t)threads * sizeof *c->workers);
    c->threads = threads;
    for (int i = 0; i < threads; i++) {
        FS_TRY(fs_vocab_init(&c->workers[i].longs, key, err));
        FS_TRY(open_shorts(&c->workers[i], FIRST_SLOTS, err));
    }
    return FS_OK;
}

void fs_corpus_free(fs_corpus *c) {
    for (int i = 0; i < c->threads; i++) free_counts(&c->workers[i]);
    fs_free(c->workers);
    memset(c, 0, sizeof *c);
}

/* What the workers share. */
typedef struct counting {
    fs_corpus *corpus;
    const fs_text *texts; /* whole texts; or NULL, and */
    fs_text lines;        /* a block of lines, in chunks */
    fs_run *run;
} counting;

static void count_or_stop(counting *s, fs_text text, int worker) {
    fs_piece_counts *mine = &s->corpus->workers[worker];
    mine->failed = count_text(mine, s->corpus, text, &mine->failure);
    if (mine->failed != FS_OK) fs_atomic_store(&s->run->stopped, 1);
}

static void count_texts(void *ctx, int64_t begin, int64_t end, int worker) {
    counting *s = ctx;
    for (int64_t i = begin; i < end && !fs_run_stopped(s->run, worker); i++) count_or_stop(s, s->texts[i], worker);
}

/* The first line that starts at `at` or behind it. */
static size_t line_from(fs_text block, size_t at) {
    const uint8_t *end;
    if (at == 0 || at >= block.size) return FS_MIN(at, block.size);
    end = memchr(block.data + at - 1, '\n', block.size - at + 1);
    return end ? (size_t)(end - block.data) + 1 : block.size;
}

static void count_chunks(void *ctx, int64_t begin, int64_t end, int worker) {
    counting *s = ctx;
    size_t at = line_from(s->lines, (size_t)begin * CHUNK);
    const size_t stop = line_from(s->lines, (size_t)end * CHUNK);
    while (at < stop && !fs_run_stopped(s->run, worker)) {
        const fs_text line = {s->lines.data + at, line_from(s->lines, at + 1) - at};
        count_or_stop(s, line, worker);
        at += line.size;
    }
}

static fs_status share_out(counting *s, int64_t items, fs_task task, fs_error *err) {
    s->run->threads = s->corpus->threads;
    fs_parallel_for(s->run, items, 1, task, s);
    for (int i = 0; i < s->corpus->threads; i++) {
        const fs_piece_counts *w = &s->corpus->workers[i];
        if (w->failed == FS_OK) continue;
        if (err) *err = w->failure;
        return w->failed;
    }
    return fs_run_status(s->run, err);
}

fs_status fs_corpus_add(fs_corpus *c, const fs_text *texts, int64_t count, fs_run *run, fs_error *err) {
    counting s = {0};
    s.corpus = c;
    s.texts = texts;
    s.run = run;
    for (int64_t i = 0; i < count; i++)
        if (texts[i].size > FS_TEXT_MAX)
            return fs_fail(err, FS_ERR_VALUE, "texts", "text too long", "at most %d bytes|%llu in text %lld", FS_TEXT_MAX,
                           (unsigned long long)texts[i].size, (long long)i);
    return share_out(&s, count, count_texts, err);
}

fs_status fs_corpus_add_lines(fs_corpus *c, fs_text block, fs_run *run, fs_error *err) {
    counting s = {0};
    s.corpus = c;
    s.lines = block;
    s.run = run;
    if (block.size > FS_TEXT_MAX)
        return fs_fail(err, FS_ERR_VALUE, "texts", "block too long", "at most %d bytes|%llu", FS_TEXT_MAX,
                       (unsigned long long)block.size);
    return share_out(&s, (int64_t)((block.size + CHUNK - 1) / CHUNK), count_chunks, err);
}

static fs_status each_of(const fs_piece_counts *c, fs_piece_seen seen, void *ctx, fs_error *err) {
    for (size_t i = 0; i < c->short_slots; i++) {
        const fs_counted *one = &c->shorts[i];
        uint8_t bytes[16];
        const fs_text piece = {bytes, (size_t)(one->key.high >> 56)};
        if (!one->key.high) continue;
        memcpy(bytes, &one->key.low, 8);
        memcpy(bytes + 8, &one->key.high, 8);
        FS_TRY(seen(ctx, piece, one->count, err));
    }
    for (int32_t id = 0; id < c->longs.count; id++)
        FS_TRY(seen(ctx, fs_vocab_token(&c->longs, id), ((const int64_t *)c->long_counts.data)[id], err));
    return FS_OK;
}

static fs_status add_piece(void *ctx, fs_text piece, int64_t count, fs_error *err) {
    if (piece.size > FS_PIECE_SHORT) return add_long(ctx, piece, count, err);
    return add_short(ctx, fs_piece_key_of(piece.data, (int32_t)piece.size, 0), count, err);
}

fs_status fs_corpus_gather(fs_corpus *c, fs_error *err) {
    for (int i = 1; i < c->threads; i++) {
        const fs_hash_key key = c->workers[i].longs.key;
        FS_TRY(each_of(&c->workers[i], add_piece, &c->workers[0], err));
        free_counts(&c->workers[i]);
        FS_TRY(fs_vocab_init(&c->workers[i].longs, key, err));
        FS_TRY(open_shorts(&c->workers[i], FIRST_SLOTS, err));
    }
    return FS_OK;
}

size_t fs_corpus_bytes(const fs_corpus *c) {
    size_t bytes = 0;
    for (int i = 0; i < c->threads; i++) {
        const fs_piece_counts *w = &c->workers[i];
        bytes += w->short_slots * sizeof *w->shorts + w->longs.bytes.capacity + w->longs.starts.capacity +
                 w->longs.slot_count * sizeof *w->longs.slots + w->long_counts.capacity;
    }
    return bytes;
}

fs_status fs_corpus_each(const fs_corpus *c, fs_piece_seen seen, void *ctx, fs_error *err) {
    return each_of(&c->workers[0], seen, ctx, err);
}
