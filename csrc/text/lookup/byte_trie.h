/* A trie over bytes that no longer changes, as a double array: the child of a node by a byte is one load away.
 *
 *     units    label:9 value:23 base:32     of a node; its child by byte b is at (base ^ b), if the label there is b
 *
 * No two nodes have the same base, so the label tells whose child a unit is. The first 256 units are nobody's: the
 * base of nodes without children is 0. Values are stored + 1; 0: no string ends there. */
#ifndef FS_TEXT_BYTE_TRIE_H
#define FS_TEXT_BYTE_TRIE_H

#include "piece_trie.h"

#define FS_BYTE_TRIE_VALUES ((1 << 23) - 1)
#define FS_BYTE_TRIE_FREE 0x1FFu

typedef struct fs_byte_trie {
    uint64_t *units;
    uint32_t root; /* its base */
} fs_byte_trie;

/* The same strings and values, all below FS_BYTE_TRIE_VALUES. before[value] takes the value of the longest shorter
 * string that the value's begins with; -1: none; it may be NULL. */
fs_status fs_byte_trie_build(fs_byte_trie *t, const fs_piece_trie *from, int32_t *before, fs_error *err);
void fs_byte_trie_free(fs_byte_trie *t); /* zero-filled ones, too */

/* Moves *base, of a node, to its child by a byte, whose value (-1: none) is *value; 0 when there is no child. */
FS_INLINE int fs_byte_trie_step(const fs_byte_trie *t, uint32_t *base, uint8_t byte, int32_t *value) {
    const uint64_t unit = t->units[*base ^ byte];
    *value = (int32_t)((uint32_t)unit >> 9) - 1;
    *base = (uint32_t)(unit >> 32);
    return (unit & FS_BYTE_TRIE_FREE) == byte;
}

/* The value of a whole string; -1: not there. */
FS_INLINE int32_t fs_byte_trie_find(const fs_byte_trie *t, const uint8_t *text, int32_t size) {
    uint32_t base = t->root;
    int32_t i, value = -1;
    for (i = 0; i < size; i++)
        if (!fs_byte_trie_step(t, &base, text[i], &value)) return -1;
    return value;
}

#endif
