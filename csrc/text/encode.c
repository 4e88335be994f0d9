#include "encode.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "parts.h"
#include "text/lookup/bpe_cache.h"
#include "text/unicode/utf8.h"

#define AHEAD 8 /* texts, that are fetched while this one is encoded */
#define COPIED_ALONE (1 << 20) /* bytes, for which other threads are not woken */

void fs_name_text(int64_t text, char *name, size_t size) {
    if (text < 0)
        snprintf(name, size, "text");
    else
        snprintf(name, size, "texts[%lld]", (long long)text);
}

/* Takes `count` elements from place `at` on out of an array that ends with them and others. */
static void take_out(fs_buffer *b, int64_t at, int64_t count, size_t element) {
    unsigned char *data = b->data;
    const size_t from = (size_t)(at + count) * element;
    memmove(data + (size_t)at * element, data + from, b->size - from);
    b->size -= (size_t)count * element;
}

fs_status fs_encode_text(fs_text_job job, const fs_text_call *call, fs_text text, int64_t place, unsigned want,
                         fs_text_block *block, int64_t *tokens) {
    const int around = !(want & FS_WANT_BARE);
    int64_t spare, at;
    FS_TRY(job(call, text, place, want, block, tokens));
    spare = *tokens - call->most;
    if (call->most < 0 || spare <= 0) return FS_OK;
    at = call->from_left ? (around ? call->before : 0) - *tokens : -spare - (around ? call->behind : 0);
    if (want & FS_WANT_IDS)
        take_out(&block->ids, (int64_t)(block->ids.size / sizeof(int32_t)) + at, spare, sizeof(int32_t));
    if (want & FS_WANT_SPANS)
        take_out(&block->spans, (int64_t)(block->spans.size / (2 * sizeof(int32_t))) + at, spare, 2 * sizeof(int32_t));
    *tokens = call->most;
    return FS_OK;
}

typedef struct batch {
    fs_text_job job;
    const fs_text_call *call;
    const fs_text *texts;
    unsigned want;
    fs_encoded *out;
    int alone; /* one thread does all blocks, in their order */
} batch;

/* A block's buffers grow on from those of the block before, which is left without. */
static void take_over(fs_text_block *b, fs_text_block *before) {
    const fs_buffer none = {NULL, 0, 0};
    b->ids = before->ids;
    b->spans = before->spans;
    before->ids = before->spans = none;
}

fs_status fs_text_block_cache(fs_text_block *block, fs_cache_pool *pool, size_t bytes) {
    if (block->cache) return FS_OK;
    block->pool = pool;
    block->cache = fs_cache_take(pool, bytes);
    return block->cache ? FS_OK : fs_fail_memory(&block->error, "cache", sizeof(fs_cached) * 2 * FS_CACHE_LINES);
}

static void give_back(fs_text_block *block) {
    if (block->cache) fs_cache_give(block->pool, block->cache);
    block->cache = NULL;
}

/* What errors call text t. */
static int64_t place_of(const batch *all, int64_t t) { return all->call->alone ? -1 : t; }

/* A part of a text. */
static void encode_part(const batch *all, fs_text_block *b) {
    const fs_text whole = all->texts[b->begin], part = fs_part_text(b, whole);
    b->status = all->job(all->call, part, place_of(all, b->begin), fs_part_want(b, whole, all->want), b, &b->tokens);
    if (all->want & FS_WANT_CHARACTER_SPANS) b->before = (int32_t)fs_utf8_length(part.data, part.size);
}

/* offsets[i + 1] takes the token count of text i; fs_encode_batch adds them up. */
static void encode_blocks(void *ctx, int64_t begin, int64_t end, int worker) {
    batch *all = ctx;
    int64_t i, t;
    (void)worker;
    for (i = begin; i < end; i++) {
        fs_text_block *b = &all->out->blocks[i];
        if (all->alone && i) take_over(b, b - 1);
        t = b->to ? b->end : b->begin;
        if (b->to) encode_part(all, b);
        if (all->call->together && all->call->most < 0 && !all->call->alone && t < b->end) {
            b->status = all->call->together(all->call, all->texts, all->want, b, all->out->offsets + 1);
            t = b->end;
        }
        for (; t < b->end && b->status == FS_OK; t++) {
            if (t + AHEAD < b->end) FS_PREFETCH(all->texts[t + AHEAD].data); /* strings lie anywhere */
            b->status = fs_encode_text(all->job, all->call, all->texts[t], place_of(all, t), all->want, b,
                                       &all->out->offsets[t + 1]);
        }
        give_back(b);
        fs_map_scratch_free(&b->scratch);
    }
}

static fs_status open_blocks(const batch *all, int64_t count, fs_error *err) {
    fs_encoded *out = all->out;
    size_t bytes = 0;
    if (fs_size_array((size_t)count + 1, sizeof(int64_t), 1, &bytes)) out->offsets = fs_alloc(bytes);
    if (!out->offsets) return fs_fail_memory(err, "offsets", bytes);
    FS_TRY(fs_blocks_cut(all->call, all->texts, count, all->want, !all->alone, &out->kept, err));
    out->blocks = out->kept.data;
    out->block_count = (int64_t)(out->kept.size / sizeof *out->blocks);
    out->count = count;
    return FS_OK;
}

/* Room for about as many ids as there are going to be, so that they seldom move. Memory that is not used costs nothing. */
static void expect(fs_buffer *ids, const fs_text *texts, int64_t count, unsigned want) {
    size_t bytes = 0;
    int64_t t;
    if (!(want & FS_WANT_IDS)) return;
    for (t = 0; t < count; t++) bytes += texts[t].size;
    if (fs_buffer_add(ids, bytes + bytes / 4)) ids->size = 0;
}

