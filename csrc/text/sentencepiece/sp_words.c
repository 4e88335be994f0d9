#include "sp_words_new.h"

#define AT_ONCE (FS_CACHED_IDS + 1) /* ids that are written of any word, of which some hold */

/* What float sums of all words of a stage may have lost by rounding, an id, is between the largest score and the one counted with. */
#define LOST 0.01

/* Room for n ids behind the last one, and for those at once of as many words as may follow. */
static fs_status make_room(fs_sp_words *w, size_t n) {
    fs_buffer *b = w->ids;
    const size_t before = (size_t)(w->out - w->first), first = (size_t)(w->first - (int32_t *)b->data);
    const size_t more = n + AT_ONCE * FS_SP_WORDS, bytes = (before + more) * sizeof(int32_t);
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
    for (i = 0; i < n && sums; i++) sum += sums[ids[i] + 2];
    return sum;
}

/* All that is written is summed. */
static void set_sum(fs_sp_words *w, float sum, int32_t word) {
    w->sum = sum;
    w->summed = (int32_t)(w->out - w->first);
    w->summed_word = word;
}

/* Adds up all ids that come before a word: the sum is the one that the search has, in its order. */
static void add_up(fs_sp_words *w, int32_t word) {
    const int32_t unknown = w->m->pieces.unknown, *ids = w->first + w->summed;
    float sum = w->sum;
    int32_t i, k, run;
    for (i = w->summed_word; i < word && w->sums && !w->whole; i++) { /* of an exception not all are written */
        for (k = 0; k < w->have[i].count; k++) {
            run = ids[k] == unknown ? fs_note_run(w->have[i].note) : 0;
            if (!run) sum += w->sums[ids[k] + 2];
            for (; run > 0; run--) sum += w->sums[1];
        }
        ids += w->have[i].count;
    }
    set_sum(w, sum, word);
}

/* Whether ids of a word that hold up to a sum before them hold behind this one. */
static int in_reach(fs_sp_words *w, int32_t word, float reach) {
    add_up(w, word);
    return fabsf(w->sum) <= reach;
}

/* ---- looking up ---- */

/* What the lines of a word and the store have. Returns whether there is anything. */
static int look_up(fs_sp_words *w, int32_t i) {
    const fs_noted_word *word = &w->words[i];
    const fs_cached *entry = fs_noted_find(w->cache, word);
    fs_sp_found *have = &w->have[i];
    const int32_t *kept;
    int32_t n;
    have->note = FS_CACHED_ELSEWHERE;
    have->count = 0;
    if (!entry) return 0;
    if (entry->ids[FS_CACHED_NOTE] != FS_CACHED_ELSEWHERE) {
        memcpy(have->few, entry->ids, sizeof have->few);
        have->note = have->few[FS_CACHED_NOTE];
        have->count = have->note & FS_NOTE_COUNT;
        return 1;
    }
    kept = fs_noted_long(w->cache, word, entry, &n);
    if (!kept || fs_note_is_mixed(kept[0])) return 1;
    memcpy(have->few, kept + 1, sizeof have->few);
    have->note = kept[0];
    have->count = n - 1;
    have->from = (uint32_t)(kept + 1 - (const int32_t *)w->cache->store.data);
    return 1;
}

/* Words that have more ids than are written at once are no longer there if the store was emptied. */
static void forget_stored(fs_sp_words *w, int32_t i) {
    if (w->emptied == w->cache->emptied) return;
    for (; i < w->count; i++)
        if (w->have[i].count > AT_ONCE) w->have[i].note = FS_CACHED_ELSEWHERE;
    w->emptied = w->cache->emptied;
}

/* The entries of words in their own lines. `others`: those that have none there, or what they have is elsewhere; returns how many. */
static int32_t look_up_lines(fs_sp_words *w, int16_t *others) {
    fs_cached *const lines = w->cache->lines;
    const int32_t words = w->count;
    int32_t i, count = 0;
    for (i = 0; i < words; i++) {
        const fs_noted_word *word = &w->words[i];
        const fs_cached *entry = fs_cache_line_in(lines, word->hash);
        fs_sp_found *have = &w->have[i];
        int other;
        entry += fs_piece_key_same(entry[1].key, word->key);
        memcpy(have->few, entry->ids, sizeof have->few);
        have->note = entry->ids[FS_CACHED_NOTE];
        have->count = have->note & FS_NOTE_COUNT;
        others[count] = (int16_t)i;
        other = !fs_piece_key_same(entry->key, word->key);
        FS_PREFETCH(fs_cache_line_in(lines, word->hash ^ (uint64_t)other));
        count += other | (have->note == FS_CACHED_ELSEWHERE);
    }
    return count;
}

