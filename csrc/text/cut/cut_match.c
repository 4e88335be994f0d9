/* What the steps of a cutter match. */
#include "cut.h"
#include "cut_classes.h"
#include "text/unicode/utf8.h"

/* The next character of a class. */
static int32_t match_class(unsigned wanted, const uint8_t *text, int32_t at, int32_t end, int32_t *match_end) {
    while (at < end) {
        int32_t next = at;
        if (fs_cut_class(fs_utf8_read(text, &next)) & wanted) {
            *match_end = next;
            return at;
        }
        at = next;
    }
    return end;
}

/* 0: white space, 1: a word's character, 2: another. */
static int word_kind(const uint8_t *text, int32_t *at) {
    const unsigned k = fs_cut_class(fs_utf8_read(text, at));
    return k & FS_CUT_WORD ? 1 : k & FS_CUT_SPACE ? 0 : 2;
}

static int32_t match_word(const uint8_t *text, int32_t at, int32_t end, int32_t *match_end) {
    int32_t begin = at, next = at, kind = 0;
    while (next < end && (kind = word_kind(text, &next)) == 0) begin = next;
    if (begin == end || kind == 0) return end;
    for (at = next; at < end && word_kind(text, &next) == kind;) at = next;
    *match_end = at;
    return begin;
}

static int32_t match_text(const fs_cut_step *s, const uint8_t *text, int32_t at, int32_t end, int32_t *match_end) {
    const uint8_t *wanted = s->text.data;
    const int32_t size = (int32_t)s->text.size;
    while (end - at >= size) {
        const uint8_t *found = memchr(text + at, wanted[0], (size_t)(end - at - size + 1));
        if (!found) return end;
        at = (int32_t)(found - text);
        if (memcmp(found, wanted, (size_t)size) == 0) {
            *match_end = at + size;
            return at;
        }
        at++;
    }
    return end;
}

static int32_t match_run(const fs_cut_step *s, const uint8_t *text, int32_t at, int32_t end, int32_t *match_end) {
    const int32_t begin = match_text(s, text, at, end, match_end), size = (int32_t)s->text.size;
    while (begin < end && end - *match_end >= size && memcmp(text + *match_end, s->text.data, (size_t)size) == 0)
        *match_end += size;
    return begin;
}

static int32_t match_length(int32_t length, const uint8_t *text, int32_t at, int32_t end, int32_t *match_end) {
    int32_t next = at;
    while (length-- > 0 && next < end) next += fs_utf8_size(text[next]);
    *match_end = next;
    return at;
}

int32_t fs_cut_match(const fs_cut_step *s, const uint8_t *text, int32_t at, int32_t end, int32_t *match_end) {
    switch (s->kind) {
        case FS_CUT_SPACES: return match_class(FS_CUT_SPACE, text, at, end, match_end);
        case FS_CUT_SIGNS: return match_class(FS_CUT_SIGN, text, at, end, match_end);
        case FS_CUT_NUMBERS: return match_class(FS_CUT_NUMBER, text, at, end, match_end);
        case FS_CUT_WORDS: return match_word(text, at, end, match_end);
        case FS_CUT_TEXT: return match_text(s, text, at, end, match_end);
        case FS_CUT_RUN: return match_run(s, text, at, end, match_end);
        case FS_CUT_PATTERN: *match_end = fs_scan_next(s->rule, text, end, at); return at;
        case FS_CUT_LENGTH: return match_length(s->length, text, at, end, match_end);
        default: return end;
    }
}
