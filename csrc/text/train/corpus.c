#include "corpus.h"

#include <string.h>

#include "base/arena.h"

enum { CHUNK = 1 << 18 }; /* bytes of lines that a worker takes at once */

fs_status fs_corpus_init(fs_corpus *c, fs_word_cutter cutter, fs_hash_key key, int threads, fs_error *err) {
    memset(c, 0, sizeof *c);
    c->cutter = cutter;
    c->workers = fs_alloc((size_t)threads * sizeof *c->workers);
    if (!c->workers) return fs_fail_memory(err, "threads", (uint64_t)threads * sizeof *c->workers);
    c->threads = threads;
    for (int i = 0; i < threads; i++) FS_TRY(fs_piece_counts_init(&c->workers[i].counts, key, err));
    return FS_OK;
}

void fs_corpus_free(fs_corpus *c) {
    for (int i = 0; i < c->threads; i++) fs_piece_counts_free(&c->workers[i].counts);
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
    fs_corpus_worker *mine = &s->corpus->workers[worker];
    mine->failed = fs_piece_counts_text(&mine->counts, &s->corpus->cutter, text, &mine->failure);
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

static size_t without_end(fs_text line) {
    size_t size = line.size;
    if (size && line.data[size - 1] == '\n') size--;
    if (size < line.size && size && line.data[size - 1] == '\r') size--;
    return size;
}

static void count_chunks(void *ctx, int64_t begin, int64_t end, int worker) {
    counting *s = ctx;
    size_t at = line_from(s->lines, (size_t)begin * CHUNK);
    const size_t stop = line_from(s->lines, (size_t)end * CHUNK);
    while (at < stop && !fs_run_stopped(s->run, worker)) {
        fs_text line = {s->lines.data + at, line_from(s->lines, at + 1) - at};
        at += line.size;
        if (s->corpus->cutter.bare_lines) line.size = without_end(line);
        count_or_stop(s, line, worker);
    }
}

static fs_status share_out(counting *s, int64_t items, fs_task task, fs_error *err) {
    s->run->threads = s->corpus->threads;
    fs_parallel_for(s->run, items, 1, task, s);
    for (int i = 0; i < s->corpus->threads; i++) {
        const fs_corpus_worker *w = &s->corpus->workers[i];
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

static fs_status add_to(void *ctx, fs_text piece, int64_t count, fs_error *err) {
    return fs_piece_counts_add(ctx, piece, count, err);
}

static fs_status gather(fs_corpus *c, fs_error *err) {
    for (int i = 1; i < c->threads; i++) {
        FS_TRY(fs_piece_counts_each(&c->workers[i].counts, add_to, &c->workers[0].counts, err));
        FS_TRY(fs_piece_counts_reset(&c->workers[i].counts, err));
    }
    return FS_OK;
}

fs_status fs_corpus_each(fs_corpus *c, fs_piece_seen seen, void *ctx, fs_run *run, fs_error *err) {
    if (c->run_count) return fs_runs_merge(c->runs, c->run_count, seen, ctx, run, err);
    FS_TRY(gather(c, err));
    return fs_piece_counts_each(&c->workers[0].counts, seen, ctx, err);
}

size_t fs_corpus_bytes(const fs_corpus *c) {
    size_t bytes = 0;
    for (int i = 0; i < c->threads; i++) bytes += fs_piece_counts_bytes(&c->workers[i].counts);
    return bytes;
}

int fs_corpus_empty(const fs_corpus *c) {
    for (int i = 0; i < c->threads; i++)
        if (c->workers[i].counts.short_count || c->workers[i].counts.longs.count) return 0;
    return c->run_count == 0;
}
