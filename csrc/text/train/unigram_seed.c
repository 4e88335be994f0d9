/* Seeds of a Unigram model. Suffixes of all words are sorted by their first characters; the substrings that several
 * of them begin with, and whole suffixes, are then found from neighbours, each with the sum of its words' counts:
 *
 *     sorted        common with the one before
 *     a n           0
 *     a n d         2      "an" stands in both words, "and" in one
 *     n d           0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "unigram_train.h"
#include "text/unicode/utf8.h"

enum { STEP = 8 }; /* bytes that are compared at once */

typedef struct suffix {
    uint64_t key; /* its bytes from some depth on, as a number; zeros behind its end */
    uint32_t at, word;
} suffix;

typedef struct candidate {
    double value; /* frequency times characters */
    fs_text text;
} candidate;

typedef struct seeding {
    const fs_unigram_trainer *t;
    suffix *suffixes;
    size_t count;
    int32_t longest;
    size_t most;
    fs_buffer found; /* candidate */
    fs_buffer open;  /* interval */
    fs_run *run;
} seeding;

/* ---- sorting ---- */

static uint64_t key_at(const uint8_t *p) {
    uint64_t key = 0;
    int i;
    for (i = 0; i < STEP && p[i] != FS_UNIGRAM_END; i++) key = key << 8 | p[i];
    return i == 0 ? 0 : key << (8 * (STEP - i));
}

static int by_key(const void *a, const void *b) {
    const uint64_t x = ((const suffix *)a)->key, y = ((const suffix *)b)->key;
    return x < y ? -1 : x > y;
}

static int ends_within(const uint8_t *p) { return memchr(p, FS_UNIGRAM_END, STEP) != NULL; }

/* Sorts suffixes that are equal up to `depth`, as far as their longest substring may reach. */
static void sort_from(const seeding *s, suffix *first, size_t n, int32_t depth) {
    const uint8_t *bytes = s->t->bytes.data;
    if (n < 2 || depth >= 4 * s->longest || fs_run_stopped(s->run, 0)) return;
    for (size_t i = 0; i < n; i++) first[i].key = key_at(bytes + first[i].at + depth);
    qsort(first, n, sizeof *first, by_key);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && first[end].key == first[i].key; end++) continue;
        if (!ends_within(bytes + first[i].at + depth)) sort_from(s, first + i, end - i, depth + STEP);
    }
}

static fs_status list_suffixes(seeding *s, fs_error *err) {
    const fs_unigram_word *words = s->t->words.data;
    const uint8_t *bytes = s->t->bytes.data;
    const size_t word_count = s->t->words.size / sizeof *words;
    size_t n = 0, size;
    for (size_t i = 0; i < word_count; i++) n += (size_t)fs_utf8_length(bytes + words[i].start, (size_t)words[i].size);
    if (!fs_size_mul(n, sizeof *s->suffixes, &size) || !(s->suffixes = fs_alloc(size)))
        return fs_fail_memory(err, "suffixes", (uint64_t)n * sizeof *s->suffixes);
    for (size_t i = 0; i < word_count; i++)
        for (int32_t at = 0; at < words[i].size; at += fs_utf8_size(bytes[words[i].start + (uint32_t)at])) {
            const suffix one = {0, words[i].start + (uint32_t)at, (uint32_t)i};
            s->suffixes[s->count++] = one;
        }
    sort_from(s, s->suffixes, s->count, 0);
    return fs_run_status(s->run, err);
}

/* ---- substrings ---- */

typedef struct interval { /* suffixes that begin with the same bytes */
    int32_t size;
    int64_t weight;
    uint32_t at;
} interval;

/* Bytes of the whole characters, at most s->longest, that two suffixes begin with alike; of one, itself. */
static int32_t common(const seeding *s, uint32_t a, uint32_t b) {
    const uint8_t *x = (const uint8_t *)s->t->bytes.data + a, *y = (const uint8_t *)s->t->bytes.data + b;
    int32_t at = 0;
    for (int32_t chars = 0; chars < s->longest && x[at] != FS_UNIGRAM_END; chars++) {
        const int32_t size = fs_utf8_size(x[at]);
        if (memcmp(x + at, y + at, (size_t)size) != 0) break;
        at += size;
    }
    return at;
}

