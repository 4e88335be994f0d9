/* Cut in turn by \p{N}{1,3}, by [U+4E00-9FA5 U+3040-30FF]+, and the pieces of both and what is between them by
 *
 *     [!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*
 *     |\s*[\r\n]+|\s+(?!\S)|\s+
 *
 * each stretch as if it were the whole text; characters that no part takes make a piece together. */
#include "scan_shapes.h"

#define NUMBERS FS_SET(FS_CLASS_NUMBER)
#define WORD (FS_SET_LETTERS | FS_SET(FS_CLASS_MARK))
#define SIGNS (FS_SET(FS_CLASS_PUNCTUATION) | FS_SET(FS_CLASS_SYMBOL))
#define BEFORE_WORD (FS_SET(FS_CLASS_OTHER) | FS_SET(FS_CLASS_BLANK))

/* A stretch of ideographs and kana, or one of everything else but numbers. */
typedef struct stretch {
    const uint8_t *text;
    int32_t size;
    int ideographs;
} stretch;

static int is_ideograph(uint32_t c) { return (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF); }

/* Class of the character at *at, which moves behind it; FS_CLASS_END where the stretch ends. */
static fs_class read_class(const stretch *s, int32_t *at) {
    int32_t next = *at;
    uint32_t code;
    fs_class c;
    if (next >= s->size) return FS_CLASS_END;
    code = fs_utf8_read(s->text, &next);
    c = fs_class_of(code);
    if (c == FS_CLASS_NUMBER || is_ideograph(code) != s->ideographs) return FS_CLASS_END;
    *at = next;
    return c;
}

static fs_class peek(const stretch *s, int32_t at) { return read_class(s, &at); }

static int32_t run(const stretch *s, int32_t at, unsigned set) {
    int32_t next = at;
    while (fs_scan_in(set, read_class(s, &next))) at = next;
    return at;
}

static int is_ascii_letter(const stretch *s, int32_t at) {
    return at < s->size && (uint8_t)((s->text[at] | 0x20) - 'a') < 26;
}

/* Where the match of the last pattern at `at` ends; `at` when there is none, as at the end of the stretch. */
static int32_t match_end(const stretch *s, int32_t at) {
    int32_t next = at;
    const fs_class c = read_class(s, &next), d = peek(s, next);
    if (c == FS_CLASS_END) return at;
    if (s->text[at] < 0x80 && fs_scan_in(SIGNS, c) && is_ascii_letter(s, next)) {
        while (is_ascii_letter(s, next)) next++;
        return next;
    }
    if (fs_scan_in(WORD, c) || (fs_scan_in(BEFORE_WORD, c) && fs_scan_in(WORD, d))) return run(s, next, WORD);
    if (fs_scan_in(SIGNS, c) || (s->text[at] == ' ' && fs_scan_in(SIGNS, d)))
        return run(s, run(s, next, SIGNS), FS_SET(FS_CLASS_NEWLINE));
    if (!fs_scan_in(FS_SET_SPACES, c)) return at;
    next = run(s, at, FS_SET_SPACES);
    return fs_scan_spaces(s->text, peek(s, next) == FS_CLASS_END ? next : s->size, at, 1);
}

int32_t fs_scan_deepseek(const uint8_t *text, int32_t size, int32_t at) {
    int32_t end, next = at;
    const uint32_t code = fs_utf8_read(text, &next);
    const stretch s = {text, size, is_ideograph(code)};
    if (fs_class_of(code) == FS_CLASS_NUMBER) return fs_scan_some(text, size, at, NUMBERS, 3);
    if ((end = match_end(&s, at)) > at) return end;
    do { /* nothing takes it: on to what something takes */
        end = next;
        if (read_class(&s, &next) == FS_CLASS_END) break;
    } while (match_end(&s, end) == end);
    return end;
}
