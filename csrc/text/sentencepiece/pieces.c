#include "pieces.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/arena.h"
#include "text/unicode/utf8.h"

#define UNKNOWN_PENALTY 10.0
#define SCORE_MOST 1e299 /* so that no sum of a text is infinite */

fs_status fs_pieces_init(fs_pieces *p, fs_hash_key key, fs_error *err) {
    const int32_t zero = 0;
    memset(p, 0, sizeof *p);
    memset(p->of_byte, -1, sizeof p->of_byte);
    p->key = key;
    p->unknown = -1;
    FS_TRY(fs_trie_init(&p->trie, key.k0, err));
    FS_TRY(fs_trie_init(&p->reserved, key.k1, err));
    return fs_buffer_append(&p->starts, &zero, sizeof zero, err);
}

void fs_pieces_free(fs_pieces *p) {
    fs_buffer_free(&p->bytes);
    fs_buffer_free(&p->starts);
    fs_buffer_free(&p->scores);
    fs_buffer_free(&p->types);
    fs_trie_free(&p->trie);
    fs_trie_free(&p->reserved);
    fs_byte_trie_free(&p->found);
    fs_joints_free(&p->joints);
    fs_free(p->sums_float);
    fs_free(p->word_scores);
    fs_free(p->sums_double);
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
    if (type == FS_PIECE_DEFINED) p->defined = 1;
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
    if (!(fabs(score) <= SCORE_MOST)) return refuse(id, "score not finite", "a number", piece, err);
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

/* Which characters are neighbours in pieces that texts can have. */
static fs_status note_joints(fs_pieces *p, fs_error *err) {
    int32_t id;
    p->words = 1;
    FS_TRY(fs_joints_init(&p->joints, p->bytes.size, err));
    for (id = 0; id < p->count; id++) {
        const fs_text piece = fs_pieces_text(p, id);
        const fs_piece_type type = fs_pieces_type(p, id);
        int32_t at = 0;
        uint32_t left = fs_utf8_read(piece.data, &at);
        if (type != FS_PIECE_NORMAL && type != FS_PIECE_DEFINED && type != FS_PIECE_UNUSED) continue;
        while (at < (int32_t)piece.size) {
            const uint32_t right = fs_utf8_read(piece.data, &at);
            fs_joint_add(&p->joints, left, right);
            if (right == 0x2581 && left != 0x2581) p->words = 0;
            left = right;
        }
    }
    return FS_OK;
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

/* What each piece adds to a sum, in the precision of the sums. */
static fs_status list_sums(fs_pieces *p, fs_error *err) {
    const size_t bytes = ((size_t)p->count + 2) * (p->single ? sizeof(float) : sizeof(double));
    void *made = fs_alloc(bytes);
    int32_t id;
    if (!made) return fs_fail_memory(err, "scores", bytes);
    if (p->single)
        p->sums_float = made;
    else
        p->sums_double = made;
    for (id = -1; id < p->count; id++) {
        const double score = id < 0 ? p->unknown_score : fs_pieces_score(p, id);
        if (p->single)
            p->sums_float[id + 2] = (float)score;
        else
            p->sums_double[id + 2] = score;
    }
    return FS_OK;
}

/* Pieces that are not to be used: no text has them. */
static void hide_unused(fs_pieces *p) {
    int32_t id;
    for (id = 0; id < p->count && p->unused; id++) {
        const fs_text piece = fs_pieces_text(p, id);
        if (fs_pieces_type(p, id) != FS_PIECE_UNUSED) continue;
        ((int32_t *)p->trie.values.data)[fs_trie_node(&p->trie, piece.data, (int32_t)piece.size)] = -1;
    }
}

/* What the search of words asks of first bytes, and of pieces. */
static fs_status list_words(fs_pieces *p, uint32_t space_base, fs_error *err) {
    const float *scores = p->sums_float + 1; /* by id + 1 */
    int32_t i;
    p->word_scores = fs_alloc(((size_t)p->count + 1) * sizeof *p->word_scores);
    if (!p->word_scores) return fs_fail_memory(err, "scores", (uint64_t)p->count * sizeof *p->word_scores);
    memcpy(p->word_scores, scores, ((size_t)p->count + 1) * sizeof *scores);
    p->word_scores[0] = -INFINITY;
    for (i = 0; i < 256; i++) {
        const uint64_t unit = p->found.units[p->found.root ^ (uint32_t)i];
        p->first_units[i] = (unit & FS_BYTE_TRIE_FREE) == (uint32_t)i ? unit : 0;
        p->first_scores[i] = i < 128 ? scores[(uint32_t)p->first_units[i] >> 9] : -INFINITY;
    }
    p->first_units[FS_UNIGRAM_SPACE] = (uint64_t)space_base << 32; /* and no value: it would count as one in every word */
    p->first_scores[FS_UNIGRAM_SPACE] = scores[p->space_value];
    return FS_OK;
}

/* Whether words can be searched as a whole, and what that asks for. */
static fs_status note_words(fs_pieces *p, fs_error *err) {
    uint32_t base = p->found.root;
    int32_t value = -1, id, i;
    int spaced;
    for (i = 0; i < 3; i++)
        if (!fs_byte_trie_step(&p->found, &base, (uint8_t)"\xE2\x96\x81"[i], &value)) break;
    spaced = i == 3;
    p->space_value = spaced ? value + 1 : 0;
    p->largest = fabs(p->unknown_score);
    for (id = 0; id < p->count; id++) p->largest = FS_MAX(p->largest, fabs(fs_pieces_score(p, id)));
    p->quick = p->single && p->largest * (FS_UNIGRAM_WORD + 1) < FS_UNIGRAM_SUM_MAX;
    return p->quick ? list_words(p, spaced ? base : 0, err) : FS_OK;
}

fs_status fs_pieces_ready(fs_pieces *p, fs_error *err) {
    int byte;
    if (!p->count) return fs_fail(err, FS_ERR_FORMAT, "pieces", "no pieces", "at least one|none");
    if (p->unknown < 0 && p->single)
        return fs_fail(err, FS_ERR_FORMAT, "pieces", "no unknown piece", "one of type UNKNOWN|none");
    for (byte = 0; byte < 256 && p->byte_fallback; byte++)
        if (p->of_byte[byte] < 0)
            return fs_fail(err, FS_ERR_FORMAT, "pieces", "a byte has no piece", "<0x%02X>|none", byte);
    FS_TRY(note_joints(p, err));
    if (p->kind == FS_PIECES_MERGE) {
        FS_TRY(fs_scored_merge_ready(p, err));
    } else {
        settle_scores(p);
        FS_TRY(list_sums(p, err));
        p->reach_one = fs_unigram_reach_one(p);
        hide_unused(p);
    }
    FS_TRY(fs_byte_trie_build(&p->found, &p->trie, NULL, err));
    if (p->kind == FS_PIECES_UNIGRAM) FS_TRY(note_words(p, err));
    fs_trie_free(&p->trie);
    fs_trie_free(&p->reserved);
    return FS_OK;
}
