/* Stretches of text to ids: words are looked up among those seen before, others go to the model. */
#include "pieces.h"

#include <math.h>

#include "sp_normalize.h"
#include "utf8.h"

#define BATCH 32 /* words that are found, then looked up */

/* A stretch on its way. */
typedef struct stretch {
    const fs_pieces *p;
    fs_bpe_cache *cache; /* may be NULL */
    fs_text text;
    int32_t *ids;   /* where the next id goes; there is room for one a byte */
    int32_t *ends;  /* of each; NULL: not wanted */
    int32_t *first;
    fs_buffer found; /* int32_t: what a model made of a word */
    double sum;     /* of the scores so far */
} stretch;

static void put(stretch *s, int32_t id, int32_t end) {
    *s->ids++ = id;
    if (s->ends) *s->ends++ = end;
}

/* What no piece covers, a character [begin, end). */
static void put_unknown(stretch *s, int32_t begin, int32_t end) {
    const fs_pieces *p = s->p;
    if (p->byte_fallback) {
        for (; begin < end; begin++) put(s, p->of_byte[s->text.data[begin]], end);
    } else if (p->join_unknown && s->ids > s->first && s->ids[-1] == p->unknown) {
        if (s->ends) s->ends[-1] = end;
    } else {
        put(s, p->unknown, end);
    }
}

/* Pieces (n) of the word that begins at `at`. */
static fs_status put_pieces(stretch *s, const int32_t *ids, int32_t n, int32_t at, fs_error *err) {
    const fs_pieces *p = s->p;
    int32_t i;
    for (i = 0; i < n; i++) {
        const int32_t id = ids[i];
        const int32_t end = at + (id < 0 ? fs_utf8_size(s->text.data[at]) : (int32_t)fs_pieces_text(p, id).size);
        if (id < 0 && p->unknown < 0 && !p->byte_fallback)
            return fs_fail(err, FS_ERR_UNKNOWN_TOKEN, "text", "no piece for a character", "one, or an unknown piece|%.*s",
                           (int)(end - at), (const char *)s->text.data + at);
        if (id < 0 || (id == p->unknown && !p->byte_fallback)) /* a text may spell that of tokenizer.json */
            put_unknown(s, at, end);
        else
            put(s, id, end);
        at = end;
    }
    return FS_OK;
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
static void add_scores(stretch *s, const int32_t *ids, int32_t n) {
    const fs_pieces *p = s->p;
    double sum = s->sum;
    int32_t i;
    if (p->kind != FS_PIECES_UNIGRAM) return;
    for (i = 0; i < n; i++) {
        sum += ids[i] < 0 ? p->unknown_score : fs_pieces_score(p, ids[i]);
        if (p->single) sum = (double)(float)sum;
    }
    s->sum = sum;
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
        const fs_cached *entry = fs_cache_find(cache, w->key, w->hash);
        if (entry) {
            *n = entry->ids[FS_CACHED_NOTE] & 3;
            *reach = reach_in(entry->ids[FS_CACHED_NOTE]);
            return entry->ids;
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

/* What the model makes of a word: in s->found. */
static fs_status search(stretch *s, const word *w, double *sum, float *reach, fs_error *err) {
    const int32_t end = w->begin + w->size;
    s->found.size = 0;
    *reach = INFINITY;
    if (s->p->kind == FS_PIECES_UNIGRAM)
        return fs_unigram_encode(s->p, s->text, w->begin, end, sum, reach, &s->found, err);
    return fs_scored_merge_encode(s->p, s->text, w->begin, end, &s->found, err);
}

/* A word; short ones may have been seen before. What is kept was found with no sum before it, and holds within its
 * reach. */
static fs_status encode_word(stretch *s, word *w, fs_error *err) {
    const int kept = s->cache && w->size <= FS_CACHED_BYTES;
    const int32_t *ids = NULL;
    double none = 0.0;
    float reach = 0.0f;
    int32_t n;
    if (kept) {
        ids = look_up(s->cache, w, s->text.data, &reach, &n);
        if (!ids) {
            FS_TRY(search(s, w, &none, &reach, err));
            ids = s->found.data;
            n = (int32_t)(s->found.size / sizeof *ids);
            keep(s->cache, w, s->text.data, reach, ids, n);
        }
    }
    if (ids && fabs(s->sum) <= (double)reach) {
        add_scores(s, ids, n);
    } else {
        FS_TRY(search(s, w, &s->sum, &reach, err));
        ids = s->found.data;
        n = (int32_t)(s->found.size / sizeof *ids);
    }
    return put_pieces(s, ids, n, w->begin, err);
}

/* The next words from `at` on, at most BATCH, and their lines of the cache on the way. Returns how many. */
static int32_t next_words(const stretch *s, int32_t at, word *words) {
    const int32_t size = (int32_t)s->text.size;
    const int whole = s->p->unused && s->p->kind == FS_PIECES_MERGE; /* how such are made depends on all of the text */
    int32_t n = 0;
    for (; n < BATCH && at < size; at += words[n++].size) {
        words[n].begin = at;
        words[n].size = (whole ? size : word_end(s->p, s->text.data, at, size)) - at;
        if (!s->cache || words[n].size > FS_CACHED_BYTES) continue;
        words[n].hash = hash_of(s->p, s->text, &words[n]);
        FS_PREFETCH(fs_cache_line(s->cache, words[n].hash));
    }
    return n;
}

static fs_status encode_words(stretch *s, fs_error *err) {
    word words[BATCH];
    int32_t at = 0, n, i;
    while ((n = next_words(s, at, words)) > 0) {
        for (i = 0; i < n; i++) FS_TRY(encode_word(s, &words[i], err));
        at = words[n - 1].begin + words[n - 1].size;
    }
    return FS_OK;
}

/* Room for n more behind what is there. */
static int32_t *reserve(fs_buffer *b, size_t n) {
    const size_t size = b->size;
    int32_t *at = fs_buffer_add(b, n * sizeof *at);
    b->size = size;
    return at;
}

fs_status fs_pieces_encode(const fs_pieces *p, fs_bpe_cache *cache, fs_text text, fs_pieces_out *out, fs_error *err) {
    stretch s = {p, p->unused && p->kind == FS_PIECES_MERGE ? NULL : cache, text, NULL, NULL, NULL, {0}, 0.0};
    fs_status st;
    s.ids = s.first = reserve(out->ids, text.size);
    s.ends = out->ends ? reserve(out->ends, text.size) : NULL;
    if (!text.size) return FS_OK;
    if (!s.ids || (out->ends && !s.ends)) return fs_fail_memory(err, "ids", (uint64_t)text.size * sizeof *s.ids);
    st = encode_words(&s, err);
    out->ids->size += (size_t)(s.ids - s.first) * sizeof *s.ids;
    if (out->ends) out->ends->size += (size_t)(s.ids - s.first) * sizeof *s.ids;
    fs_buffer_free(&s.found);
    return st;
}
