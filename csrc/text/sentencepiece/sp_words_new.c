/* Words of sp_words.h that are not known: prepared, encoded by the model, kept. */
#include "sp_words_new.h"

#include "text/unicode/utf8.h"

/* Whether the word has a U+2581 itself. */
static int has_space(const fs_noted_word *word) {
    int32_t i;
    for (i = 0; i + 2 < word->size; i++)
        if (word->text[i] == 0xE2 && memcmp(word->text + i, FS_SP_SPACE, 3) == 0) return 1;
    return 0;
}

/* The word as the rules leave it. */
static fs_status prepare(fs_sp_words *w, const fs_noted_word *word, fs_text *text) {
    fs_aligned *a = w->prepared;
    const fs_text given = {word->text, (size_t)word->size};
    a->size = 0;
    FS_TRY(fs_sp_normalize(&w->m->rules, given, 0, a, w->err));
    FS_TRY(fs_aligned_room(a, FS_SP_WORD_MARGIN, w->err));
    text->data = a->data;
    text->size = (size_t)a->size;
    return FS_OK;
}

/* What the model makes of a word behind a sum: in `found`, -1 for what is unknown. */
static fs_status search(fs_sp_words *w, fs_text text, double *sum, float *reach) {
    fs_buffer *found = w->found;
    found->size = 0;
    *reach = INFINITY;
    if (!text.size) return FS_OK;
    return fs_pieces_search(&w->m->pieces, w->cache, text, FS_SP_WORD_MARGIN, sum, reach, found, w->err);
}

/* Where one unknown id that is not the first stands for all unknown characters, its note tells so; n: pieces that were found. */
static void simplify(const fs_pieces *p, fs_buffer *kept, int32_t n) {
    int32_t *to = kept->data, *ids = to + 2 + n, run = 0, unknown = 0, i;
    const int32_t count = (int32_t)(kept->size / sizeof *to) - 2 - n;
    for (i = 0; i < n; i++) run += to[2 + i] < 0;
    for (i = 0; i < count; i++) unknown += ids[i] == p->unknown;
    if (p->byte_fallback || unknown != 1 || ids[0] == p->unknown || run > FS_NOTE_RUN_MOST) return;
    to[0] |= run << FS_NOTE_RUN_SHIFT;
    memmove(to + 1, ids, (size_t)count * sizeof *to);
    kept->size = (size_t)(1 + count) * sizeof *to;
}

/* Turns what was found into what is kept (see fs_sp_search_behind). */
static fs_status settle(fs_sp_words *w, fs_text text, float reach) {
    const fs_pieces *p = &w->m->pieces;
    fs_buffer *b = w->found;
    const int32_t n = (int32_t)(b->size / sizeof(int32_t));
    int32_t *ids, i, at = 0, end, out, last = 0;
    int unknown = 0;
    for (i = 0; i < n; i++) unknown |= ((int32_t *)b->data)[i] < 0;
    ids = fs_buffer_add(b, (2 + (unknown ? text.size : 0)) * sizeof *ids);
    if (!ids) return fs_fail_memory(w->err, "word", (uint64_t)text.size * sizeof *ids);
    ids = b->data;
    memmove(ids + 1 + unknown, ids, (size_t)n * sizeof *ids);
    ids[0] = fs_note_of(reach, unknown ? FS_NOTE_UNKNOWN : 0);
    out = 1 + unknown + n;
    if (unknown) ids[1] = n;
    for (i = 0; i < n && unknown; i++, at = end) {
        const int32_t id = ids[2 + i];
        end = at + (id < 0 ? fs_utf8_size(text.data[at]) : (int32_t)fs_pieces_text(p, id).size);
        if (id >= 0)
            ids[out++] = id;
        else if (!p->byte_fallback && last != -1) /* else it is one with what is before it */
            ids[out++] = p->unknown;
        for (; id < 0 && p->byte_fallback && at < end; at++) ids[out++] = p->of_byte[text.data[at]];
        last = id;
    }
    b->size = (size_t)out * sizeof *ids;
    if (unknown) simplify(p, b, n);
    return FS_OK;
}

