/* Pieces of up to 15 bytes as two words: the bytes, zeros behind them, and the size at the top. */
#ifndef FS_TEXT_PIECE_KEY_H
#define FS_TEXT_PIECE_KEY_H

#include <stdint.h>
#include <string.h>

#include "base/portable.h"

#define FS_PIECE_SHORT 15

typedef struct fs_piece_key {
    uint64_t low, high; /* high is not 0 but for the empty piece */
} fs_piece_key;

/* `room`: how many bytes from `p` on may be read; reading 16 is the quick way. 0 <= size <= FS_PIECE_SHORT. */
FS_INLINE fs_piece_key fs_piece_key_of(const uint8_t *p, int32_t size, int64_t room) {
    /* so many ones from [16 - size] on: a load where there would be shifts and choices */
    static const uint64_t ones[4] = {UINT64_MAX, UINT64_MAX, 0, 0};
    const uint8_t *mask = (const uint8_t *)ones + 16 - size;
    fs_piece_key k, keep;
    if (room >= 16) {
        memcpy(&k.low, p, 8);
        memcpy(&k.high, p + 8, 8);
        memcpy(&keep.low, mask, 8);
        memcpy(&keep.high, mask + 8, 8);
        k.low &= keep.low;
        k.high &= keep.high;
    } else {
        uint8_t copy[16] = {0};
        if (size) memcpy(copy, p, (size_t)size);
        memcpy(&k.low, copy, 8);
        memcpy(&k.high, copy + 8, 8);
    }
    k.high |= (uint64_t)size << 56;
    return k;
}

FS_INLINE int fs_piece_key_same(fs_piece_key a, fs_piece_key b) { return ((a.low ^ b.low) | (a.high ^ b.high)) == 0; }

/* Keyed, so that no file can choose what collides. */
FS_INLINE uint64_t fs_piece_key_hash(fs_piece_key k, uint64_t secret) {
    uint64_t h = (k.low ^ secret) * 0x9E3779B97F4A7C15u;
    h = (h ^ h >> 32 ^ k.high) * 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}

/* For caches, where pieces that a text makes collide only put one another out: that they are looked for again is the
 * worst of it. Where a chain of collisions is walked, as in vocab.c, hash.h is asked.
 *
 * Of a piece of more than 8 bytes: what is left over at the end is read with some of the bytes before it. */
FS_INLINE uint64_t fs_piece_hash(const uint8_t *p, int32_t size, uint64_t secret) {
    uint64_t h = secret ^ (uint64_t)size, word;
    int32_t i;
    for (i = 0; i < size; i += 8) {
        memcpy(&word, p + FS_MIN(i, size - 8), 8);
        h = (h ^ word) * 0x9E3779B97F4A7C15u;
        h ^= h >> 32;
    }
    return h;
}

#endif
