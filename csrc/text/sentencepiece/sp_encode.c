#include "sp_encode.h"

#include <stdio.h>

#include "text/normalize/aligned_spans.h"
#include "sp_words.h"
#include "text/parts.h"
#include "text/unicode/utf8.h"

#define AHEAD 64 /* texts, that are fetched while those before are encoded, some of them at once */

void fs_sp_encoder_free(fs_sp_encoder *e) {
    fs_sp_free(&e->model);
    fs_cache_pool_free(&e->pool);
    fs_buffer_free(&e->prepend);
    fs_buffer_free(&e->append);
}

/* Ids around a text, whose place is `at`; `unless`: they are not wanted with that. */
static fs_status add_fixed(const fs_buffer *ids, fs_text text, int32_t at, unsigned want, unsigned unless, fs_text_block *block) {
    fs_place_counter counters[2] = {{0, 0}, {0, 0}};
    size_t i;
    if (!ids->size || (want & (FS_WANT_BARE | unless))) return FS_OK;
    for (i = 0; i < ids->size / sizeof(int32_t) && (want & FS_WANT_SPANS); i++)
        FS_TRY(fs_add_span(counters, text, at, at, want, block));
    return fs_buffer_append(&block->ids, ids->data, ids->size, &block->error);
}

/* The text as a whole. */
static fs_status encode_whole(const fs_sp_encoder *e, fs_text text, unsigned want, fs_text_block *block, fs_aligned *a) {
    fs_buffer ends = {0};
    fs_pieces_out out = {&block->ids, want & FS_WANT_SPANS ? &ends : NULL};
    fs_text prepared;
    fs_status st;
    a->size = 0;
    FS_TRY(fs_sp_normalize(&e->model.rules, text, (want & FS_WANT_NO_HEAD) != 0, a, &block->error));
    prepared.data = a->data;
    prepared.size = (size_t)a->size;
    FS_TRY_DONE(fs_pieces_encode(&e->model.pieces, block->cache, prepared, &out, &block->error));
    if (out.ends) st = fs_aligned_spans(a, text, ends.data, (int64_t)(ends.size / sizeof(int32_t)), want, block);
done:
    fs_buffer_free(&ends);
    return st;
}

/* Texts on their way. */
typedef struct route {
    const fs_sp_encoder *e;
    const fs_text *text, *end; /* the one that is worked on; behind the last */
    int64_t *tokens;           /* of it */
    int64_t place;             /* of it */
    unsigned want;
    fs_text_block *block;
    fs_aligned a;
    size_t before; /* bytes of ids before the text's */
} route;

static fs_status check_size(const route *r, fs_text text, int64_t place) {
    char where[40];
    if (text.size <= FS_TEXT_MAX) return FS_OK;
    fs_name_text(place, where, sizeof where);
    return fs_fail(&r->block->error, FS_ERR_VALUE, where, "text too long", "at most %d bytes|%llu", FS_TEXT_MAX,
                   (unsigned long long)text.size);
}

static fs_status begin_text(route *r) {
    if (!(r->want & FS_WANT_IDS)) r->block->ids.size = 0;
    r->before = r->block->ids.size;
    return r->text == r->end ? FS_OK : add_fixed(&r->e->prepend, *r->text, 0, r->want, FS_WANT_NO_HEAD, r->block);
}

/* The text that is worked on is done, or is to be encoded whole. */
static fs_status end_text(void *ctx, int whole) {
    route *r = ctx;
    if (whole) FS_TRY(encode_whole(r->e, *r->text, r->want, r->block, &r->a));
    FS_TRY(add_fixed(&r->e->append, *r->text, (int32_t)r->text->size, r->want, FS_WANT_NO_TAIL, r->block));
    *r->tokens++ = (int64_t)((r->block->ids.size - r->before) / sizeof(int32_t));
    r->text++;
    r->place++;
    return begin_text(r);
}