static int by_value(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    return x->value != y->value ? x->value > y->value ? -1 : 1 : fs_text_compare(x->text, y->text);
}

/* Leaves the best. */
static void choose(seeding *s) {
    const size_t n = s->found.size / sizeof(candidate);
    if (n) qsort(s->found.data, n, sizeof(candidate), by_value);
    s->found.size = FS_MIN(n, s->most) * sizeof(candidate);
}

static fs_status report(seeding *s, interval one, fs_error *err) {
    const fs_text text = {(const uint8_t *)s->t->bytes.data + one.at, (size_t)one.size};
    const int64_t chars = fs_utf8_length(text.data, text.size);
    const candidate found = {(double)one.weight * (double)chars, text};
    if (chars < 2 || one.weight < 2) return FS_OK;
    if (s->found.size / sizeof found >= 2 * s->most + 1024) choose(s);
    return fs_buffer_append(&s->found, &found, sizeof found, err);
}

/* The innermost open interval; NULL: there is none. */
static interval *innermost(const seeding *s) {
    return s->open.size ? (interval *)((uint8_t *)s->open.data + s->open.size) - 1 : NULL;
}

/* Closes the intervals of more than `size` bytes; what is in them is in the one around them, too. */
static fs_status close_down_to(seeding *s, int32_t size, fs_error *err) {
    interval *top;
    while ((top = innermost(s)) != NULL && top->size > size) {
        interval closed = *top;
        FS_TRY(report(s, closed, err));
        s->open.size -= sizeof closed;
        top = innermost(s);
        if (top && top->size >= size) {
            top->weight += closed.weight;
        } else {
            closed.size = size;
            FS_TRY(fs_buffer_append(&s->open, &closed, sizeof closed, err));
        }
    }
    return FS_OK;
}

static fs_status find_substrings(seeding *s, fs_error *err) {
    const fs_unigram_word *words = s->t->words.data;
    for (size_t i = 0; i < s->count; i++) {
        const uint32_t at = s->suffixes[i].at;
        const interval whole = {common(s, at, at), words[s->suffixes[i].word].count, at};
        interval *top;
        FS_TRY(close_down_to(s, i ? common(s, s->suffixes[i - 1].at, at) : 0, err));
        top = innermost(s);
        if (top && top->size == whole.size)
            top->weight += whole.weight;
        else
            FS_TRY(fs_buffer_append(&s->open, &whole, sizeof whole, err));
        if (i % 65536 == 0 && fs_run_stopped(s->run, 0)) return fs_run_status(s->run, err);
    }
    FS_TRY(close_down_to(s, 0, err));
    choose(s);
    return FS_OK;
}

/* A character may be read where the last word ends. */
static fs_status pad(fs_buffer *bytes, fs_error *err) {
    static const uint8_t ends[STEP] = {FS_UNIGRAM_END};
    FS_TRY(fs_buffer_append(bytes, ends, sizeof ends, err));
    bytes->size -= sizeof ends;
    return FS_OK;
}

/* Counts and values of all pieces become logarithms of their shares. */
static fs_status add_seeds(fs_unigram_trainer *t, const candidate *found, size_t n, fs_error *err) {
    double *scores, sum = 0;
    for (size_t i = 0; i < n; i++) FS_TRY(fs_unigram_trainer_piece(t, found[i].text, found[i].value, err));
    scores = t->scores.data;
    for (int32_t i = 0; i < t->pieces.count; i++) sum += scores[i] = FS_MAX(scores[i], 0.5);
    for (int32_t i = 0; i < t->pieces.count; i++) scores[i] = log(scores[i]) - log(sum);
    return FS_OK;
}

fs_status fs_unigram_seed(fs_unigram_trainer *t, int64_t most, int32_t longest, fs_run *run, fs_error *err) {
    seeding s = {0};
    fs_status st;
    s.t = t;
    s.longest = longest;
    s.most = (size_t)most;
    s.run = run;
    st = pad(&t->bytes, err);
    if (st == FS_OK) st = list_suffixes(&s, err);
    if (st == FS_OK) st = find_substrings(&s, err);
    fs_free(s.suffixes);
    if (st == FS_OK) st = add_seeds(t, s.found.data, s.found.size / sizeof(candidate), err);
    fs_buffer_free(&s.found);
    fs_buffer_free(&s.open);
    return st;
}
