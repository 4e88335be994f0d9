/* A heap of 64-bit words in an array of the caller's: the least is words[0]. */
#ifndef FS_WORD_HEAP_H
#define FS_WORD_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "portable.h"

/* Moves words[i] down to where it belongs. */
FS_INLINE void fs_word_heap_sink(uint64_t *words, size_t n, size_t i) {
    const uint64_t moved = words[i];
    size_t child;
    while ((child = 2 * i + 1) < n) {
        child += child + 1 < n && words[child + 1] < words[child];
        if (words[child] >= moved) break;
        words[i] = words[child];
        i = child;
    }
    words[i] = moved;
}

/* n words in any order become a heap. */
FS_INLINE void fs_word_heap_make(uint64_t *words, size_t n) {
    size_t i;
    for (i = n / 2; i-- > 0;) fs_word_heap_sink(words, n, i);
}

FS_INLINE void fs_word_heap_push(uint64_t *words, size_t *n, uint64_t word) {
    size_t i = (*n)++;
    for (; i && words[(i - 1) / 2] > word; i = (i - 1) / 2) words[i] = words[(i - 1) / 2];
    words[i] = word;
}

/* Takes the least; *n > 0. */
FS_INLINE uint64_t fs_word_heap_pop(uint64_t *words, size_t *n) {
    const uint64_t least = words[0];
    words[0] = words[--*n];
    if (*n) fs_word_heap_sink(words, *n, 0);
    return least;
}

#endif