static fs_status encode_by_words(route *r) {
    const fs_text *text;
    fs_sp_words w;
    w.m = &r->e->model;
    w.cache = r->block->cache;
    w.prepared = &r->a;
    w.found = &r->block->ends;
    w.ids = &r->block->ids;
    w.err = &r->block->error;
    w.ended = end_text;
    w.ctx = r;
    FS_TRY(fs_sp_words_open(&w));
    for (text = r->text; text < r->end; text++) {
        if (r->end - text > AHEAD) { /* strings lie anywhere */
            FS_PREFETCH(text[AHEAD].data);
            if (text[AHEAD].size > 64) FS_PREFETCH(text[AHEAD].data + 64);
        }
        FS_TRY(check_size(r, *text, r->place + (text - r->text)));
        FS_TRY(fs_sp_words_add(&w, *text));
    }
    return fs_sp_words_close(&w);
}

static fs_status encode_texts(route *r) {
    const fs_text *text;
    size_t bytes = 0;
    for (text = r->text; text < r->end; text++) bytes += text->size;
    FS_TRY(fs_text_block_cache(r->block, &((fs_sp_encoder *)r->e)->pool, bytes));
    FS_TRY(begin_text(r));
    if (r->e->model.by_words && !r->a.tracked) return encode_by_words(r);
    while (r->text < r->end) {
        FS_TRY(check_size(r, *r->text, r->place));
        FS_TRY(end_text(r, 1));
    }
    return FS_OK;
}

/* Texts (count) from a place on. */
static fs_status encode(const fs_text_call *call, const fs_text *texts, int64_t count, int64_t place, unsigned want,
                        fs_text_block *block, int64_t *tokens) {
    route r = {call->encoder, texts, texts + count, tokens, place, want, block, {0}, 0};
    fs_status st;
    r.a.tracked = (want & FS_WANT_SPANS) != 0;
    r.a.bytes = block->pieces; /* lives on from text to text */
    r.a.data = r.a.bytes.data;
    r.a.capacity = r.a.tracked ? 0 : (int32_t)FS_MIN(r.a.bytes.capacity, INT32_MAX / 2);
    st = encode_texts(&r);
    block->pieces = r.a.bytes;
    memset(&r.a.bytes, 0, sizeof r.a.bytes);
    fs_aligned_free(&r.a);
    return st;
}

fs_status fs_sp_job(const fs_text_call *call, fs_text text, int64_t place, unsigned want, fs_text_block *block,
                    int64_t *tokens) {
    *tokens = 0;
    return encode(call, &text, 1, place, want, block, tokens);
}

fs_status fs_sp_block_job(const fs_text_call *call, const fs_text *texts, unsigned want, fs_text_block *block,
                          int64_t *tokens) {
    return encode(call, texts + block->begin, block->end - block->begin, block->begin, want, block,
                  tokens + block->begin);
}

/* Merging knows no more of a text than what no piece spans; which of two nearly equal ways Unigram takes depends on all
 * that stands before. U+2581 is a piece, so that unknown characters are not one with those of another word. */
int32_t fs_sp_cut(const fs_text_call *call, fs_text text, unsigned want, int32_t at) {
    const fs_sp_model *m = &((const fs_sp_encoder *)call->encoder)->model;
    (void)want;
    return m->parted ? fs_part_space(text, at) : (int32_t)text.size;
}

fs_status fs_sp_prepare(const fs_sp_encoder *e, fs_text text, fs_buffer *out, fs_error *err) {
    fs_aligned a = {0};
    fs_status st;
    FS_TRY_DONE(fs_sp_normalize(&e->model.rules, text, 0, &a, err));
    st = fs_buffer_append(out, a.data, (size_t)a.size, err);
done:
    fs_aligned_free(&a);
    return st;
}

/* Bytes that stand for themselves: what is no character of them becomes U+FFFD, a byte each. */
static fs_status add_bytes(const uint8_t *bytes, size_t n, fs_buffer *out, fs_error *err) {
    while (n) {
        const size_t valid = fs_utf8_valid(bytes, n);
        FS_TRY(fs_buffer_append(out, bytes, valid, err));
        bytes += valid;
        n -= valid;
        if (!n) break;
        FS_TRY(fs_buffer_append(out, "\xEF\xBF\xBD", 3, err));
        bytes++;
        n--;
    }
    return FS_OK;
}

