#include "utf8_widen.h"

#include <string.h>

#include "base/portable.h"

#define HIGH_BITS 0x8080808080808080u

size_t fs_utf8_shape(const uint8_t *text, size_t size, int *width) {
    uint8_t highest = 0;
    size_t count = 0, i;
    for (i = 0; i < size; i++) {
        count += (text[i] & 0xC0) != 0x80;
        highest = FS_MAX(highest, text[i]);
    }
    *width = highest < 0x80 ? 0 : highest < 0xC4 ? 1 : highest < 0xF0 ? 2 : 4;
    return count;
}

FS_INLINE void put(void *to, size_t i, uint32_t c, int width) {
    if (width == 1)
        ((uint8_t *)to)[i] = (uint8_t)c;
    else if (width == 2)
        ((uint16_t *)to)[i] = (uint16_t)c;
    else
        ((uint32_t *)to)[i] = c;
}

/* Whether n bytes behind the first one go on with a character. */
FS_INLINE int goes_on(const uint8_t *p, int n) {
    return (p[1] & 0xC0) == 0x80 && (n < 2 || (p[2] & 0xC0) == 0x80) && (n < 3 || (p[3] & 0xC0) == 0x80);
}

/* Characters of one script have one length, so each length has a loop that goes on as long as it lasts. Every round takes
 * one byte that begins a character, so no more are written than were counted. */
FS_INLINE int widen(const uint8_t *p, const uint8_t *end, int width, void *to) {
    size_t n = 0;
    while (p < end) {
        const uint8_t *before = p;
        uint64_t word;
        for (; end - p >= 8; p += 8, n += 8) {
            int k;
            memcpy(&word, p, 8);
            if (word & HIGH_BITS) break;
            for (k = 0; k < 8; k++) put(to, n + (size_t)k, p[k], width);
        }
        for (; p < end && *p < 0x80; p++) put(to, n++, *p, width);
        for (; end - p >= 2 && (*p & 0xE0) == 0xC0; p += 2) {
            if (*p < 0xC2 || !goes_on(p, 1)) return 0;
            put(to, n++, (uint32_t)(*p & 0x1F) << 6 | (p[1] & 0x3F), width);
        }
        for (; end - p >= 3 && (*p & 0xF0) == 0xE0; p += 3) {
            const uint32_t c = (uint32_t)(*p & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
            if (!goes_on(p, 2) || c < 0x800 || (c & 0xF800) == 0xD800) return 0;
            put(to, n++, c, width);
        }
        for (; end - p >= 4 && (*p & 0xF8) == 0xF0; p += 4) {
            const uint32_t high = (uint32_t)(*p & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12;
            const uint32_t c = high | (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
            if (!goes_on(p, 3) || c < 0x10000 || c > 0x10FFFF) return 0;
            put(to, n++, c, width);
        }
        if (p == before) return 0; /* it begins no character, or one that is cut off */
    }
    return 1;
}

int fs_utf8_widen(const uint8_t *text, size_t size, int width, void *to) {
    if (width == 1) return widen(text, text + size, 1, to);
    return width == 2 ? widen(text, text + size, 2, to) : widen(text, text + size, 4, to);
}
