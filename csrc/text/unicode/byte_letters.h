/* GPT-2's alphabet of bytes, in which vocabularies are written: bytes that can be seen are the characters of their
 * number, the other 68 are U+0100 and on. */
#ifndef FS_TEXT_BYTE_LETTERS_H
#define FS_TEXT_BYTE_LETTERS_H

#include "base/portable.h"

FS_INLINE uint32_t fs_byte_letter(uint8_t byte) {
    if (byte <= 0x20) return 0x100u + byte;
    if (byte >= 0x7F && byte <= 0xA0) return 0x121u + (byte - 0x7Fu);
    return byte == 0xAD ? 0x143 : byte;
}

/* The byte that a character stands for; -1: none. */
FS_INLINE int fs_letter_byte(uint32_t c) {
    if ((c >= 0x21 && c <= 0x7E) || (c >= 0xA1 && c <= 0xAC) || (c >= 0xAE && c <= 0xFF)) return (int)c;
    if (c < 0x100 || c > 0x143) return -1;
    c -= 0x100;
    if (c < 0x21) return (int)c;
    if (c < 0x21 + 0x22) return (int)(c - 0x21 + 0x7F);
    return 0xAD;
}

#endif