/* The error of a block that failed. That of a part names a place in the part: the text is encoded as a whole, which
 * fails with the right one. */
static void error_of(const batch *all, fs_text_block *b, fs_error *err) {
    fs_text_block whole;
    int64_t tokens;
    memset(&whole, 0, sizeof whole);
    if (b->to && (b->status == FS_ERR_VALUE || b->status == FS_ERR_UNKNOWN_TOKEN)) {
        if (all->job(all->call, all->texts[b->begin], place_of(all, b->begin), all->want, &whole, &tokens) == b->status)
            b->error = whole.error;
    }
    if (err) *err = b->error;
    fs_text_block_free(&whole);
}

/* Tokens of texts so far, and where parts begin. */
static void add_up(const batch *all) {
    const int in_bytes = (all->want & FS_WANT_BYTE_SPANS) != 0;
    fs_encoded *out = all->out;
    int32_t place = 0;
    int64_t i;
    for (i = 0; i < out->block_count; i++) {
        fs_text_block *b = &out->blocks[i];
        const int32_t length = b->before;
        if (!b->to) continue;
        out->offsets[b->begin + 1] += b->tokens;
        if (b->from == 0) place = 0;
        b->before = in_bytes ? b->from : place;
        place += length;
    }
    for (i = 0; i < out->count; i++) out->offsets[i + 1] += out->offsets[i];
}

fs_status fs_encode_batch(fs_text_job job, const fs_text_call *call, const fs_text *texts, int64_t count, unsigned want,
                          fs_run *run, fs_encoded *out, fs_error *err) {
    batch all = {job, call, texts, want, out, fs_run_threads(run) == 1};
    int64_t i;
    fs_status st;
    memset(out, 0, sizeof *out);
    out->threads = fs_run_threads(run);
    FS_TRY_DONE(open_blocks(&all, count, err));
    if (all.alone && out->block_count) expect(&out->blocks[0].ids, texts, count, want);
    fs_parallel_for(run, out->block_count, 1, encode_blocks, &all);
    FS_TRY_DONE(fs_run_status(run, err));
    for (i = 0; i < out->block_count && st == FS_OK; i++) {
        st = out->blocks[i].status;
        if (st != FS_OK) error_of(&all, &out->blocks[i], err);
    }
    add_up(&all);
done:
    if (st != FS_OK) fs_encoded_free(out);
    return st;
}

void fs_text_block_begin(fs_text_block *block) { memset(block, 0, offsetof(fs_text_block, error)); }

void fs_text_block_free(fs_text_block *block) {
    give_back(block);
    fs_buffer_free(&block->ids);
    fs_buffer_free(&block->spans);
    fs_buffer_free(&block->pieces);
    fs_buffer_free(&block->ends);
    fs_map_scratch_free(&block->scratch);
}

void fs_encoded_free(fs_encoded *out) {
    int64_t i;
    for (i = 0; i < out->block_count && out->blocks; i++) fs_text_block_free(&out->blocks[i]);
    fs_buffer_free(&out->kept);
    fs_free(out->offsets);
    memset(out, 0, sizeof *out);
}

/* Results of blocks that are copied to where they belong. */
typedef struct gathering {
    fs_encoded *e;
    size_t member; /* of fs_text_block: which of its buffers */
    unsigned char *to;
} gathering;

static fs_buffer *buffer_of(const gathering *g, int64_t block) {
    return (fs_buffer *)((unsigned char *)&g->e->blocks[block] + g->member);
}

static void copy_blocks(void *ctx, int64_t begin, int64_t end, int worker) {
    const gathering *g = ctx;
    int64_t i;
    (void)worker;
    for (i = begin; i < end; i++) {
        fs_buffer *b = buffer_of(g, i);
        if (b->size) memcpy(g->to + g->e->blocks[i].place, b->data, b->size);
        fs_buffer_free(b);
    }
}

/* Each worker writes a part of what is new memory to all of them. */
static void put_together(fs_encoded *e, size_t member, unsigned char *to) {
    gathering g = {e, member, to};
    fs_run run = {0};
    size_t bytes = 0;
    int64_t i;
    run.threads = e->threads;
    for (i = 0; i < e->block_count; i++) {
        e->blocks[i].place = bytes;
        bytes += buffer_of(&g, i)->size;
    }
    fs_parallel_for(bytes < COPIED_ALONE ? NULL : &run, e->block_count, 1, copy_blocks, &g);
}

void fs_encoded_take_ids(fs_encoded *e, fs_buffer *ids) {
    int64_t i;
    for (i = 0; i < e->block_count; i++) {
        fs_buffer *b = &e->blocks[i].ids;
        if (!b->size || b->size / sizeof(int32_t) != (size_t)e->offsets[e->count]) continue;
        *ids = *b;
        memset(b, 0, sizeof *b);
        fs_buffer_trim(ids);
        return;
    }
}

void fs_encoded_ids(fs_encoded *e, int32_t *ids) {
    put_together(e, offsetof(fs_text_block, ids), (unsigned char *)ids);
}

void fs_encoded_spans(fs_encoded *e, int32_t *spans) {
    int64_t i, n;
    for (i = 0; i < e->block_count; i++) { /* places in a part become places in its text */
        int32_t *place = e->blocks[i].spans.data;
        for (n = (int64_t)(e->blocks[i].spans.size / sizeof *place); e->blocks[i].before && n > 0; n--)
            *place++ += e->blocks[i].before;
    }
    put_together(e, offsetof(fs_text_block, spans), (unsigned char *)spans);
}
