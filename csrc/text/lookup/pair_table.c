#include "pair_table.h"

#include <string.h>

#include "base/arena.h"

#define FREE UINT64_MAX
#define MOVES_MOST 200 /* of a pair that is put in, before the table grows */
#define GROWTH_MOST 3  /* doublings at once: the secret makes one enough */

static fs_status open_slots(fs_pair_table *t, uint64_t bytes, fs_error *err) {
    t->bytes = bytes;
    t->slots = fs_alloc_table((size_t)bytes);
    if (!t->slots) return fs_fail_memory(err, "merges", bytes);
    memset(t->slots, 0xFF, (size_t)bytes);
    return FS_OK;
}

fs_status fs_pair_table_open(fs_pair_table *t, uint64_t secret, int64_t most, fs_error *err) {
    uint64_t slots = 32;
    while (slots * 4 < (uint64_t)most * 5) slots *= 2;
    t->secret = secret | 1;
    t->turn = 0;
    return open_slots(t, slots * sizeof *t->slots, err);
}

void fs_pair_table_free(fs_pair_table *t) {
    fs_free(t->slots);
    memset(t, 0, sizeof *t);
}

/* Puts a slot's content into one of its buckets; what has to give way goes to its other one. FREE, or the last that
 * found no room. */
static uint64_t put(fs_pair_table *t, uint64_t slot) {
    int moves;
    for (moves = 0; moves < MOVES_MOST; moves++) {
        const fs_pair_place place = fs_pair_find(t, slot >> 22);
        uint64_t *const bucket[2] = {place.a, place.b}, *gives_way;
        uint64_t moved;
        int i;
        for (i = 0; i < 4; i++) {
            uint64_t *to = &bucket[i >> 1][i & 1];
            if (*to != FREE) continue;
            *to = slot;
            return FREE;
        }
        t->turn = t->turn * 1664525u + 1013904223u;
        gives_way = &bucket[t->turn >> 31][t->turn >> 30 & 1];
        moved = *gives_way;
        *gives_way = slot;
        slot = moved;
    }
    return slot;
}

/* All slots of another table and one more; 0: not all found room. */
static int put_all(fs_pair_table *t, const uint64_t *old, size_t count, uint64_t slot) {
    size_t i;
    if (put(t, slot) != FREE) return 0;
    for (i = 0; i < count; i++)
        if (old[i] != FREE && put(t, old[i]) != FREE) return 0;
    return 1;
}

/* Twice as large, with one more; again, until all have room. */
static fs_status grow(fs_pair_table *t, uint64_t slot, fs_error *err) {
    uint64_t *const old = t->slots;
    const size_t count = (size_t)(t->bytes / sizeof *old);
    fs_status st;
    int more;
    for (more = 1; more <= GROWTH_MOST; more++) {
        st = open_slots(t, t->bytes * 2, err);
        if (st != FS_OK || put_all(t, old, count, slot)) break;
        fs_free(t->slots);
        t->slots = NULL;
        st = fs_fail(err, FS_ERR_UNSUPPORTED, "merges", "they collide", "room for each pair|%zu slots", count);
    }
    fs_free(old);
    return st;
}

fs_status fs_pair_table_add(fs_pair_table *t, int32_t left, int32_t right, int32_t made, fs_error *err) {
    const uint64_t slot = put(t, fs_symbol_pair(left, right) << 22 | (uint32_t)made);
    return slot == FREE ? FS_OK : grow(t, slot, err);
}
