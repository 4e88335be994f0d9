#include "pieces.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/arena.h"
#include "sp_normalize.h"
#include "utf8.h"

#define UNKNOWN_PENALTY 10.0

fs_status fs_pieces_init(fs_pieces *p, fs_hash_key key, fs_error *err) {
    const int32_t zero = 0;
    memset(p, 0, sizeof *p);
    memset(p->of_byte, -1, sizeof p->of_byte);
    p->key = key;
    p->unknown = -1;
    FS_TRY(fs_trie_init(&p->trie, key.k0, err));
    FS_TRY(fs_trie_init(&p->reserved, key.k1, err));
    FS_TRY(fs_trie_init(&p->lone, key.k0 ^ key.k1, err));
    return fs_buffer_append(&p->starts, &zero, sizeof zero, err);
}

void fs_pieces_free(fs_pieces *p) {
    fs_buffer_free(&p->bytes);
    fs_buffer_free(&p->starts);
    fs_buffer_free(&p->scores);
    fs_buffer_free(&p->types);
    fs_trie_free(&p->trie);
    fs_trie_free(&p->reserved);
    fs_trie_free(&p->lone);
    fs_free(p->merges);
    fs_free(p->ranks);
}

static fs_status refuse(int32_t id, const char *what, const char *expected, fs_text piece, fs_error *err) {
    char where[40];
    snprintf(where, sizeof where, "pieces[%d]", (int)id);
    return fs_fail(err, FS_ERR_FORMAT, where, what, "%s|%.*s", expected, (int)FS_MIN(piece.size, 60),
                   piece.data ? (const char *)piece.data : "");
}

/* <0xAB> */
static int byte_of(fs_text piece) {
    const char *digits = "0123456789ABCDEF", *high, *low;
    if (piece.size != 6 || memcmp(piece.data, "<0x", 3) != 0 || piece.data[5] != '>') return -1;
    high = memchr(digits, piece.data[3], 16);
    low = memchr(digits, piece.data[4], 16);
    return high && low ? (int)((high - digits) * 16 + (low - digits)) : -1;
}

static fs_status note_type(fs_pieces *p, fs_text piece, int32_t id, fs_piece_type type, fs_error *err) {
    if (type == FS_PIECE_UNKNOWN) {
        if (p->unknown >= 0) return refuse(id, "a second unknown piece", "one", piece, err);
        p->unknown = id;
    }
    if (type == FS_PIECE_BYTE) {
        const int byte = byte_of(piece);
        if (byte < 0) return refuse(id, "not a byte", "<0x00> to <0xFF>", piece, err);
        p->of_byte[byte] = id;
    }
    if (type == FS_PIECE_UNUSED) p->unused = 1;
    return FS_OK;
}

fs_status fs_pieces_add(fs_pieces *p, fs_text piece, double score, fs_piece_type type, fs_error *err) {
    const int32_t id = p->count;
    const uint8_t kind = (uint8_t)type;
    const int found = type == FS_PIECE_NORMAL || type == FS_PIECE_DEFINED || type == FS_PIECE_UNUSED;
    int32_t place = id, end;
    if (type < FS_PIECE_NORMAL || type > FS_PIECE_BYTE) return refuse(id, "unknown type of piece", "1 to 6", piece, err);
    if (!piece.size) return refuse(id, "empty piece", "at least a byte", piece, err);
    if (piece.size > FS_PIECE_MAX) return refuse(id, "piece too long", "at most 4096 bytes", piece, err);
    if (fs_utf8_valid(piece.data, piece.size) != piece.size) return refuse(id, "not UTF-8", "valid UTF-8", (fs_text){NULL, 0}, err);
    if (!isfinite(score)) return refuse(id, "score not finite", "a number", piece, err);
    if (id >= FS_PIECES_MAX || p->bytes.size > INT32_MAX - FS_PIECE_MAX)
        return refuse(id, "too many pieces", "fewer", piece, err);
    FS_TRY(fs_trie_add(found ? &p->trie : &p->reserved, piece, &place, err));
    if (place != id) return refuse(id, "the piece is there twice", "each once", piece, err);
    FS_TRY(note_type(p, piece, id, type, err));
    FS_TRY(fs_buffer_append(&p->bytes, piece.data, piece.size, err));
    end = (int32_t)p->bytes.size;
    FS_TRY(fs_buffer_append(&p->starts, &end, sizeof end, err));
    FS_TRY(fs_buffer_append(&p->scores, &score, sizeof score, err));
    FS_TRY(fs_buffer_append(&p->types, &kind, sizeof kind, err));
    p->count++;
    return FS_OK;
}

/* Whether pieces allow a text to be cut before each U+2581 that follows another character, or behind. */
static int words_of(const fs_pieces *p) {
    int before = 1, behind = 1;
    int32_t id;
    for (id = 0; id < p->count; id++) {
        const fs_text piece = fs_pieces_text(p, id);
        int last = -1;
        size_t i, n;
        for (i = 0; i < piece.size; i += n) {
            const int space = piece.size - i >= 3 && memcmp(piece.data + i, FS_SP_SPACE, 3) == 0;
            n = (size_t)fs_utf8_size(piece.data[i]);
            if (last == 0 && space) before = 0;
            if (last == 1 && !space) behind = 0;
            last = space;
        }
    }
    return before ? 1 : behind ? 2 : 0;
}

/* Scores as the library computes with them: what the user defined always wins, what is unknown never does. */
static void settle_scores(fs_pieces *p) {
    double *scores = p->scores.data, least = p->single ? FLT_MAX : DBL_MAX;
    int32_t id;
    for (id = 0; id < p->count; id++) {
        if (p->single && fs_pieces_type(p, id) != FS_PIECE_NORMAL) continue;
        least = FS_MIN(least, scores[id]);
    }
    p->unknown_score = p->single ? (double)((float)least - (float)UNKNOWN_PENALTY) : least - UNKNOWN_PENALTY;
    for (id = 0; id < p->count; id++)
        if (fs_pieces_type(p, id) == FS_PIECE_DEFINED)
            scores[id] = (double)(0.1f * (float)(fs_pieces_text(p, id).size - 1));
}

fs_status fs_pieces_ready(fs_pieces *p, fs_error *err) {
    int byte;
    if (!p->count) return fs_fail(err, FS_ERR_FORMAT, "pieces", "no pieces", "at least one|none");
    if (p->unknown < 0 && p->single)
        return fs_fail(err, FS_ERR_FORMAT, "pieces", "no unknown piece", "one of type UNKNOWN|none");
    for (byte = 0; byte < 256 && p->byte_fallback; byte++)
        if (p->of_byte[byte] < 0)
            return fs_fail(err, FS_ERR_FORMAT, "pieces", "a byte has no piece", "<0x%02X>|none", byte);
    p->words = words_of(p);
    if (p->kind == FS_PIECES_MERGE) return fs_scored_merge_ready(p, err);
    settle_scores(p);
    return FS_OK;
}
