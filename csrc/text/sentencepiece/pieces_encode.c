/* Stretches of text to ids. They are cut where no piece spans (joints.h); parts are looked up among those seen before,
 * others go to the model. */
#include "pieces.h"

#include <math.h>

#include "text/unicode/utf8.h"
#include "text/lookup/word_note.h"

#define BATCH 32 /* parts that are found, then looked up */

/* A stretch on its way. */
typedef struct stretch {
    const fs_pieces *p;
    fs_bpe_cache *cache; /* may be NULL */
    fs_text text;
    int32_t room;     /* bytes that may be read behind it */
    fs_buffer *found; /* int32_t: pieces, -1 for what is unknown */
    double sum;       /* of the scores so far */
    double begun;     /* and before the stretch */
    double reach;     /* up to which `begun` all that was found would be the same */
    fs_error *err;
} stretch;

/* ---- parts ---- */

static void add_sums(stretch *s, const int32_t *ids, int32_t n) {
    const fs_pieces *p = s->p;
    int32_t i;
    if (p->sums_float) {
        float sum = (float)s->sum;
        for (i = 0; i < n; i++) sum += p->sums_float[ids[i] + 2];
        s->sum = (double)sum;
    } else if (p->sums_double) {
        for (i = 0; i < n; i++) s->sum += p->sums_double[ids[i] + 2];
    }
}

/* A part that holds up to a sum before it was found; what is before it in the stretch counts against that. */
static void note_reach(stretch *s, float reach) {
    const double before = fabs(s->sum - s->begun);
    double left = (double)reach;
    if (before > 0) left -= 1.01 * before + 1.0; /* rounding may differ with what is before the stretch */
    s->reach = FS_MIN(s->reach, FS_MAX(left, 0.0));
}

/* Adds pieces (n, at most FS_CACHED_IDS; so many can be read). */
static fs_status add_few(stretch *s, const int32_t *ids, int32_t n) {
    fs_buffer *b = s->found;
    if (b->capacity - b->size < FS_CACHED_IDS * sizeof *ids) return fs_buffer_append(b, ids, (size_t)n * sizeof *ids, s->err);
    memcpy((unsigned char *)b->data + b->size, ids, FS_CACHED_IDS * sizeof *ids);
    b->size += (size_t)n * sizeof *ids;
    return FS_OK;
}

/* A part of one character: there is one way. */
static fs_status find_character(stretch *s, const fs_noted_word *w) {
    const fs_pieces *p = s->p;
    int32_t ids[FS_CACHED_IDS];
    ids[0] = fs_byte_trie_find(&p->found, w->text, w->size);
    if (ids[0] >= p->count) ids[0] = -1; /* it begins or ends pieces */
    ids[1] = ids[2] = FS_NO_PIECE;
    FS_TRY(add_few(s, ids, 1));
    if (p->kind != FS_PIECES_UNIGRAM) return FS_OK;
    note_reach(s, p->reach_one);
    add_sums(s, ids, 1);
    return FS_OK;
}

/* What the model makes of a part behind a sum. */
static fs_status ask_model(stretch *s, const fs_noted_word *w, double *sum, float *reach) {
    const int32_t begin = (int32_t)(w->text - s->text.data);
    *reach = INFINITY;
    if (s->p->kind == FS_PIECES_UNIGRAM)
        return fs_unigram_encode(s->p, s->text, begin, begin + w->size, sum, reach, s->found, s->err);
    return fs_scored_merge_encode(s->p, s->text, begin, begin + w->size, s->found, s->err);
}

