/* Merging one piece: short ones by looking over all their pairs for the lowest rank, again and again. */
#include <limits.h>
#include <string.h>

#include "bpe.h"

#define NONE INT_MAX
#define PLACE_BITS 6 /* a pair is (rank << 6 | place), so that the least of them is the leftmost of the lowest */

typedef struct chain {
    const fs_bpe *m;
    int32_t index[FS_BPE_SHORT];
    int32_t pair[FS_BPE_SHORT]; /* with the next one; NONE: does not merge, or gone */
    uint8_t next[FS_BPE_SHORT + 1], before[FS_BPE_SHORT + 1];
    int n;
} chain;

FS_INLINE int32_t pair_at(const chain *c, int at) {
    const int next = c->next[at];
    const int32_t rank = next < c->n ? fs_bpe_rank(c->m, c->index[at], c->index[next]) : -1;
    return rank < 0 ? NONE : (rank << PLACE_BITS | at);
}

FS_INLINE int32_t least(const int32_t *pair, int n) {
    int32_t best = pair[0];
    int i;
    for (i = 1; i < n; i++) best = FS_MIN(best, pair[i]);
    return best;
}

/* `bytes`: what the tokens are yet; NULL when some were left out or pairs of bytes have no table. */
static void merge_chain(chain *c, const uint8_t *bytes) {
    int32_t best;
    int i;
    for (i = 0; i < c->n; i++) {
        c->next[i] = (uint8_t)(i + 1);
        c->before[i + 1] = (uint8_t)i;
    }
    if (bytes) {
        for (i = 0; i + 1 < c->n; i++) {
            const int32_t rank = c->m->byte_pairs[bytes[i] << 8 | bytes[i + 1]];
            c->pair[i] = rank < 0 ? NONE : (rank << PLACE_BITS | i);
        }
        c->pair[i] = NONE;
    } else {
        for (i = 0; i < c->n; i++) c->pair[i] = pair_at(c, i);
    }
    while ((best = least(c->pair, c->n)) != NONE) {
        const int at = best & ((1 << PLACE_BITS) - 1), gone = c->next[at];
        c->index[at] = fs_bpe_made_by(c->m, best >> PLACE_BITS);
        c->pair[gone] = NONE;
        c->next[at] = c->next[gone];
        c->before[c->next[gone]] = (uint8_t)at;
        c->pair[at] = pair_at(c, at);
        if (at) c->pair[c->before[at]] = pair_at(c, c->before[at]);
    }
}

int32_t fs_bpe_merge(const fs_bpe *m, const uint8_t *piece, int32_t size, int32_t *indices) {
    chain c;
    int32_t n = 0, i;
    if (size > FS_BPE_SHORT) {
        for (i = 0; i < size; i++) {
            indices[n] = m->of_byte[piece[i]];
            n += indices[n] >= 0;
        }
        if (n > FS_BPE_SHORT) return fs_bpe_merge_long(m, indices, n);
        memcpy(c.index, indices, (size_t)n * sizeof *indices);
    } else {
        for (i = 0; i < size; i++) {
            c.index[n] = m->of_byte[piece[i]];
            n += c.index[n] >= 0;
        }
    }
    c.m = m;
    c.n = n;
    if (n > 1) merge_chain(&c, n == size && !m->spelled ? piece : NULL);
    for (i = 0, size = 0; i < n; i = n > 1 ? c.next[i] : n) indices[size++] = c.index[i];
    return size;
}
