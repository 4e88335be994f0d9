#include "encode.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "text/lookup/bpe_cache.h"
#include "text/unicode/utf8.h"

#define BLOCK_BYTES 65536
#define AHEAD 8 /* texts, that are fetched while this one is encoded */
#define SHOWN_BYTES 100 /* of an unknown token, in an error */

/* Where a text stands while it is encoded. */
typedef struct cursor {
    const fs_encoder *e;
    fs_text_block *block;
    fs_text text;
    fs_mapped mapped;
    unsigned want;
    int64_t tokens;
    int32_t byte, character; /* the same place, counted both ways */
} cursor;

static fs_status add_i32(fs_buffer *b, int32_t value, fs_error *err) {
    if (b->capacity - b->size >= sizeof value) {
        memcpy((unsigned char *)b->data + b->size, &value, sizeof value);
        b->size += sizeof value;
        return FS_OK;
    }
    return fs_buffer_append(b, &value, sizeof value, err);
}

/* Characters before `byte` of the original text; the places asked for never fall. */
static int32_t characters_before(cursor *c, int32_t byte) {
    c->character += (int32_t)fs_utf8_length(c->text.data + c->byte, (size_t)(byte - c->byte));
    c->byte = byte;
    return c->character;
}

/* Where the mapped piece [*begin, *end) comes from in the original text, in bytes. */
static void original(const cursor *c, int32_t *begin, int32_t *end) {
    if (!c->mapped.from || *begin == *end) return;
    *begin = c->mapped.from[*begin];
    *end = c->mapped.from[*end - 1];
    *end += fs_utf8_size(c->text.data[*end]);
}

/* Adds [begin, end) of the original text, in bytes, as characters when those are wanted. */
static fs_status add_span(cursor *c, int32_t begin, int32_t end) {
    fs_text_block *b = c->block;
    if (c->want & FS_WANT_CHARACTER_SPANS) {
        int32_t length = (int32_t)fs_utf8_length(c->text.data + begin, (size_t)(end - begin));
        begin = characters_before(c, begin);
        end = begin + length;
    }
    FS_TRY(add_i32(&b->spans, begin, &b->error));
    return add_i32(&b->spans, end, &b->error);
}

static fs_status add_piece(cursor *c, const uint8_t *piece, size_t size) {
    fs_text_block *b = c->block;
    int64_t end;
    FS_TRY(fs_buffer_append(&b->pieces, piece, size, &b->error));
    end = (int64_t)b->pieces.size;
    return fs_buffer_append(&b->ends, &end, sizeof end, &b->error);
}

/* Tokens that are not in the text: empty spans at `place` bytes. */
static fs_status add_fixed(cursor *c, const int32_t *ids, int32_t n, int32_t place) {
    int32_t i;
    if (c->want & FS_WANT_BARE) return FS_OK;
    for (i = 0; i < n; i++) {
        if (c->want & FS_WANT_IDS) FS_TRY(add_i32(&c->block->ids, ids[i], &c->block->error));
        if (c->want & FS_WANT_SPANS) FS_TRY(add_span(c, place, place));
        if (c->want & FS_WANT_PIECES) {
            fs_text token = fs_vocab_token(c->e->vocab, ids[i]);
            FS_TRY(add_piece(c, token.data, token.size));
        }
        c->tokens++;
    }
    return FS_OK;
}

static fs_status map_text(cursor *c, int want_from) {
    return fs_text_map(&c->e->map, c->text, want_from, &c->block->scratch, &c->mapped, &c->block->error);
}

void fs_name_text(int64_t text, char *name, size_t size) {
    if (text < 0)
        snprintf(name, size, "text");
    else
        snprintf(name, size, "texts[%lld]", (long long)text);
}

