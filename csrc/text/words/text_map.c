#include "text_map.h"

#include "text/unicode/unicode.h"
#include "text/unicode/utf8.h"

#define CAPITAL_SIGMA 0x3A3
#define SMALL_SIGMA 0x3C3
#define FINAL_SIGMA 0x3C2
#define CAPITAL_I_WITH_DOT 0x130
#define DOT_ABOVE 0x307

/* Whether the first character from `at` on that is not case-ignorable is cased. */
static int cased_after(fs_text text, int32_t at) {
    while (at < (int32_t)text.size) {
        unsigned flags = fs_unicode_of(fs_utf8_read(text.data, &at))->flags;
        if (!(flags & FS_CHAR_IGNORABLE)) return (flags & FS_CHAR_CASED) != 0;
    }
    return 0;
}

static int cased_before(fs_text text, int32_t at) {
    while (at > 0) {
        int32_t start = at = fs_utf8_back(text.data, at);
        unsigned flags = fs_unicode_of(fs_utf8_read(text.data, &start))->flags;
        if (!(flags & FS_CHAR_IGNORABLE)) return (flags & FS_CHAR_CASED) != 0;
    }
    return 0;
}

/* Full lower case of the character c at [begin, end): 1 or 2 characters (Unicode, section 3.13; the only
 * unconditional mapping to two is of U+0130, the only one that needs its neighbours is of the sigma). */
static int lower(fs_text text, uint32_t c, int32_t begin, int32_t end, uint32_t out[2]) {
    if (c == CAPITAL_SIGMA) {
        int final = cased_before(text, begin) && !cased_after(text, end);
        out[0] = final ? FINAL_SIGMA : SMALL_SIGMA;
        return 1;
    }
    if (c == CAPITAL_I_WITH_DOT) {
        out[0] = 'i';
        out[1] = DOT_ABOVE;
        return 2;
    }
    out[0] = c + (uint32_t)fs_unicode_of(c)->lower;
    return 1;
}

static int kept(fs_keep keep, uint32_t c) {
    unsigned wanted = FS_CHAR_SPACE;
    switch (keep) {
    case FS_KEEP_ALL: return 1;
    case FS_KEEP_ALPHANUMERIC: wanted |= FS_CHAR_LETTER | FS_CHAR_MARK | FS_CHAR_NUMBER; break;
    case FS_KEEP_LETTERS: wanted |= FS_CHAR_LETTER | FS_CHAR_MARK; break;
    case FS_KEEP_ASCII_ALPHANUMERIC:
        if (c < 0x80) wanted |= FS_CHAR_LETTER | FS_CHAR_NUMBER;
        break;
    default:
        if (c < 0x80) wanted |= FS_CHAR_LETTER;
    }
    return (fs_unicode_of(c)->flags & wanted) != 0;
}

void fs_map_rules_init(fs_map_rules *rules, int lowercase, fs_keep keep) {
    uint8_t c;
    rules->lowercase = lowercase;
    rules->keep = keep;
    for (c = 0; c < 128; c++) {
        uint8_t mapped = lowercase && c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
        rules->ascii[c] = kept(keep, mapped) ? mapped : 0x80;
    }
}

static int32_t map_all(const fs_map_rules *rules, fs_text text, uint8_t *data, int32_t *from) {
    const uint8_t *ascii = rules->ascii;
    int32_t at = 0, size = 0;
    while (at < (int32_t)text.size) {
        int32_t begin = at;
        uint32_t c = text.data[at], mapped[2];
        int n = 1, k, b;
        if (c < 0x80) {
            if (from) from[size] = begin;
            data[size] = ascii[c];
            size += ascii[c] != 0x80;
            at++;
            continue;
        }
        mapped[0] = c = fs_utf8_read(text.data, &at);
        if (rules->lowercase) n = lower(text, c, begin, at, mapped);
        for (k = 0; k < n; k++) {
            int bytes;
            if (!kept(rules->keep, mapped[k])) continue;
            bytes = fs_utf8_write(data + size, mapped[k]);
            for (b = 0; from && b < bytes; b++) from[size + b] = begin;
            size += bytes;
        }
    }
    return size;
}

/* Empties the buffer and makes room. */
static fs_status room(fs_buffer *buffer, size_t bytes, fs_error *err) {
    buffer->size = 0;
    return fs_buffer_add(buffer, bytes) ? FS_OK : fs_fail_memory(err, "text", bytes);
}

fs_status fs_text_map(const fs_map_rules *rules, fs_text text, int want_from, fs_map_scratch *scratch, fs_mapped *out,
                      fs_error *err) {
    /* Two bytes can become three (U+0130, U+023A, U+023E), never more; a dropped byte is written too. */
    size_t most = text.size + text.size / 2 + 1;
    out->data = text.data;
    out->size = (int32_t)text.size;
    out->from = NULL;
    if (!rules->lowercase && rules->keep == FS_KEEP_ALL) return FS_OK;
    FS_TRY(room(&scratch->data, most, err));
    if (want_from) FS_TRY(room(&scratch->from, most * sizeof(int32_t), err));
    out->data = scratch->data.data;
    out->from = want_from ? scratch->from.data : NULL;
    out->size = map_all(rules, text, scratch->data.data, want_from ? scratch->from.data : NULL);
    return FS_OK;
}

void fs_map_scratch_free(fs_map_scratch *scratch) {
    fs_buffer_free(&scratch->data);
    fs_buffer_free(&scratch->from);
}
