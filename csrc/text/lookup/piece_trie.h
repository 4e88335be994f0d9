/* A trie over bytes: which strings of a set begin at a place in a text.
 *
 *     edges    (node, byte) -> child      one word a slot: node:24 byte:8 child:32; power of two, at most half
 *                                         full, linear probing; 0 is free, since no edge leads to the root
 *     values   node -> value of the string that ends there; -1: none does
 *
 * Filled by one thread; any number may look up once that is done. */
#ifndef FS_TEXT_PIECE_TRIE_H
#define FS_TEXT_PIECE_TRIE_H

#include "base/buffer.h"
#include "text/text_view.h"

#define FS_TRIE_NODES_MAX (1 << 24)

typedef struct fs_piece_trie {
    uint64_t *edges;
    size_t edge_mask;
    int shift;        /* 64 - bits of edge_mask */
    fs_buffer values; /* int32_t [nodes] */
    fs_buffer ways;   /* uint32_t [nodes] how it is reached: node:24 byte:8 of its edge */
    uint64_t secret;  /* so that no file can choose what collides */
    int32_t first[256]; /* children of the root; 0: none */
} fs_piece_trie;

fs_status fs_trie_init(fs_piece_trie *t, uint64_t secret, fs_error *err);
void fs_trie_free(fs_piece_trie *t); /* zero-filled ones, too */

/* Adds a string of at least one byte; *value is what it gets, and becomes what it has when it was there. */
fs_status fs_trie_add(fs_piece_trie *t, fs_text string, int32_t *value, fs_error *err);

/* The child of a node; 0: none. */
FS_INLINE uint32_t fs_trie_child(const fs_piece_trie *t, uint32_t node, uint8_t byte) {
    const uint64_t key = (uint64_t)node << 8 | byte;
    size_t i = (size_t)((key * t->secret) >> t->shift);
    for (;; i = (i + 1) & t->edge_mask) {
        const uint64_t edge = t->edges[i];
        if (edge >> 32 == key) return (uint32_t)edge;
        if (!edge) return 0;
    }
}

FS_INLINE int32_t fs_trie_value(const fs_piece_trie *t, uint32_t node) { return ((const int32_t *)t->values.data)[node]; }

/* Bytes of the longest string that begins here, 0 when there is none; its value. */
int32_t fs_trie_longest(const fs_piece_trie *t, const uint8_t *text, int32_t size, int32_t *value);

/* The node that a string leads to; -1: none. */
int64_t fs_trie_node(const fs_piece_trie *t, const uint8_t *text, int32_t size);

/* The value of a whole string; -1: not there. */
int32_t fs_trie_find(const fs_piece_trie *t, const uint8_t *text, int32_t size);

#endif
