/* Tokenizers that look pieces up whole: map (text_map.h), cut (split.h), look up (vocab.h). */
#include <stdio.h>
#include <string.h>

#include "text/encode.h"
#include "text/parts.h"
#include "text/unicode/utf8.h"

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

/* Tokens that are not in the text: empty spans at `place` bytes. `unless`: they are not wanted with that. */
static fs_status add_fixed(cursor *c, const int32_t *ids, int32_t n, int32_t place, unsigned unless) {
    int32_t i;
    if (c->want & (FS_WANT_BARE | unless)) return FS_OK;
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
    FS_TRY(add_fixed(c, e->prepend, e->prepend_count, 0, FS_WANT_NO_HEAD));
    FS_TRY(encode_pieces(c, text));
    return add_fixed(c, e->append, e->append_count, (int32_t)c->text.size, FS_WANT_NO_TAIL);
}

fs_status fs_rule_job(const fs_text_call *call, fs_text text, int64_t place, unsigned want, fs_text_block *block,
                      int64_t *tokens) {
    cursor c = {call->encoder, block, text, {0}, want, 0, 0, 0};
    const fs_status st = encode_text(&c, place);
    *tokens = c.tokens;
    return st;
}

int32_t fs_rule_cut(const fs_text_call *call, fs_text text, unsigned want, int32_t at) {
    (void)want;
    return ((const fs_encoder *)call->encoder)->split == FS_SPLIT_NONE ? (int32_t)text.size : fs_part_space(text, at);
}
