/* UTF-8: checking it once, where text comes in; reading and writing it without checks after that. */
#ifndef FS_TEXT_UTF8_H
#define FS_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "base/portable.h"

/* How many bytes from the start are valid UTF-8: `size` when all are. Overlong forms, surrogates and code
 * points above U+10FFFF are not valid. */
size_t fs_utf8_valid(const uint8_t *text, size_t size);

/* Characters in valid UTF-8. */
int64_t fs_utf8_length(const uint8_t *text, size_t size);

/* Bytes of the character that starts with `lead`. */
FS_INLINE int fs_utf8_size(uint8_t lead) { return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }

/* The character at *at in valid UTF-8; *at moves behind it. */
FS_INLINE uint32_t fs_utf8_read(const uint8_t *text, int32_t *at) {
    const uint8_t *p = text + *at;
    if (p[0] < 0x80) {
        *at += 1;
        return p[0];
    }
    if (p[0] < 0xE0) {
        *at += 2;
        return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    }
    if (p[0] < 0xF0) {
        *at += 3;
        return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    }
    *at += 4;
    return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
}

/* Where the character before `at` starts; at > 0. */
FS_INLINE int32_t fs_utf8_back(const uint8_t *text, int32_t at) {
    do at--;
    while ((text[at] & 0xC0) == 0x80);
    return at;
}

/* Writes a character and returns its bytes, at most 4. */
FS_INLINE int fs_utf8_write(uint8_t *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xC0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xE0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}

#endif