/* What is kept of all words; of those that are new it is made first. */
static fs_status look_up_all(fs_sp_words *w) {
    int16_t others[FS_SP_WORDS + 1];
    const int32_t count = look_up_lines(w, others);
    int32_t i, ids = 0;
    w->emptied = w->cache->emptied;
    for (i = 0; i < count; i++) {
        if (look_up(w, others[i])) continue;
        FS_TRY(fs_sp_learn(w, &w->words[others[i]]));
        (void)look_up(w, others[i]);
    }
    forget_stored(w, 0);
    for (i = 0; i < w->count; i++) ids += w->have[i].count + fs_note_run(w->have[i].note);
    w->ahead = w->largest * (float)ids;
    return FS_OK;
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

/* What is kept of a word, or would be, behind which the sum is this one. */
static fs_status put_kept(fs_sp_words *w, int32_t word, const int32_t *kept, int32_t n, float sum) {
    const int32_t before = 1 + (fs_note_is_mixed(kept[0]) ? 1 + kept[1] : 0);
    FS_TRY(put_ids(w, kept + before, n - before));
    set_sum(w, sum, word + 1);
    return FS_OK;
}

/* Word i, of which nothing is kept, or a list of what is unknown, or what does not hold behind this sum. */
static fs_status encode_other(fs_sp_words *w, int32_t i) {
    const fs_noted_word *word = &w->words[i];
    const fs_cached *entry = fs_noted_find(w->cache, word);
    int32_t n;
    const int32_t *kept = fs_noted_long(w->cache, word, entry, &n);
    double sum;
    add_up(w, i);
    w->have[i].count = 0;
    if (kept && fs_note_is_mixed(kept[0]) && fabsf(w->sum) <= fs_note_reach(kept[0]))
        return put_kept(w, i, kept, n, add_sums(w->sums, w->sum, kept + 2, kept[1]));
    sum = (double)w->sum;
    FS_TRY(fs_sp_search_behind(w, word, &sum));
    if (w->whole) return FS_OK;
    FS_TRY(put_kept(w, i, w->found->data, (int32_t)(w->found->size / sizeof(int32_t)), (float)sum));
    forget_stored(w, i + 1);
    return FS_OK;
}

/* Writes the ids of words [i, end) up to one that has too many, or whose ids may not hold; that one is returned. */
static int32_t put_known(fs_sp_words *w, int32_t i, int32_t end) {
    const float most = fabsf(w->sum) + w->ahead;
    int32_t *out = w->out;
    for (; i < end; i++) {
        const fs_sp_found *have = &w->have[i];
        if (!(fs_note_reach(have->note) >= most) || have->count > AT_ONCE) break;
        memcpy(out, have->few, sizeof have->few);
        out += have->count;
    }
    w->out = out;
    return i;
}

/* Words [i, end). */
static fs_status put_words(fs_sp_words *w, int32_t i, int32_t end) {
    for (; (i = put_known(w, i, end)) < end; i++) {
        const fs_sp_found *have = &w->have[i];
        const float reach = fs_note_reach(have->note);
        if (w->whole) continue;
        if (have->note == FS_CACHED_ELSEWHERE || (reach < fabsf(w->sum) + w->ahead && !in_reach(w, i, reach)))
            FS_TRY(encode_other(w, i));
        else
            FS_TRY(put_ids(w, have->count > AT_ONCE ? (const int32_t *)w->cache->store.data + have->from : have->few, have->count));
    }
    return FS_OK;
}

/* ---- texts ---- */

/* A text begins with a word. */
static void begin_text(fs_sp_words *w, int32_t word) {
    w->first = w->out = (int32_t *)w->ids->data + w->ids->size / sizeof(int32_t);
    w->end = (int32_t *)w->ids->data + w->ids->capacity / sizeof(int32_t);
    w->whole = 0;
    set_sum(w, 0.0f, word);
}

/* A text ends before a word. */
static fs_status end_text(fs_sp_words *w, int32_t word) {
    if (w->whole) w->out = w->first;
    w->ids->size = (size_t)(w->out - (int32_t *)w->ids->data) * sizeof(int32_t);
    FS_TRY(w->ended(w->ctx, w->whole));
    forget_stored(w, word);
    begin_text(w, word);
    return make_room(w, 0);
}

/* All words that are there. */
static fs_status encode_words(fs_sp_words *w) {
    int32_t i = 0, t;
    FS_TRY(make_room(w, 0));
    FS_TRY(look_up_all(w));
    for (t = 0; t < w->text_count; t++) {
        FS_TRY(put_words(w, i, w->text_ends[t]));
        i = w->text_ends[t];
        FS_TRY(end_text(w, i));
    }
    FS_TRY(put_words(w, i, w->count));
    add_up(w, w->count);
    w->summed_word = 0;
    return FS_OK;
}

static fs_status encode_stage(fs_sp_words *w) {
    fs_sp_words_cut(w);
    w->staged = 0;
    return encode_words(w);
}

fs_status fs_sp_words_open(fs_sp_words *w) {
    w->sums = w->m->pieces.sums_float;
    w->largest = w->sums ? (float)(w->m->pieces.largest * (1 + LOST) + LOST) : 0.0f;
    w->staged = 0;
    if (!w->ids->data && !fs_buffer_add(w->ids, 0)) return fs_fail_memory(w->err, "ids", 64);
    begin_text(w, 0);
    return FS_OK;
}

/* As memcpy, for which compilers that know that there are few bytes take an instruction that is slow for few. */
FS_INLINE void copy_bytes(uint8_t *to, const uint8_t *from, int32_t n) {
    int32_t i;
    if (n < 16) {
        for (i = 0; i + 4 <= n; i += 4) memcpy(to + i, from + i, 4);
        for (; i < n; i++) to[i] = from[i];
        return;
    }
    for (i = 0; i < n - 16; i += 16) memcpy(to + i, from + i, 16);
    memcpy(to + n - 16, from + n - 16, 16);
}

static fs_status stage_bytes(fs_sp_words *w, const uint8_t *bytes, int32_t n) {
    if (w->staged + n > FS_SP_STAGED) FS_TRY(encode_stage(w));
    copy_bytes(w->stage + w->staged, bytes, n);
    w->staged += n;
    return FS_OK;
}

/* A word that has no room on the stage; *at moves behind it. */
static fs_status add_long_word(fs_sp_words *w, fs_text text, int32_t *at) {
    fs_noted_word *word = &w->words[0];
    FS_TRY(encode_stage(w));
    word->text = text.data + *at;
    while (*at < (int32_t)text.size && text.data[*at] != ' ') ++*at;
    word->size = (int32_t)(text.data + *at - word->text);
    word->key.low = 1; /* too long to be kept */
    word->key.high = word->hash = 0;
    w->count = 1;
    w->text_count = 0;
    return encode_words(w);
}

/* Words of a text that is longer than the stage, of which *at moves behind those that are staged. */
static fs_status add_part(fs_sp_words *w, fs_text text, int32_t *at) {
    int32_t n = FS_MIN(FS_SP_STAGED, (int32_t)text.size - *at) - 1;
    while (n >= 0 && text.data[*at + n] != ' ') n--;
    if (n < 0) return add_long_word(w, text, at);
    FS_TRY(stage_bytes(w, text.data + *at, n + 1)); /* with the space */
    *at += n + 1;
    return FS_OK;
}

fs_status fs_sp_words_add(fs_sp_words *w, fs_text text) {
    static const uint8_t behind[3] = {' ', FS_SP_TEXT_END, ' '};
    const int32_t size = (int32_t)text.size;
    int32_t at = 0;
    while (size - at > FS_SP_STAGED - (int32_t)sizeof behind) FS_TRY(add_part(w, text, &at));
    if (w->staged + size - at + (int32_t)sizeof behind > FS_SP_STAGED) FS_TRY(encode_stage(w));
    if (size > at) FS_TRY(stage_bytes(w, text.data + at, size - at));
    memcpy(w->stage + w->staged, behind, sizeof behind);
    w->staged += (int32_t)sizeof behind;
    return FS_OK;
}

fs_status fs_sp_words_close(fs_sp_words *w) {
    FS_TRY(encode_stage(w));
    w->ids->size = (size_t)(w->out - (int32_t *)w->ids->data) * sizeof(int32_t);
    return FS_OK;
}
