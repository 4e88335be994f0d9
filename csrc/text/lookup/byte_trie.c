#include "byte_trie.h"

#include <string.h>

#include "base/arena.h"

#define BLOCK 256 /* units: a base and its children lie in one */
#define OPEN_BLOCKS 24 /* the last so many are looked through for room */
#define BRANCH_BLOCKS 2 /* and for several children */

typedef struct block {
    uint64_t free[4];  /* a bit a unit */
    uint64_t bases[4]; /* which of its units are the base of a node */
    int32_t left;      /* free units */
} block;

typedef struct child {
    uint32_t node;
    uint8_t byte;
} child;

typedef struct builder {
    const fs_piece_trie *from;
    int32_t *starts;  /* [nodes + 1] into children */
    child *children;  /* [nodes] */
    uint32_t *places; /* [nodes] its unit */
    int32_t *above;   /* [nodes] the value nearest above it; -1: none */
    int32_t *before;  /* of values, for the caller; may be NULL */
    fs_buffer blocks; /* block */
    fs_buffer units;  /* uint64_t */
    int32_t low;      /* blocks before are full */
} builder;

static int bit_of(const uint64_t *bits, unsigned i) { return (int)(bits[i >> 6] >> (i & 63) & 1); }
static void set_bit(uint64_t *bits, unsigned i) { bits[i >> 6] |= (uint64_t)1 << (i & 63); }

/* The children of each node, side by side. */
static fs_status collect(builder *b, int32_t nodes, fs_error *err) {
    const uint32_t *ways = b->from->ways.data;
    int32_t n;
    b->starts = fs_alloc(((size_t)nodes + 2) * sizeof *b->starts);
    b->children = fs_alloc((size_t)nodes * sizeof *b->children);
    b->places = fs_alloc((size_t)nodes * sizeof *b->places);
    b->above = fs_alloc((size_t)nodes * sizeof *b->above);
    if (!b->starts || !b->children || !b->places || !b->above) return fs_fail_memory(err, "trie", (uint64_t)nodes * 20);
    for (n = 1; n < nodes; n++) b->starts[(ways[n] >> 8) + 2]++;
    for (n = 0; n < nodes; n++) b->starts[n + 2] += b->starts[n + 1];
    for (n = 1; n < nodes; n++) {
        const child made = {(uint32_t)n, (uint8_t)ways[n]};
        b->children[b->starts[(ways[n] >> 8) + 1]++] = made;
    }
    return FS_OK;
}

static fs_status add_block(builder *b, fs_error *err) {
    block *made = fs_buffer_add(&b->blocks, sizeof *made);
    uint64_t *units = fs_buffer_add(&b->units, BLOCK * sizeof *units);
    int i;
    if (!made || !units) return fs_fail_memory(err, "trie", (uint64_t)b->units.size);
    memset(made, 0, sizeof *made);
    memset(made->free, 0xFF, sizeof made->free);
    made->left = BLOCK;
    for (i = 0; i < BLOCK; i++) units[i] = FS_BYTE_TRIE_FREE;
    return FS_OK;
}

/* Where in a block the only child of a node fits: the base; -1: nowhere. */
static int room_for_one(const block *k, uint8_t byte) {
    unsigned word;
    for (word = 0; word < 4; word++) {
        uint64_t left = k->free[word];
        for (; left; left &= left - 1) {
            const unsigned base = (word << 6 | (unsigned)fs_lowest_bit(left)) ^ byte;
            if (!bit_of(k->bases, base)) return (int)base;
        }
    }
    return -1;
}

/* Leaves those of 256 bases [4 words] whose child by a byte would have a free unit: bit b stays if b ^ byte is free. */
static void keep_bases(uint64_t *bases, const uint64_t *free, uint8_t byte) {
    static const uint64_t LOWER[6] = {0x5555555555555555u, 0x3333333333333333u, 0x0F0F0F0F0F0F0F0Fu,
                                      0x00FF00FF00FF00FFu, 0x0000FFFF0000FFFFu, 0x00000000FFFFFFFFu};
    uint64_t at[4];
    unsigned i, word;
    for (word = 0; word < 4; word++) at[word] = free[word ^ byte >> 6];
    for (i = 0; i < 6; i++) { /* neighbours, pairs, fours ... change places */
        const uint64_t wanted = LOWER[i] & (0 - (uint64_t)(byte >> i & 1));
        for (word = 0; word < 4; word++) {
            const uint64_t differ = (at[word] ^ at[word] >> (1u << i)) & wanted;
            at[word] ^= differ ^ differ << (1u << i);
        }
    }
    for (word = 0; word < 4; word++) bases[word] &= at[word];
}

