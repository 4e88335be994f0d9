#include "sp_words_new.h"

#include "space_bits.h"
#include "text/lookup/word_note.h"

#define WINDOW 64 /* bytes whose spaces are found at once */

/* Sums are compared with what ids hold up to by a bound: what float sums of so many more ids may have lost is in it. */
#define SUMMED_MOST 4096
#define LOST 0.01

/* Room for n ids behind the last one, and for as many as a batch of known short words writes. */
static fs_status make_room(fs_sp_words *w, size_t n) {
    fs_buffer *b = w->ids;
    const size_t before = (size_t)(w->out - w->first), first = (size_t)(w->first - (int32_t *)b->data);
    const size_t more = n + (FS_CACHED_IDS + 1) * FS_SP_WORDS, bytes = (before + more) * sizeof(int32_t);
    if ((size_t)(w->end - w->out) >= more) return FS_OK;
    b->size = first * sizeof(int32_t);
    if (!fs_buffer_add(b, bytes)) return fs_fail_memory(w->err, "ids", bytes);
    w->first = (int32_t *)b->data + first;
    w->out = w->first + before;
    w->end = (int32_t *)b->data + b->capacity / sizeof(int32_t);
    return FS_OK;
}

/* ---- sums ---- */

static float add_sums(const float *sums, float sum, const int32_t *ids, int32_t n) {
    int32_t i;
    for (i = 0; i < n; i++) sum += sums[ids[i] + 2];
    return sum;
}

void fs_sp_add_up(fs_sp_words *w) {
    const int32_t unknown = w->m->pieces.unknown, end = (int32_t)(w->out - w->first);
    int32_t i = w->summed, run = 0, count;
    float sum = w->sum;
    for (; i < end && w->sums; i++) {
        if (run < w->run_count && i > w->runs[run].place && w->first[i] == unknown)
            for (count = w->runs[run++].count; count > 0; count--) sum += w->sums[1];
        else
            sum += w->sums[w->first[i] + 2];
    }
    w->sum = sum;
    w->summed = end;
    w->run_count = w->run_more = 0;
}

/* ---- ids ---- */

/* Ids of a word as they are given out; what is unknown in a row is one, also across words. */
static fs_status put_ids(fs_sp_words *w, const int32_t *ids, int32_t n) {
    const fs_pieces *p = &w->m->pieces;
    FS_TRY(make_room(w, (size_t)n));
    if (n && w->out > w->first && ids[0] == p->unknown && w->out[-1] == p->unknown && !p->byte_fallback) {
        ids++;
        n--;
    }
    memcpy(w->out, ids, (size_t)n * sizeof *ids);
    w->out += n;
    return FS_OK;
}

fs_status fs_sp_put_kept(fs_sp_words *w, const int32_t *kept, int32_t n) {
    const int32_t run = fs_note_run(kept[0]);
    int32_t summed;
    if (!fs_note_is_mixed(kept[0])) {
        w->runs[w->run_count].place = (int32_t)(w->out - w->first);
        w->runs[w->run_count].count = run;
        w->run_count += run != 0;
        w->run_more += run;
        return put_ids(w, kept + 1, n - 1);
    }
    fs_sp_add_up(w);
    summed = kept[1];
    if (w->sums) w->sum = add_sums(w->sums, w->sum, kept + 2, summed);
    FS_TRY(put_ids(w, kept + 2 + summed, n - 2 - summed));
    w->summed = (int32_t)(w->out - w->first);
    return FS_OK;
}

/* A word whose entry (NULL: none) does not hold its ids, or not behind this sum. */
static fs_status encode_other(fs_sp_words *w, const fs_noted_word *word) {
    const fs_cached *entry = fs_noted_find(w->cache, word);
    int32_t n = FS_CACHED_IDS + 1, few[FS_CACHED_IDS + 1];
    const int32_t *kept = NULL;
    if (entry && entry->ids[FS_CACHED_NOTE] != FS_CACHED_ELSEWHERE) {
        few[0] = entry->ids[FS_CACHED_NOTE];
        n = (few[0] & FS_NOTE_COUNT) + 1;
        memcpy(few + 1, entry->ids, FS_CACHED_IDS * sizeof *few);
        kept = few;
    } else {
        kept = fs_noted_long(w->cache, word, entry, &n);
    }
    if (kept && fs_sp_in_reach(w, fs_note_reach(kept[0]))) return fs_sp_put_kept(w, kept, n);
    return fs_sp_encode_anew(w, word, entry != NULL);
}

/* ---- texts ---- */

static void begin_text(fs_sp_words *w) {
    w->first = w->out = (int32_t *)w->ids->data + w->ids->size / sizeof(int32_t);
    w->end = (int32_t *)w->ids->data + w->ids->capacity / sizeof(int32_t);
    w->sum = 0.0f;
    w->summed = w->run_count = w->run_more = 0;
    w->whole = 0;
}

static fs_status end_text(fs_sp_words *w) {
    if (w->whole) w->out = w->first;
    w->ids->size = (size_t)(w->out - (int32_t *)w->ids->data) * sizeof(int32_t);
    FS_TRY(w->ended(w->ctx, w->whole));
    begin_text(w);
    return make_room(w, 0);
}

