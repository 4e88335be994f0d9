#include "word_cut.h"

#include "text/unicode/scripts.h"
#include "text/unicode/utf8.h"

void fs_word_scratch_free(fs_word_scratch *s) {
    fs_map_scratch_free(&s->map);
    fs_aligned_free(&s->aligned);
    fs_normalize_scratch_free(&s->normal);
}

typedef struct sink {
    fs_word_seen seen;
    void *ctx;
} sink;

static fs_status give(sink to, fs_text text, int32_t begin, int32_t end, fs_error *err) {
    const fs_text word = {text.data + begin, (size_t)(end - begin)};
    return end > begin ? to.seen(to.ctx, word, err) : FS_OK;
}

/* ---- split ---- */

static fs_status each_split(const fs_word_cutter *c, fs_text text, sink to, fs_error *err) {
    fs_splitter s = {0};
    int32_t begin, end;
    s.text = text.data;
    s.size = (int32_t)text.size;
    s.rule = c->split;
    s.punctuation = c->punctuation;
    while (fs_split_next(&s, &begin, &end)) FS_TRY(give(to, text, begin, end, err));
    return FS_OK;
}

/* ---- bert ---- */

static int is_between(uint32_t c, uint32_t first, uint32_t last) { return c >= first && c <= last; }

static int is_ascii_sign(uint32_t c) {
    return is_between(c, 33, 47) || is_between(c, 58, 64) || is_between(c, 91, 96) || is_between(c, 123, 126);
}

static int is_sign(uint32_t c) { return fs_class_of(c) == FS_CLASS_PUNCTUATION || is_ascii_sign(c); }

static int is_space(uint32_t c) { return c == '\t' || (FS_SET(fs_class_of(c)) & FS_SET_SPACES) != 0; }

static fs_status each_bert(fs_text text, sink to, fs_error *err) {
    const int32_t size = (int32_t)text.size;
    int32_t at = 0, begin = 0;
    while (at < size) {
        const int32_t from = at;
        const uint32_t c = fs_utf8_read(text.data, &at);
        const int sign = is_sign(c);
        if (!sign && !is_space(c)) continue;
        FS_TRY(give(to, text, begin, from, err));
        if (sign) FS_TRY(give(to, text, from, at, err));
        begin = at;
    }
    return give(to, text, begin, size, err);
}

/* ---- spaces ---- */

enum { NO_SCRIPT = -1, DIGIT = 256 };

static int is_digit(uint32_t c) { return is_between(c, '0', '9') || is_between(c, 0xFF10, 0xFF19); }

typedef struct run { /* a word that may go on */
    int32_t begin;
    int script;
} run;

/* Whether a word may go on with this character; *r then knows its script. */
static int goes_on(const fs_word_cutter *c, uint32_t character, int first, run *r) {
    const int before = first ? NO_SCRIPT : r->script, digit = c->digits && is_digit(character);
    int script = digit ? DIGIT : fs_script_of(character);
    if (character == 0x2581) {
        r->script = NO_SCRIPT;
        return first;
    }
    if (script == FS_SCRIPT_INHERITED) script = before;
    if (!first && (digit || before == DIGIT)) return 0;
    if (c->scripts && before != NO_SCRIPT && before != script) return 0;
    r->script = script;
    return 1;
}

static fs_status each_spaced(const fs_word_cutter *c, fs_text text, sink to, fs_error *err) {
    const int32_t size = (int32_t)text.size;
    run r = {0, -1};
    int32_t at = 0, value;
    while (at < size) {
        const int32_t from = at, known = c->spaces->has_kept
                                             ? fs_trie_longest(&c->spaces->kept, text.data + at, size - at, &value)
                                             : 0;
        uint32_t character;
        if (known) {
            FS_TRY(give(to, text, r.begin, from, err));
            r.begin = at = from + known;
            continue;
        }
        character = fs_utf8_read(text.data, &at);
        if (goes_on(c, character, from == r.begin, &r)) continue;
        FS_TRY(give(to, text, r.begin, from, err));
        r.begin = from;
        goes_on(c, character, 1, &r);
    }
    return give(to, text, r.begin, size, err);
}

/* ---- all of them ---- */

/* The text as the rule cuts it; it may be in the scratch. */
static fs_status prepare(const fs_word_cutter *c, fs_word_scratch *s, fs_text *text, fs_error *err) {
    fs_mapped mapped;
    fs_normalized normalized;
    if (c->rule == FS_WORDS_SPACES) {
        s->aligned.size = 0;
        FS_TRY(fs_sp_normalize(c->spaces, *text, 0, &s->aligned, err));
        text->data = s->aligned.data;
        text->size = (size_t)s->aligned.size;
    } else if (c->rule == FS_WORDS_BERT) {
        FS_TRY(fs_normalize(c->normalizer, *text, 0, &s->normal, &normalized, err));
        text->data = normalized.data;
        text->size = (size_t)normalized.size;
    } else {
        FS_TRY(fs_text_map(&c->map, *text, 0, &s->map, &mapped, err));
        text->data = mapped.data;
        text->size = (size_t)mapped.size;
    }
    return FS_OK;
}

fs_status fs_words_each(const fs_word_cutter *c, fs_word_scratch *s, fs_text text, fs_word_seen seen, void *ctx,
                        fs_error *err) {
    const sink to = {seen, ctx};
    FS_TRY(prepare(c, s, &text, err));
    if (c->rule == FS_WORDS_SPACES) return each_spaced(c, text, to, err);
    return c->rule == FS_WORDS_BERT ? each_bert(text, to, err) : each_split(c, text, to, err);
}
