/* Which of 64 bytes are spaces, as a bitmap. */
#ifndef FS_TEXT_SPACE_BITS_H
#define FS_TEXT_SPACE_BITS_H

#include <stdint.h>

#include "base/portable.h"

/* Bit i: p[i] is U+0020. Eight bytes at a time, whose first is the lowest whatever the machine's order. */
FS_INLINE uint64_t fs_space_bits(const uint8_t *p) {
    const uint64_t low = 0x7F7F7F7F7F7F7F7Fu;
    uint64_t bits = 0;
    int i;
    FS_UNROLL
    for (i = 0; i < 8; i++) {
        uint64_t word = fs_load_little(p + 8 * i) ^ 0x2020202020202020u, zero;
        zero = ~(((word & low) + low) | word | low); /* 0x80 where a byte is 0 */
        bits |= ((zero >> 7) * 0x0102040810204080u >> 56) << (8 * i);
    }
    return bits;
}

#endif
