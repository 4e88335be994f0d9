/* What pairs of symbols merge to. Each pair lies in one of two buckets of two slots (cuckoo hashing; Pagh and Rodler 2004),
 * so that a look-up reads four slots and has no branch, whether it finds something or not.
 *
 *     slots    left:21 right:21 made:22      [buckets][2]; all ones: free */
#ifndef FS_TEXT_PAIR_TABLE_H
#define FS_TEXT_PAIR_TABLE_H

#include "base/portable.h"
#include "base/status.h"

#define FS_PAIR_SYMBOLS_MAX ((1 << 21) - 1) /* symbols are below */
#define FS_PAIR_NONE ((1 << 25) - 1)        /* what pairs make that do not merge: more than all that do */

typedef struct fs_pair_table {
    uint64_t *slots;
    uint64_t bytes;  /* of all slots: a power of two */
    uint64_t secret; /* odd */
    uint32_t turn;
} fs_pair_table;

/* Room for so many, about; it grows. `secret`: so that no file can choose what collides. */
fs_status fs_pair_table_open(fs_pair_table *t, uint64_t secret, int64_t most, fs_error *err);
void fs_pair_table_free(fs_pair_table *t); /* zero-filled ones, too */

/* A pair that is not there. After a failure the table can only be freed. */
fs_status fs_pair_table_add(fs_pair_table *t, int32_t left, int32_t right, int32_t made, fs_error *err);

FS_INLINE uint64_t fs_symbol_pair(int32_t left, int32_t right) { return (uint64_t)(uint32_t)left << 21 | (uint32_t)right; }

#define FS_PAIR_BUCKET 16 /* bytes */

/* The two buckets of a pair. */
typedef struct fs_pair_place {
    uint64_t *a, *b;
} fs_pair_place;

FS_INLINE fs_pair_place fs_pair_find(const fs_pair_table *t, uint64_t pair) {
    const uint64_t hash = pair * t->secret, mask = t->bytes - FS_PAIR_BUCKET;
    char *slots = (char *)t->slots;
    const fs_pair_place place = {(uint64_t *)(void *)(slots + (hash >> 36 & mask)), (uint64_t *)(void *)(slots + (hash >> 16 & mask))};
    return place;
}

/* What they merge to; FS_PAIR_NONE. */
FS_INLINE int32_t fs_pair_made(const fs_pair_table *t, int32_t left, int32_t right) {
    const uint64_t pair = fs_symbol_pair(left, right);
    const fs_pair_place at = fs_pair_find(t, pair);
    /* the one of the same pair leaves what it makes, others leave more */
    const uint64_t a0 = at.a[0] ^ pair << 22, a1 = at.a[1] ^ pair << 22, b0 = at.b[0] ^ pair << 22, b1 = at.b[1] ^ pair << 22;
    const uint64_t in_a = FS_MIN(a0, a1), in_b = FS_MIN(b0, b1), least = FS_MIN(in_a, in_b);
    return least >> 22 ? FS_PAIR_NONE : (int32_t)least;
}

#endif
