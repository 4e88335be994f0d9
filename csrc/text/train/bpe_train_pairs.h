/* Pairs of symbols with their counts, and the queue that knows the most frequent: of the trainer alone. */
#ifndef FS_TEXT_BPE_TRAIN_PAIRS_H
#define FS_TEXT_BPE_TRAIN_PAIRS_H

#include "base/buffer.h"
#include "text/hash.h"

/* Ordered as (left, right) is. */
FS_INLINE uint64_t fs_pair_of(int32_t left, int32_t right) { return (uint64_t)(uint32_t)left << 32 | (uint32_t)right; }
FS_INLINE int32_t fs_pair_left(uint64_t pair) { return (int32_t)(pair >> 32); }
FS_INLINE int32_t fs_pair_right(uint64_t pair) { return (int32_t)(uint32_t)pair; }

typedef struct fs_pair_count {
    uint64_t pair;  /* UINT64_MAX: free */
    int64_t count;
    uint64_t places; /* where the list of its places starts; 0: there is none */
} fs_pair_count;

/* A hash table: power of two, at most two thirds full, linear probing. */
typedef struct fs_pairs {
    fs_hash_key key;
    fs_pair_count *slots;
    size_t slot_count, used;
} fs_pairs;

fs_status fs_pairs_init(fs_pairs *t, fs_hash_key key, fs_error *err);
void fs_pairs_free(fs_pairs *t);
void fs_pairs_clear(fs_pairs *t);

fs_pair_count *fs_pairs_find(const fs_pairs *t, uint64_t pair); /* NULL: not there */

/* Finds it or adds it with a count of 0; what was found earlier may move. *at is its slot. */
fs_status fs_pairs_add(fs_pairs *t, uint64_t pair, fs_pair_count **at, fs_error *err);

/* Forgets those of a lower count. */
fs_status fs_pairs_keep(fs_pairs *t, int64_t least, fs_error *err);

typedef struct fs_queued {
    int64_t count; /* when it was queued; it can only have fallen since */
    uint64_t pair;
} fs_queued;

/* A heap of fs_queued: the largest count first, then the smallest pair. */
fs_status fs_queue_push(fs_buffer *queue, fs_queued one, fs_error *err);

/* The pair most frequent now, taken out: those whose count has fallen since go back to their place, or away when it
 * is below `least`. NULL when none is left. */
fs_pair_count *fs_queue_take(fs_buffer *queue, const fs_pairs *t, int64_t least);

#endif