/* A part that is not known. It is searched without a sum before it, which is kept; that holds up to its reach. */
static fs_status learn_part(stretch *s, const fs_noted_word *w, float *reach) {
    const size_t before = s->found->size;
    double none = 0.0;
    int32_t *note = fs_buffer_add(s->found, sizeof *note), n;
    if (!note) return fs_fail_memory(s->err, "part", sizeof *note);
    FS_TRY(ask_model(s, w, &none, reach));
    note = (int32_t *)(void *)((unsigned char *)s->found->data + before);
    n = (int32_t)((s->found->size - before) / sizeof *note);
    *note = fs_note_of(*reach, 0);
    fs_noted_keep(s->cache, w, note, n);
    memmove(note, note + 1, (size_t)(n - 1) * sizeof *note);
    s->found->size -= sizeof *note;
    return FS_OK;
}

/* Adds the pieces of a part of several characters, or of one that may be the first behind too large a sum. */
static fs_status find_longer(stretch *s, const fs_noted_word *w) {
    const int kept = s->cache && w->size <= FS_CACHED_BYTES && w->size > fs_utf8_size(w->text[0]);
    const size_t before = s->found->size;
    const fs_cached *entry = kept ? fs_noted_find(s->cache, w) : NULL;
    const int32_t *ids = NULL;
    float reach = 0.0f;
    int32_t n = 0, note = 0;
    if (entry && entry->ids[FS_CACHED_NOTE] != FS_CACHED_ELSEWHERE) {
        ids = entry->ids;
        note = ids[FS_CACHED_NOTE];
        FS_TRY(add_few(s, ids, note & FS_NOTE_COUNT));
    } else if ((ids = fs_noted_long(s->cache, w, entry, &n)) != NULL) {
        note = ids[0];
        FS_TRY(fs_buffer_append(s->found, ids + 1, (size_t)(n - 1) * sizeof *ids, s->err));
    }
    if (ids)
        reach = fs_note_reach(note);
    else if (kept && !entry)
        FS_TRY(learn_part(s, w, &reach));
    if ((ids || (kept && !entry)) && fabs(s->sum) <= (double)reach) {
        note_reach(s, reach);
        ids = (const int32_t *)(const void *)((unsigned char *)s->found->data + before);
        add_sums(s, ids, (int32_t)((s->found->size - before) / sizeof *ids));
        return FS_OK;
    }
    s->found->size = before;
    {
        double sum = s->sum;
        FS_TRY(ask_model(s, w, &sum, &reach));
        note_reach(s, reach);
        s->sum = sum;
    }
    return FS_OK;
}

/* Adds the pieces of a part to `found`. */
static fs_status find_part(stretch *s, const fs_noted_word *w) {
    if (w->size == fs_utf8_size(w->text[0]) && fabs(s->sum) < FS_UNIGRAM_SUM_MAX / 2) return find_character(s, w);
    return find_longer(s, w);
}

/* The next parts from `at` on, at most BATCH, and their lines of the cache on the way. Returns how many. */
static int32_t next_parts(const stretch *s, int32_t at, fs_noted_word *parts) {
    const fs_pieces *p = s->p;
    const uint8_t *text = s->text.data;
    const int32_t size = (int32_t)s->text.size;
    const int whole = p->unused && p->kind == FS_PIECES_MERGE; /* how such are made depends on all of the text */
    int32_t n = 0;
    while (n < BATCH && at < size) {
        const int32_t begin = at;
        uint32_t left = fs_utf8_read(text, &at);
        while (at < size && !whole) {
            int32_t next = at;
            const uint32_t right = fs_utf8_read(text, &next);
            if (!fs_joint(&p->joints, left, right)) break;
            left = right;
            at = next;
        }
        if (whole) at = size;
        parts[n].text = text + begin;
        parts[n].size = at - begin;
        if (s->cache && at - begin > fs_utf8_size(text[begin]))
            fs_noted_word_set(&parts[n], s->cache, text + begin, at - begin, size - begin + s->room, p->key.k0, 1);
        n++;
    }
    return n;
}