/* The word behind U+2581, if all of it is ASCII that no rule changes; returns whether it is so. */
static int copy_plain(const fs_sp_words *w, const fs_noted_word *word, uint8_t *to) {
    const uint8_t *plain = w->m->rules.plain;
    int32_t i, all = 1;
    for (i = 0; i < word->size; i++) {
        to[3 + i] = word->text[i];
        all &= plain[word->text[i]];
    }
    return all;
}

/* A word as it is prepared, at `to`, which has room for FS_UNIGRAM_WORD bytes behind the first three, and those of 0xFF behind
 * it. Returns its size; 0: it is too long, or nothing is left of it. */
static fs_status prepare_short(fs_sp_words *w, const fs_noted_word *word, uint8_t *to, int32_t *size) {
    *size = word->size < FS_UNIGRAM_WORD && copy_plain(w, word, to) ? word->size + 3 : 0;
    if (!*size) {
        fs_text text;
        FS_TRY(prepare(w, word, &text));
        if (text.size < 3 || text.size > FS_UNIGRAM_WORD + 2) return FS_OK;
        memcpy(to, text.data, text.size);
        *size = (int32_t)text.size;
    }
    memset(to + *size, 0xFF, FS_UNIGRAM_MARGIN);
    return FS_OK;
}

/* A short new word of Unigram. *kept: it was one. */
static fs_status learn_short(fs_sp_words *w, const fs_noted_word *word, int *kept) {
    uint8_t text[FS_UNIGRAM_WORD + 3 + FS_UNIGRAM_MARGIN];
    int32_t room[1 + FS_UNIGRAM_WORD], *const end = room + 1 + FS_UNIGRAM_WORD, *ids, n, i, size, known = 1;
    float reach;
    FS_TRY(prepare_short(w, word, text, &size));
    *kept = size > 0;
    if (!size) return FS_OK;
    text[2] = FS_UNIGRAM_SPACE;
    n = fs_unigram_encode_word(&w->m->pieces, text + 2, size - 2, end, &reach);
    ids = end - n - 1; /* with the note */
    memcpy(text, FS_SP_SPACE, 3);
    for (i = 1; i <= n; i++) known &= ids[i] >= 0;
    if (known) {
        ids[0] = fs_note_of(reach, 0);
        fs_noted_keep(w->cache, word, ids, n + 1);
        return FS_OK;
    }
    w->found->size = 0;
    FS_TRY(fs_buffer_append(w->found, ids + 1, (size_t)n * sizeof *ids, w->err));
    FS_TRY(settle(w, (fs_text){text, (size_t)size}, reach));
    fs_noted_keep(w->cache, word, w->found->data, (int32_t)(w->found->size / sizeof *ids));
    return FS_OK;
}

fs_status fs_sp_learn(fs_sp_words *w, const fs_noted_word *word) {
    double sum = 0.0;
    float reach;
    fs_text text;
    int kept = 0;
    if (word->size > FS_CACHED_BYTES || has_space(word)) return FS_OK;
    if (w->m->pieces.quick) FS_TRY(learn_short(w, word, &kept));
    if (kept) return FS_OK;
    FS_TRY(prepare(w, word, &text));
    FS_TRY(search(w, text, &sum, &reach));
    FS_TRY(settle(w, text, reach));
    fs_noted_keep(w->cache, word, w->found->data, (int32_t)(w->found->size / sizeof(int32_t)));
    return FS_OK;
}

fs_status fs_sp_search_behind(fs_sp_words *w, const fs_noted_word *word, double *sum) {
    float reach;
    fs_text text;
    w->whole = has_space(word);
    if (w->whole) return FS_OK;
    FS_TRY(prepare(w, word, &text));
    FS_TRY(search(w, text, sum, &reach)); /* where the sum grew out of bounds it began anew */
    return settle(w, text, reach);
}
