/* SipHash-1-3 of a run of bytes, under a secret key: nobody can make up tokens that all collide.
 * (Aumasson and Bernstein, 2012. Words are read in the machine's order; hashes are never stored.) */
#ifndef FS_TEXT_HASH_H
#define FS_TEXT_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/portable.h"

typedef struct fs_hash_key {
    uint64_t k0, k1;
} fs_hash_key;

#define FS_ROTATE_(x, n) ((x) << (n) | (x) >> (64 - (n)))

FS_INLINE void fs_hash_round(uint64_t v[4]) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = FS_ROTATE_(v[1], 13) ^ v[0];
    v[3] = FS_ROTATE_(v[3], 16) ^ v[2];
    v[0] = FS_ROTATE_(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = FS_ROTATE_(v[1], 17) ^ v[2];
    v[3] = FS_ROTATE_(v[3], 21) ^ v[0];
    v[2] = FS_ROTATE_(v[2], 32);
}

FS_INLINE void fs_hash_word(uint64_t v[4], uint64_t word) {
    v[3] ^= word;
    fs_hash_round(v);
    v[0] ^= word;
}

FS_INLINE uint64_t fs_hash(const fs_hash_key *key, const uint8_t *p, size_t size) {
    uint64_t v[4] = {key->k0 ^ 0x736f6d6570736575u, key->k1 ^ 0x646f72616e646f6du, key->k0 ^ 0x6c7967656e657261u,
                     key->k1 ^ 0x7465646279746573u};
    uint64_t word, last = (uint64_t)size << 56;
    size_t left = size, i;
    for (; left >= 8; left -= 8, p += 8) {
        memcpy(&word, p, 8);
        fs_hash_word(v, word);
    }
    for (i = 0; i < left; i++) last |= (uint64_t)p[i] << (8 * i);
    fs_hash_word(v, last);
    v[2] ^= 0xff;
    fs_hash_round(v);
    fs_hash_round(v);
    fs_hash_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#undef FS_ROTATE_

#endif
