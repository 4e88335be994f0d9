/* Stretches of text to ids: words are looked up among those seen before, others go to the model. */
#include "pieces.h"

#include <math.h>

#include "sp_normalize.h"

static fs_status put(fs_pieces_out *out, int32_t id, int32_t end, fs_error *err) {
    FS_TRY(fs_buffer_append(out->ids, &id, sizeof id, err));
    return out->ends ? fs_buffer_append(out->ends, &end, sizeof end, err) : FS_OK;
}

fs_status fs_pieces_put(const fs_pieces *p, fs_pieces_out *out, int32_t id, fs_text text, int32_t begin, int32_t end,
                        fs_error *err) {
    const size_t n = out->ids->size / sizeof id;
    if (id != p->unknown) return put(out, id, end, err);
    if (p->byte_fallback) {
        for (; begin < end; begin++) FS_TRY(put(out, p->of_byte[text.data[begin]], end, err));
        return FS_OK;
    }
    if (p->join_unknown && n > out->first && ((const int32_t *)out->ids->data)[n - 1] == id) {
        if (out->ends) ((int32_t *)out->ends->data)[out->ends->size / sizeof end - 1] = end;
        return FS_OK;
    }
    return put(out, id, end, err);
}

static int space_at(const uint8_t *text, int32_t at) { return memcmp(text + at, FS_SP_SPACE, 3) == 0; }

/* Where the word that begins at `at` ends. */
static int32_t word_end(const fs_pieces *p, const uint8_t *text, int32_t at, int32_t size) {
    int32_t i = at;
    int space = size - at >= 3 && space_at(text, at); /* whether the character before i is one */
    if (!p->words) return size;
    i += space ? 3 : 1;
    for (; i < size; i++) {
        if (p->words == 1) {
            if (text[i] == 0xE2 && size - i >= 3 && space_at(text, i)) {
                if (!space) return i;
                i += 2;
            } else {
                space = 0;
            }
        } else { /* behind a run of them */
            const int here = text[i] == 0xE2 && size - i >= 3 && space_at(text, i);
            if (space && !here) return i;
            space = here;
            if (here) i += 2;
        }
    }
    return size;
}

/* A note of the cache: how many ids, in the lowest two bits of the reach. */
static int32_t note_of(float reach, int32_t count) {
    int32_t note;
    memcpy(&note, &reach, sizeof note);
    return (note & ~3) | count;
}

static float reach_in(int32_t note) {
    float reach;
    note &= ~3;
    memcpy(&reach, &note, sizeof reach);
    return reach;
}

/* The sum behind known ids. */
static void add_scores(const fs_pieces *p, const int32_t *ids, int32_t n, double *sum) {
    int32_t i;
    if (p->kind != FS_PIECES_UNIGRAM) return;
    for (i = 0; i < n; i++) {
        *sum += fs_pieces_score(p, ids[i]);
        if (p->single) *sum = (double)(float)*sum;
    }
}

typedef struct word {
    fs_piece_key key; /* of short ones */
    uint64_t hash;
    int32_t begin, size;
} word;

/* The ids of a word seen before, and the reach of them; NULL when it is not known. */
static const int32_t *look_up(const fs_bpe_cache *cache, const word *w, const uint8_t *text, float *reach, int32_t *n) {
    const int32_t *kept;
    if (w->size <= FS_PIECE_SHORT) {
        const fs_cached *slot = fs_cache_pair(cache, w->hash);
        slot += fs_piece_key_same(slot[1].key, w->key);
        if (fs_piece_key_same(slot->key, w->key)) {
            *n = slot->ids[FS_CACHED_IDS] & 3;
            *reach = reach_in(slot->ids[FS_CACHED_IDS]);
            return slot->ids;
        }
    }
    kept = fs_cache_find_long(cache, w->hash, text + w->begin, w->size, n);
    if (!kept) return NULL;
    *n -= 1;
    *reach = reach_in(kept[0]);
    return kept + 1;
}