static fs_status fail_unknown(cursor *c, int64_t text, int32_t begin, int32_t end, int special) {
    int shown = (int)FS_MIN(end - begin, SHOWN_BYTES);
    const uint8_t *piece;
    char where[80];
    int32_t from = begin, to = end;
    FS_TRY(map_text(c, 1)); /* the same again, with places */
    piece = c->mapped.data + begin;
    original(c, &from, &to);
    while (shown < end - begin && (piece[shown] & 0xC0) == 0x80) shown--;
    fs_name_text(text, where, sizeof where / 2);
    snprintf(where + strlen(where), sizeof where / 2, ", character %d", (int)characters_before(c, from));
    return fs_fail(&c->block->error, FS_ERR_UNKNOWN_TOKEN, where,
                   special ? "the text spells a special token" : "token not in the vocabulary",
                   "a token of the vocabulary|%.*s%s", shown, (const char *)piece, shown < end - begin ? "..." : "");
}

/* The id of a piece; -1 when it is to be dropped or is an error. */
static int32_t look_up(const fs_encoder *e, const uint8_t *piece, size_t size, int *special) {
    int32_t id = fs_vocab_find(e->vocab, piece, size);
    *special = id >= 0 && !e->allow_special && fs_vocab_is_special(e->vocab, id);
    if (id >= 0 && !*special) return id;
    return e->unknown == FS_UNKNOWN_MAP ? e->unknown_id : -1;
}

static fs_status encode_pieces(cursor *c, int64_t text) {
    const fs_encoder *e = c->e;
    fs_splitter s = {c->mapped.data, c->mapped.size, 0, e->split, e->punctuation};
    int32_t begin, end;
    while (fs_split_next(&s, &begin, &end)) {
        const uint8_t *piece = c->mapped.data + begin;
        int special = 0;
        int32_t id = e->vocab ? look_up(e, piece, (size_t)(end - begin), &special) : 0;
        if (id < 0 && e->unknown == FS_UNKNOWN_DROP) continue;
        if (id < 0 && (c->want & FS_WANT_IDS)) return fail_unknown(c, text, begin, end, special);
        if (c->want & FS_WANT_IDS) FS_TRY(add_i32(&c->block->ids, id, &c->block->error));
        if (c->want & FS_WANT_PIECES) FS_TRY(add_piece(c, piece, (size_t)(end - begin)));
        if (c->want & FS_WANT_SPANS) {
            int32_t from = begin, to = end;
            original(c, &from, &to);
            FS_TRY(add_span(c, from, to));
        }
        c->tokens++;
    }
    return FS_OK;
}

/* `text` is its place in the batch; -1: it is alone. */
static fs_status encode_text(cursor *c, int64_t text) {
    const fs_encoder *e = c->e;
    if (c->text.size > FS_TEXT_MAX) {
        char where[40];
        fs_name_text(text, where, sizeof where);
        return fs_fail(&c->block->error, FS_ERR_VALUE, where, "text too long", "at most %d bytes|%llu", FS_TEXT_MAX,
                       (unsigned long long)c->text.size);
    }
    FS_TRY(map_text(c, (c->want & FS_WANT_SPANS) != 0));
    FS_TRY(add_fixed(c, e->prepend, e->prepend_count, 0));
    FS_TRY(encode_pieces(c, text));
    return add_fixed(c, e->append, e->append_count, (int32_t)c->text.size);
}

