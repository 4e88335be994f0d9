#include "sp_encode.h"

#include <stdio.h>

#include "aligned_spans.h"
#include "utf8.h"

void fs_sp_encoder_free(fs_sp_encoder *e) {
    fs_sp_free(&e->model);
    fs_cache_pool_free(&e->pool);
    fs_buffer_free(&e->prepend);
    fs_buffer_free(&e->append);
}

/* Ids around a text, whose place is `at`. */
static fs_status add_fixed(const fs_buffer *ids, fs_text text, int32_t at, unsigned want, fs_text_block *block) {
    fs_place_counter counters[2] = {{0, 0}, {0, 0}};
    size_t i;
    if (want & FS_WANT_BARE) return FS_OK;
    for (i = 0; i < ids->size / sizeof(int32_t) && (want & FS_WANT_SPANS); i++)
        FS_TRY(fs_add_span(counters, text, at, at, want, block));
    return fs_buffer_append(&block->ids, ids->data, ids->size, &block->error);
}

static fs_status encode_text(const fs_sp_encoder *e, fs_text text, unsigned want, fs_text_block *block, fs_aligned *a,
                             fs_bpe_cache *cache) {
    fs_buffer ends = {0};
    fs_pieces_out out = {&block->ids, want & FS_WANT_SPANS ? &ends : NULL};
    fs_text prepared;
    fs_status st;
    FS_TRY(add_fixed(&e->prepend, text, 0, want, block));
    FS_TRY(fs_sp_normalize(&e->model.rules, text, a, &block->error));
    prepared.data = a->data;
    prepared.size = (size_t)a->size;
    FS_TRY_DONE(fs_pieces_encode(&e->model.pieces, cache, prepared, &out, &block->error));
    if (out.ends)
        FS_TRY_DONE(fs_aligned_spans(a, text, ends.data, (int64_t)(ends.size / sizeof(int32_t)), want, block));
    st = add_fixed(&e->append, text, (int32_t)text.size, want, block);
done:
    fs_buffer_free(&ends);
    return st;
}

fs_status fs_sp_job(const fs_text_call *call, fs_text text, int64_t place, unsigned want, fs_text_block *block,
                    int64_t *tokens) {
    fs_sp_encoder *e = call->encoder;
    fs_aligned a = {0};
    const size_t before = want & FS_WANT_IDS ? block->ids.size : 0;
    fs_bpe_cache *cache;
    fs_status st;
    char where[40];
    *tokens = 0;
    if (text.size > FS_TEXT_MAX) {
        fs_name_text(place, where, sizeof where);
        return fs_fail(&block->error, FS_ERR_VALUE, where, "text too long", "at most %d bytes|%llu", FS_TEXT_MAX,
                       (unsigned long long)text.size);
    }
    cache = fs_cache_take(&e->pool);
    if (!cache) return fs_fail_memory(&block->error, "cache", sizeof(fs_cached) * 2 * FS_CACHE_LINES);
    block->ids.size = before;
    a.tracked = (want & FS_WANT_SPANS) != 0;
    a.bytes = block->pieces; /* lives on from text to text */
    a.data = a.bytes.data;
    a.capacity = a.tracked ? 0 : (int32_t)FS_MIN(a.bytes.capacity, INT32_MAX / 2);
    st = encode_text(e, text, want, block, &a, cache);
    block->pieces = a.bytes;
    memset(&a.bytes, 0, sizeof a.bytes);
    fs_cache_give(&e->pool, cache);
    fs_aligned_free(&a);
    *tokens = (int64_t)((block->ids.size - before) / sizeof(int32_t));
    return st;
}

fs_status fs_sp_prepare(const fs_sp_encoder *e, fs_text text, fs_buffer *out, fs_error *err) {
    fs_aligned a = {0};
    fs_status st;
    FS_TRY_DONE(fs_sp_normalize(&e->model.rules, text, &a, err));
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
    FS_TRY_DONE(fs_sp_normalize(&m->back, text, &a, err));
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