static void keep(fs_bpe_cache *cache, const word *w, const uint8_t *text, float reach, const int32_t *ids, int32_t n) {
    int32_t with_note[FS_CACHED_BYTES + 1];
    if (w->size <= FS_PIECE_SHORT && n <= FS_CACHED_IDS) {
        fs_cache_keep(cache, w->key, w->hash, ids, n, note_of(reach, n));
        return;
    }
    with_note[0] = note_of(reach, 0);
    memcpy(with_note + 1, ids, (size_t)n * sizeof *ids);
    fs_cache_keep_long(cache, w->hash, text + w->begin, w->size, with_note, n + 1);
}

static uint64_t hash_of(const fs_pieces *p, fs_text text, word *w) {
    if (w->size > FS_PIECE_SHORT) return fs_hash(&p->key, text.data + w->begin, (size_t)w->size);
    w->key = fs_piece_key_of(text.data + w->begin, w->size, (int64_t)text.size - w->begin);
    return fs_piece_key_hash(w->key, p->key.k0);
}

static fs_status encode_part(const fs_pieces *p, fs_text text, int32_t begin, int32_t end, double *sum, float *reach,
                             fs_pieces_out *out, fs_error *err) {
    *reach = INFINITY;
    if (p->kind == FS_PIECES_UNIGRAM) return fs_unigram_encode(p, text, begin, end, sum, reach, out, err);
    return fs_scored_merge_encode(p, text, begin, end, out, err);
}

/* Whether the ids [had, ...) say all of their word: what is unknown is joined to what is around it. */
static int all_known(const fs_pieces *p, const fs_pieces_out *out, size_t had, size_t n) {
    const int32_t *ids = (const int32_t *)out->ids->data + had;
    size_t i;
    for (i = 0; i < n; i++)
        if (ids[i] == p->unknown || fs_pieces_type(p, ids[i]) == FS_PIECE_BYTE) return 0;
    return n > 0;
}

/* A word that may have been seen before. What is kept was found with no sum before it, and holds within its reach. */
static fs_status encode_word(const fs_pieces *p, fs_bpe_cache *cache, fs_text text, word *w, double *sum,
                             fs_pieces_out *out, fs_error *err) {
    const int32_t *ids;
    const size_t had = out->ids->size / sizeof *ids;
    float reach;
    double none = 0.0;
    int32_t n;
    w->hash = hash_of(p, text, w);
    ids = look_up(cache, w, text.data, &reach, &n);
    if (ids && fabs(*sum) <= (double)reach) {
        FS_TRY(fs_buffer_append(out->ids, ids, (size_t)n * sizeof *ids, err));
        add_scores(p, ids, n, sum);
        return FS_OK;
    }
    if (!ids) {
        FS_TRY(encode_part(p, text, w->begin, w->begin + w->size, &none, &reach, out, err));
        n = (int32_t)(out->ids->size / sizeof *ids - had);
        if (all_known(p, out, had, (size_t)n)) {
            ids = (const int32_t *)out->ids->data + had;
            keep(cache, w, text.data, reach, ids, n);
            if (fabs(*sum) <= (double)reach) {
                add_scores(p, ids, n, sum);
                return FS_OK;
            }
        }
        out->ids->size = had * sizeof *ids;
    }
    return encode_part(p, text, w->begin, w->begin + w->size, sum, &reach, out, err);
}

fs_status fs_pieces_encode(const fs_pieces *p, fs_bpe_cache *cache, fs_text text, fs_pieces_out *out, fs_error *err) {
    const int32_t size = (int32_t)text.size;
    double sum = 0.0;
    float reach;
    word w = {{0, 0}, 0, 0, 0};
    out->first = out->ids->size / sizeof(int32_t);
    if (!size) return FS_OK;
    if (p->unused && p->kind == FS_PIECES_MERGE) return encode_part(p, text, 0, size, &sum, &reach, out, err);
    while (w.begin < size) {
        w.size = word_end(p, text.data, w.begin, size) - w.begin;
        if (cache && !out->ends && w.size <= FS_CACHED_BYTES)
            FS_TRY(encode_word(p, cache, text, &w, &sum, out, err));
        else
            FS_TRY(encode_part(p, text, w.begin, w.begin + w.size, &sum, &reach, out, err));
        w.begin += w.size;
    }
    return FS_OK;
}