/* A piece with its U+2581 as spaces. */
static fs_status add_piece(fs_text piece, fs_buffer *out, fs_error *err) {
    size_t i = 0, plain;
    while (i < piece.size) {
        for (plain = i; plain < piece.size; plain++)
            if (piece.size - plain >= 3 && memcmp(piece.data + plain, FS_SP_SPACE, 3) == 0) break;
        FS_TRY(fs_buffer_append(out, piece.data + i, plain - i, err));
        i = plain;
        if (i == piece.size) break;
        FS_TRY(fs_buffer_append(out, " ", 1, err));
        i += 3;
    }
    return FS_OK;
}

typedef struct decoding {
    const fs_sp_model *m;
    fs_buffer *out;
    size_t first;    /* bytes that were in `out` before */
    fs_buffer bytes; /* of byte pieces in a row */
    int at_start;    /* a space that begins the next piece is the one that was put before the text */
    int dropped;     /* such a space was left out */
} decoding;

static fs_status flush_bytes(decoding *d, fs_error *err) {
    FS_TRY(add_bytes(d->bytes.data, d->bytes.size, d->out, err));
    d->bytes.size = 0;
    return FS_OK;
}

static fs_status decode_piece(decoding *d, int32_t id, fs_error *err) {
    const fs_sp_rules *r = &d->m->rules;
    const fs_piece_type type = fs_pieces_type(&d->m->pieces, id);
    fs_text piece = fs_pieces_text(&d->m->pieces, id);
    if (type == FS_PIECE_BYTE) {
        uint8_t byte = 0;
        while (d->m->pieces.of_byte[byte] != id && byte < 255) byte++;
        return fs_buffer_append(&d->bytes, &byte, 1, err);
    }
    FS_TRY(flush_bytes(d, err));
    if (d->dropped || d->out->size > d->first) d->at_start = 0;
    d->dropped = 0;
    if (type == FS_PIECE_CONTROL) return FS_OK;
    if (type == FS_PIECE_UNKNOWN) return fs_buffer_append(d->out, d->m->unknown_text.data, d->m->unknown_text.size, err);
    if (d->at_start && (r->dummy_prefix || r->remove_spaces) && piece.size >= 3 &&
        memcmp(piece.data, FS_SP_SPACE, 3) == 0) {
        piece.data += 3;
        piece.size -= 3;
        d->dropped = !r->remove_spaces; /* then all of them go */
    }
    return add_piece(piece, d->out, err);
}

/* What was decoded goes through the rules for that. */
static fs_status denormalize(const fs_sp_model *m, size_t first, fs_buffer *out, fs_error *err) {
    const fs_text text = {(const uint8_t *)out->data + first, out->size - first};
    fs_aligned a = {0};
    fs_status st;
    FS_TRY_DONE(fs_sp_normalize(&m->back, text, 0, &a, err));
    out->size = first;
    st = fs_buffer_append(out, a.data, (size_t)a.size, err);
done:
    fs_aligned_free(&a);
    return st;
}

fs_status fs_sp_decode(const fs_sp_encoder *e, const int32_t *ids, int64_t n, fs_buffer *out, fs_error *err) {
    decoding d = {&e->model, out, out->size, {0}, 1, 0};
    fs_status st = FS_OK;
    int64_t i;
    for (i = 0; i < n; i++) {
        if (ids[i] < 0 || ids[i] >= e->model.pieces.count) {
            char where[40];
            snprintf(where, sizeof where, "ids[%lld]", (long long)i);
            st = fs_fail(err, FS_ERR_VALUE, where, "id not in the vocabulary", "0 to %d|%d",
                         (int)e->model.pieces.count - 1, (int)ids[i]);
            goto done;
        }
        FS_TRY_DONE(decode_piece(&d, ids[i], err));
    }
    FS_TRY_DONE(flush_bytes(&d, err));
    if (e->model.back.map.units) st = denormalize(&e->model, d.first, out, err);
done:
    fs_buffer_free(&d.bytes);
    return st;
}
