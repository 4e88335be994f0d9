/* Default word boundaries: Unicode Standard Annex #29, section 4.1.1. The rule numbers are its own. */
#include "split.h"
#include "text/unicode/unicode.h"
#include "text/unicode/utf8.h"

static int is_letter(int k) { return k == FS_WB_LETTER || k == FS_WB_HEBREW; } /* AHLetter */

static int is_ignored(int k) { return k == FS_WB_EXTEND || k == FS_WB_FORMAT || k == FS_WB_ZWJ; } /* WB4 */

static int is_newline(int k) { return k == FS_WB_CR || k == FS_WB_LF || k == FS_WB_NEWLINE; }

/* MidNumLetQ */
static int is_mid_any(int k) { return k == FS_WB_MID_NUM_LET || k == FS_WB_SINGLE_QUOTE; }

static int is_mid_letter(int k) { return k == FS_WB_MID_LETTER || is_mid_any(k); }

static int is_mid_number(int k) { return k == FS_WB_MID_NUM || is_mid_any(k); }

/* The class of the first character from `at` on that WB4 does not ignore; FS_WB_OTHER at the end. */
static int class_after(const uint8_t *text, int32_t size, int32_t at) {
    while (at < size) {
        int k = fs_unicode_of(fs_utf8_read(text, &at))->word_break;
        if (!is_ignored(k)) return k;
    }
    return FS_WB_OTHER;
}

/* Whether class `k`, its character ending at `at`, joins `last`, which `before` precedes in the segment;
 * characters that WB4 ignores left out. */
static int joins(int before, int last, int k, int odd_regional, const uint8_t *text, int32_t size, int32_t at) {
    if (is_letter(last)) {
        if (is_letter(k) || k == FS_WB_NUMERIC) return 1;                                   /* WB5, WB9 */
        if (is_mid_letter(k) && is_letter(class_after(text, size, at))) return 1;           /* WB6 */
        if (last == FS_WB_HEBREW && k == FS_WB_SINGLE_QUOTE) return 1;                      /* WB7a */
        if (last == FS_WB_HEBREW && k == FS_WB_DOUBLE_QUOTE)                                /* WB7b */
            return class_after(text, size, at) == FS_WB_HEBREW;
        return k == FS_WB_EXTEND_NUM_LET;                                                   /* WB13a */
    }
    if (last == FS_WB_NUMERIC) {
        if (k == FS_WB_NUMERIC || is_letter(k) || k == FS_WB_EXTEND_NUM_LET) return 1;      /* WB8, WB10, WB13a */
        return is_mid_number(k) && class_after(text, size, at) == FS_WB_NUMERIC;            /* WB12 */
    }
    if (is_letter(before) && is_mid_letter(last) && is_letter(k)) return 1;                 /* WB7 */
    if (before == FS_WB_HEBREW && last == FS_WB_DOUBLE_QUOTE && k == FS_WB_HEBREW) return 1; /* WB7c */
    if (before == FS_WB_NUMERIC && is_mid_number(last) && k == FS_WB_NUMERIC) return 1;     /* WB11 */
    if (last == FS_WB_KATAKANA) return k == FS_WB_KATAKANA || k == FS_WB_EXTEND_NUM_LET;    /* WB13, WB13a */
    if (last == FS_WB_EXTEND_NUM_LET)                                                       /* WB13a, WB13b */
        return k == FS_WB_EXTEND_NUM_LET || is_letter(k) || k == FS_WB_NUMERIC || k == FS_WB_KATAKANA;
    return last == FS_WB_REGIONAL && k == FS_WB_REGIONAL && odd_regional;                   /* WB15, WB16 */
}

static int32_t any_word_end(const uint8_t *text, int32_t size, int32_t at, unsigned *kinds) {
    const fs_character *c = fs_unicode_of(fs_utf8_read(text, &at));
    int before = FS_WB_OTHER, last = c->word_break, previous = last, regional = 1;
    unsigned any = c->flags, all = c->flags;
    while (at < size && !(is_newline(previous) && previous != FS_WB_CR)) {
        int32_t next = at;
        int k;
        c = fs_unicode_of(fs_utf8_read(text, &next));
        k = c->word_break;
        if (previous == FS_WB_CR && k != FS_WB_LF) break; /* WB3a */
        if (is_newline(k)) {
            if (previous != FS_WB_CR) break; /* WB3b, else WB3 */
        } else if (is_ignored(k) || (previous == FS_WB_SPACE && k == FS_WB_SPACE)) {
            /* WB4, WB3d */
        } else {
            int emoji = previous == FS_WB_ZWJ && (c->flags & FS_CHAR_PICTOGRAPH); /* WB3c */
            if (!emoji && !joins(before, last, k, regional & 1, text, size, next)) break;
            before = last;
            last = k;
            regional++;
        }
        previous = k;
        any |= c->flags;
        all &= c->flags;
        at = next;
    }
    *kinds = (any & ~(unsigned)FS_CHAR_SILENT) | (all & FS_CHAR_SILENT);
    return at;
}

/* Most segments: ASCII letters and digits, then an ASCII character that never joins them, or the end.
 * 0: it is another kind of segment. */
static int32_t plain_word_end(const uint8_t *text, int32_t size, int32_t at, unsigned *kinds) {
    int32_t end = at;
    unsigned any = 0;
    for (; end < size; end++) {
        uint8_t c = text[end];
        if ((uint8_t)((c | 32) - 'a') < 26)
            any |= FS_CHAR_LETTER | FS_CHAR_CASED;
        else if ((uint8_t)(c - '0') < 10)
            any |= FS_CHAR_NUMBER;
        else if (c >= 0x80 || c == '\'' || c == ',' || c == '.' || c == ':' || c == ';' || c == '_')
            return 0;
        else
            break;
    }
    *kinds = any;
    return end == at ? 0 : end;
}

int32_t fs_word_end(const uint8_t *text, int32_t size, int32_t at, unsigned *kinds) {
    int32_t plain = plain_word_end(text, size, at, kinds);
    return plain ? plain : any_word_end(text, size, at, kinds);
}