fs_status fs_pieces_search(const fs_pieces *p, fs_bpe_cache *cache, fs_text text, int32_t room, double *sum, float *reach,
                           fs_buffer *found, fs_error *err) {
    stretch s = {p, cache, text, room, found, *sum, *sum, (double)INFINITY, err};
    fs_noted_word parts[BATCH];
    int32_t at = 0, n, i;
    while ((n = next_parts(&s, at, parts)) > 0) {
        for (i = 0; i < n; i++) FS_TRY(find_part(&s, &parts[i]));
        at = (int32_t)(parts[n - 1].text - text.data) + parts[n - 1].size;
    }
    *sum = s.sum;
    *reach = (float)s.reach;
    return FS_OK;
}

/* ---- ids ---- */

typedef struct writer {
    const fs_pieces *p;
    fs_text text;
    int32_t *ids;  /* where the next id goes; there is room for one a byte */
    int32_t *ends; /* of each; NULL: not wanted */
    int32_t *first;
} writer;

static void put(writer *w, int32_t id, int32_t end) {
    *w->ids++ = id;
    if (w->ends) *w->ends++ = end;
}

/* What no piece covers, a character [begin, end). */
static void put_unknown(writer *w, int32_t begin, int32_t end) {
    const fs_pieces *p = w->p;
    if (p->byte_fallback) {
        for (; begin < end; begin++) put(w, p->of_byte[w->text.data[begin]], end);
    } else if (p->join_unknown && w->ids > w->first && w->ids[-1] == p->unknown) {
        if (w->ends) w->ends[-1] = end;
    } else {
        put(w, p->unknown, end);
    }
}

/* Pieces (n) of the part that begins at `at`. */
static fs_status put_pieces(writer *w, const int32_t *ids, int32_t n, int32_t at, fs_error *err) {
    const fs_pieces *p = w->p;
    int32_t i;
    for (i = 0; i < n; i++) {
        const int32_t id = ids[i];
        const int32_t end = at + (id < 0 ? fs_utf8_size(w->text.data[at]) : (int32_t)fs_pieces_text(p, id).size);
        if (id < 0 && p->unknown < 0 && !p->byte_fallback)
            return fs_fail(err, FS_ERR_UNKNOWN_TOKEN, "text", "no piece for a character", "one, or an unknown piece|%.*s",
                           (int)(end - at), (const char *)w->text.data + at);
        if (id < 0 || (id == p->unknown && !p->byte_fallback)) /* a text may spell that of tokenizer.json */
            put_unknown(w, at, end);
        else
            put(w, id, end);
        at = end;
    }
    return FS_OK;
}

static fs_status encode_parts(stretch *s, writer *w) {
    fs_noted_word parts[BATCH];
    int32_t at = 0, n, i;
    while ((n = next_parts(s, at, parts)) > 0) {
        for (i = 0; i < n; i++) {
            const int32_t begin = (int32_t)(parts[i].text - s->text.data);
            s->found->size = 0;
            FS_TRY(find_part(s, &parts[i]));
            FS_TRY(put_pieces(w, s->found->data, (int32_t)(s->found->size / sizeof(int32_t)), begin, s->err));
            at = begin + parts[i].size;
        }
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
    fs_buffer found = {0};
    stretch s = {p, p->unused && p->kind == FS_PIECES_MERGE ? NULL : cache, text, 0, &found, 0.0, 0.0, 0.0, err};
    writer w = {p, text, reserve(out->ids, text.size), out->ends ? reserve(out->ends, text.size) : NULL, NULL};
    fs_status st;
    w.first = w.ids;
    if (!text.size) return FS_OK;
    if (!w.ids || (out->ends && !w.ends)) return fs_fail_memory(err, "ids", (uint64_t)text.size * sizeof *w.ids);
    st = encode_parts(&s, &w);
    out->ids->size += (size_t)(w.ids - w.first) * sizeof *w.ids;
    if (out->ends) out->ends->size += (size_t)(w.ids - w.first) * sizeof *w.ids;
    fs_buffer_free(&found);
    return st;
}
