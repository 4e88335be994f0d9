#include "split.h"

#include <string.h>

#include "text/unicode/unicode.h"
#include "text/unicode/utf8.h"

static int is_space(uint32_t c) {
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
    return (fs_unicode_of(c)->flags & FS_CHAR_SPACE) != 0;
}

static int next_character(fs_splitter *s, int32_t *begin, int32_t *end) {
    if (s->at >= s->size) return 0;
    *begin = s->at;
    s->at += fs_utf8_size(s->text[s->at]);
    *end = s->at;
    return 1;
}

static int next_whitespace(fs_splitter *s, int32_t *begin, int32_t *end) {
    int32_t at = s->at;
    do {
        if (at >= s->size) return 0;
        *begin = at;
    } while (is_space(fs_utf8_read(s->text, &at)));
    do {
        *end = at;
    } while (at < s->size && !is_space(fs_utf8_read(s->text, &at)));
    s->at = at;
    return 1;
}

static int next_space(fs_splitter *s, int32_t *begin, int32_t *end) {
    const uint8_t *space;
    while (s->at < s->size && s->text[s->at] == ' ') s->at++;
    if (s->at >= s->size) return 0;
    *begin = s->at;
    space = memchr(s->text + s->at, ' ', (size_t)(s->size - s->at));
    s->at = *end = space ? (int32_t)(space - s->text) : s->size;
    return 1;
}

/* Spaces are never given, wherever they are cut, unless a mark rides on the last of them. */
static int32_t skip_spaces(const fs_splitter *s) {
    int32_t at = s->at;
    while (at < s->size && s->text[at] == ' ') at++;
    return at == s->size || s->text[at] < 0x80 ? at : s->at;
}

static int next_word(fs_splitter *s, int32_t *begin, int32_t *end) {
    for (;;) {
        unsigned kinds;
        *begin = s->at = skip_spaces(s);
        if (s->at >= s->size) return 0;
        s->at = *end = fs_word_end(s->text, s->size, s->at, &kinds);
        if (kinds & (FS_CHAR_LETTER | FS_CHAR_NUMBER | FS_CHAR_CONNECTOR)) return 1;
        if (s->punctuation && !(kinds & FS_CHAR_SILENT)) return 1;
    }
}

static int next_whole(fs_splitter *s, int32_t *begin, int32_t *end) {
    if (s->at < 0) return 0;
    *begin = 0;
    *end = s->size;
    s->at = -1;
    return 1;
}

int fs_split_next(fs_splitter *s, int32_t *begin, int32_t *end) {
    switch (s->rule) {
    case FS_SPLIT_CHARACTERS: return next_character(s, begin, end);
    case FS_SPLIT_WORDS: return next_word(s, begin, end);
    case FS_SPLIT_WHITESPACE: return next_whitespace(s, begin, end);
    case FS_SPLIT_SPACE: return next_space(s, begin, end);
    default: return next_whole(s, begin, end);
    }
}