/* Where in a block all children (n) of a node fit: their base there; -1: nowhere. */
static int room_in(const block *k, const child *children, int32_t n) {
    uint64_t bases[4];
    int32_t i;
    if (n == 1) return room_for_one(k, children[0].byte);
    for (i = 0; i < 4; i++) bases[i] = ~k->bases[i];
    for (i = 0; i < n && (bases[0] | bases[1] | bases[2] | bases[3]); i++) keep_bases(bases, k->free, children[i].byte);
    for (i = 0; i < 4; i++)
        if (bases[i]) return i << 6 | fs_lowest_bit(bases[i]);
    return -1;
}

/* The base of a node with these children, which take their units. */
static fs_status place(builder *b, const child *children, int32_t n, uint32_t *base, fs_error *err) {
    block *all = b->blocks.data;
    int32_t count = (int32_t)(b->blocks.size / sizeof(block)), at, i;
    int found = -1;
    while (b->low < count && (all[b->low].left == 0 || b->low < count - OPEN_BLOCKS)) b->low++;
    at = n == 1 ? b->low : FS_MAX(b->low, count - BRANCH_BLOCKS);
    for (; at < count; at++)
        if (all[at].left >= n && (found = room_in(&all[at], children, n)) >= 0) break;
    if (found < 0) {
        FS_TRY(add_block(b, err));
        all = b->blocks.data;
        at = count;
        found = 0;
    }
    set_bit(all[at].bases, (unsigned)found);
    *base = (uint32_t)at * BLOCK + (uint32_t)found;
    for (i = 0; i < n; i++) {
        const unsigned unit = (unsigned)found ^ children[i].byte;
        all[at].free[unit >> 6] &= ~((uint64_t)1 << (unit & 63));
        b->places[children[i].node] = *base ^ children[i].byte;
    }
    all[at].left -= n;
    return FS_OK;
}

/* Nodes come after their parents. */
static fs_status place_all(builder *b, int32_t nodes, uint32_t *root, fs_error *err) {
    int32_t n, i;
    b->above[0] = -1;
    FS_TRY(add_block(b, err)); /* nobody's */
    ((block *)b->blocks.data)->left = 0;
    FS_TRY(add_block(b, err)); /* so that the root's is not 0 */
    for (n = 0; n < nodes; n++) {
        const child *children = b->children + b->starts[n];
        const int32_t count = b->starts[n + 1] - b->starts[n];
        uint32_t base = 0;
        uint64_t *units;
        if (count) FS_TRY(place(b, children, count, &base, err));
        units = b->units.data;
        if (n) units[b->places[n]] |= (uint64_t)base << 32;
        if (!n) *root = base;
        for (i = 0; i < count; i++) {
            const int32_t value = fs_trie_value(b->from, children[i].node), above = fs_trie_value(b->from, (uint32_t)n);
            b->above[children[i].node] = above >= 0 ? above : b->above[n];
            if (value >= 0 && b->before) b->before[value] = b->above[children[i].node];
            units[base ^ children[i].byte] = (uint64_t)(uint32_t)(value + 1) << 9 | children[i].byte;
        }
    }
    return FS_OK;
}

fs_status fs_byte_trie_build(fs_byte_trie *t, const fs_piece_trie *from, int32_t *before, fs_error *err) {
    const int32_t nodes = (int32_t)(from->values.size / sizeof(int32_t));
    builder b = {from, NULL, NULL, NULL, NULL, before, {0}, {0}, 0};
    fs_status st;
    memset(t, 0, sizeof *t);
    FS_TRY_DONE(collect(&b, nodes, err));
    FS_TRY_DONE(place_all(&b, nodes, &t->root, err));
    t->units = fs_alloc_table(b.units.size);
    if (t->units)
        memcpy(t->units, b.units.data, b.units.size);
    else
        st = fs_fail_memory(err, "trie", b.units.size);
done:
    fs_free(b.starts);
    fs_free(b.children);
    fs_free(b.places);
    fs_free(b.above);
    fs_buffer_free(&b.blocks);
    fs_buffer_free(&b.units);
    return st;
}

void fs_byte_trie_free(fs_byte_trie *t) {
    fs_free(t->units);
    memset(t, 0, sizeof *t);
}