fs_status fs_rule_job(const fs_text_call *call, fs_text text, int64_t place, unsigned want, fs_text_block *block,
                      int64_t *tokens) {
    cursor c = {call->encoder, block, text, {0}, want, 0, 0, 0};
    const fs_status st = encode_text(&c, place);
    *tokens = c.tokens;
    return st;
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

fs_status fs_text_block_cache(fs_text_block *block, fs_cache_pool *pool) {
    if (block->cache) return FS_OK;
    block->pool = pool;
    block->cache = fs_cache_take(pool);
    return block->cache ? FS_OK : fs_fail_memory(&block->error, "cache", sizeof(fs_cached) * 2 * FS_CACHE_LINES);
}

static void give_back(fs_text_block *block) {
    if (block->cache) fs_cache_give(block->pool, block->cache);
    block->cache = NULL;
}

/* offsets[i + 1] takes the token count of text i; fs_encode_batch adds them up. */
static void encode_blocks(void *ctx, int64_t begin, int64_t end, int worker) {
    batch *all = ctx;
    int64_t i, t;
    (void)worker;
    for (i = begin; i < end; i++) {
        fs_text_block *b = &all->out->blocks[i];
        if (all->alone && i) take_over(b, b - 1);
        t = b->begin;
        if (all->call->together && all->call->most < 0) {
            b->status = all->call->together(all->call, all->texts, all->want, b, all->out->offsets + 1);
            t = b->end;
        }
        for (; t < b->end && b->status == FS_OK; t++) {
            if (t + AHEAD < b->end) FS_PREFETCH(all->texts[t + AHEAD].data); /* strings lie anywhere */
            b->status = fs_encode_text(all->job, all->call, all->texts[t], t, all->want, b, &all->out->offsets[t + 1]);
        }
        give_back(b);
        fs_map_scratch_free(&b->scratch);
    }
}

/* Cuts the texts in blocks of at least BLOCK_BYTES; with blocks NULL it only counts them. */
static int64_t cut_blocks(const fs_text *texts, int64_t count, fs_text_block *blocks) {
    int64_t n = 0, t, begin = 0;
    uint64_t bytes = 0;
    for (t = 0; t < count; t++) {
        bytes += texts[t].size + 8; /* empty texts are work too */
        if (bytes < BLOCK_BYTES && t + 1 < count) continue;
        if (blocks) {
            blocks[n].begin = begin;
            blocks[n].end = t + 1;
        }
        n++;
        begin = t + 1;
        bytes = 0;
    }
    return n;
}

static fs_status open_blocks(const fs_text *texts, int64_t count, fs_encoded *out, fs_error *err) {
    size_t bytes = 0;
    int ok = fs_size_array((size_t)count + 1, sizeof(int64_t), 1, &bytes);
    if (ok) out->offsets = fs_alloc(bytes);
    if (!out->offsets) return fs_fail_memory(err, "offsets", bytes);
    out->block_count = cut_blocks(texts, count, NULL);
    ok = fs_size_array((size_t)out->block_count, sizeof(fs_text_block), 1, &bytes);
    if (ok) out->blocks = fs_alloc(bytes);
    if (!out->blocks) return fs_fail_memory(err, "blocks", bytes);
    cut_blocks(texts, count, out->blocks);
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

fs_status fs_encode_batch(fs_text_job job, const fs_text_call *call, const fs_text *texts, int64_t count, unsigned want,
                          fs_run *run, fs_encoded *out, fs_error *err) {
    batch all = {job, call, texts, want, out, fs_run_threads(run) == 1};
    int64_t i;
    fs_status st;
    memset(out, 0, sizeof *out);
    FS_TRY_DONE(open_blocks(texts, count, out, err));
    out->count = count;
    if (all.alone && out->block_count) expect(&out->blocks[0].ids, texts, count, want);
    fs_parallel_for(run, out->block_count, 1, encode_blocks, &all);
    FS_TRY_DONE(fs_run_status(run, err));
    for (i = 0; i < out->block_count && st == FS_OK; i++) {
        st = out->blocks[i].status;
        if (st != FS_OK && err) *err = out->blocks[i].error;
    }
    for (i = 0; i < count; i++) out->offsets[i + 1] += out->offsets[i];
done:
    if (st != FS_OK) fs_encoded_free(out);
    return st;
}

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
    fs_free(out->blocks);
    fs_free(out->offsets);
    memset(out, 0, sizeof *out);
}

static void put_together(fs_encoded *e, size_t member, unsigned char *to) {
    int64_t i;
    for (i = 0; i < e->block_count; i++) {
        fs_buffer *b = (fs_buffer *)((unsigned char *)&e->blocks[i] + member);
        if (b->size) memcpy(to, b->data, b->size);
        to += b->size;
        fs_buffer_free(b);
    }
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
    put_together(e, offsetof(fs_text_block, spans), (unsigned char *)spans);
}
