#include "utf8.h"

#include <string.h>

static int ascii8(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return (word & 0x8080808080808080u) == 0;
}

/* Bytes of the valid character at the start of p, of which `left` > 0 may be read; 0 when it is none.
 * The second byte's range tells overlong forms, surrogates and too large values (Unicode, table 3-7). */
static int valid_character(const uint8_t *p, size_t left) {
    uint8_t low = 0x80, high = 0xBF;
    int size, i;
    if (p[0] < 0x80) return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4) return 0;
    size = fs_utf8_size(p[0]);
    if ((size_t)size > left) return 0;
    if (p[0] == 0xE0) low = 0xA0;
    if (p[0] == 0xED) high = 0x9F;
    if (p[0] == 0xF0) low = 0x90;
    if (p[0] == 0xF4) high = 0x8F;
    if (p[1] < low || p[1] > high) return 0;
    for (i = 2; i < size; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    return size;
}

size_t fs_utf8_valid(const uint8_t *text, size_t size) {
    size_t at = 0;
    while (at < size) {
        int n;
        if (size - at >= 8 && ascii8(text + at)) {
            at += 8;
            continue;
        }
        n = valid_character(text + at, size - at);
        if (!n) return at;
        at += (size_t)n;
    }
    return size;
}

int64_t fs_utf8_length(const uint8_t *text, size_t size) {
    int64_t n = 0;
    size_t i;
    for (i = 0; i < size; i++) n += (text[i] & 0xC0) != 0x80;
    return n;
}