/* From word i on, those whose ids are in their own line of the cache. Returns the first that is not so, or the end of a text. */
static int32_t put_known(fs_sp_words *w, int32_t i) {
    fs_cached *const lines = w->cache->lines;
    const float sum = fabsf(w->sum), largest = w->largest;
    const int32_t *const first = w->first + w->summed;
    const int32_t count = w->count;
    int32_t *out = w->out, run_count = w->run_count, more = w->run_more;
    for (; i < count; i++) {
        const fs_noted_word *word = &w->words[i];
        const fs_cached *entry = fs_cache_in(fs_cache_line_in(lines, word->hash), word->key);
        int32_t note, run;
        if (!entry) break;
        note = entry->ids[FS_CACHED_NOTE];
        if (!(sum + largest * (float)((int32_t)(out - first) + more) <= fs_note_reach(note))) break;
        memcpy(out, entry->ids, sizeof entry->ids); /* all, of which some hold */
        run = fs_note_run(note);
        w->runs[run_count].place = (int32_t)(out - w->first);
        w->runs[run_count].count = run;
        run_count += run != 0;
        more += run;
        out += note & FS_NOTE_COUNT;
    }
    w->out = out;
    w->run_count = run_count;
    w->run_more = more;
    return i;
}

/* The ids of all words that are on their way. */
static fs_status encode_words(fs_sp_words *w) {
    int32_t i;
    FS_TRY(make_room(w, 0));
    if (w->out - w->first - w->summed > SUMMED_MOST || w->run_count > FS_SP_RUNS - FS_SP_WORDS) fs_sp_add_up(w);
    for (i = 0; (i = put_known(w, i)) < w->count; i++) {
        const fs_noted_word *word = &w->words[i];
        if (!word->text)
            FS_TRY(end_text(w));
        else if (!w->whole)
            FS_TRY(encode_other(w, word));
    }
    w->count = 0;
    return FS_OK;
}

/* The words that begin in text [*at, *at + WINDOW); `size` bytes of text, of which WINDOW + FS_SP_WORD_MARGIN may be read from *at on.
 * *at moves behind what is done with: up to the next window, or to the word for which there is no room. */
static void window_words(fs_sp_words *w, const uint8_t *text, int32_t size, int32_t *at) {
    const int32_t begin = *at, most = FS_MIN(WINDOW, size - begin);
    uint64_t letters = ~fs_space_bits(text + begin);
    if (most < WINDOW) letters &= ((uint64_t)1 << most) - 1;
    *at = begin + most;
    while (letters) {
        const int first = fs_lowest_bit(letters);
        const uint64_t behind = ~(letters >> first); /* 0 only of a window without spaces */
        int32_t length = behind ? fs_lowest_bit(behind) : WINDOW;
        if (w->count == FS_SP_WORDS || (first && first + length == WINDOW && *at < size)) { /* it begins the next */
            *at = begin + first;
            return;
        }
        if (first + length == WINDOW) {
            while (begin + first + length < size && text[begin + first + length] != ' ') length++;
            *at = FS_MAX(*at, begin + first + length);
            letters = 0;
        } else {
            letters = letters >> (first + length) << (first + length);
        }
        fs_noted_word_set(&w->words[w->count++], w->cache, text + begin + first, length, FS_SP_WORD_MARGIN, w->m->pieces.key.k0, 0);
    }
}

/* Text of which WINDOW + FS_SP_WORD_MARGIN bytes may be read from each of its first `most` places on; *at moves to those or beyond. */
static fs_status add_part(fs_sp_words *w, const uint8_t *text, int32_t size, int32_t most, int32_t *at) {
    while (*at < most) {
        window_words(w, text, size, at);
        if (w->count == FS_SP_WORDS) FS_TRY(encode_words(w));
    }
    return FS_OK;
}

fs_status fs_sp_words_open(fs_sp_words *w) {
    w->sums = w->m->pieces.sums_float;
    w->largest = w->sums ? (float)(w->m->pieces.largest * (1 + LOST / 10) + LOST) : 0.0f;
    w->count = w->copied = 0;
    if (!w->ids->data && !fs_buffer_add(w->ids, 0)) return fs_fail_memory(w->err, "ids", 64);
    begin_text(w);
    return FS_OK;
}

fs_status fs_sp_words_add(fs_sp_words *w, fs_text text) {
    const int32_t size = (int32_t)text.size, last = size - WINDOW - FS_SP_WORD_MARGIN;
    int32_t at = 0;
    if (last > 0) FS_TRY(add_part(w, text.data, size, last, &at));
    if (at < size) { /* no more than a window and its margin */
        const int32_t left = size - at;
        uint8_t *copy;
        if (w->copied + left + WINDOW + FS_SP_WORD_MARGIN > FS_SP_ENDS) {
            FS_TRY(encode_words(w));
            w->copied = 0;
        }
        copy = w->ends + w->copied;
        memcpy(copy, text.data + at, (size_t)left);
        w->copied += left + FS_SP_WORD_MARGIN;
        at = 0;
        FS_TRY(add_part(w, copy, left, left, &at));
    }
    if (w->count == FS_SP_WORDS) FS_TRY(encode_words(w));
    w->words[w->count].text = NULL;
    w->words[w->count].size = INT32_MAX;
    w->words[w->count].key.low = 1; /* which no entry has */
    w->words[w->count].key.high = w->words[w->count].hash = 0;
    w->count++;
    return FS_OK;
}

fs_status fs_sp_words_close(fs_sp_words *w) {
    const fs_status st = encode_words(w);
    w->ids->size = (size_t)(w->out - (int32_t *)w->ids->data) * sizeof(int32_t);
    return st;
}
