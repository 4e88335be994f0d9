/* The tokens of a long piece on their way through its merges, as a list that is linked both ways. */
#ifndef FS_TEXT_BPE_CHAIN_H
#define FS_TEXT_BPE_CHAIN_H

#include "bpe.h"

typedef struct fs_bpe_node {
    int32_t index;        /* -1: merged into the one before */
    int32_t before, next; /* -1: none */
} fs_bpe_node;

FS_INLINE void fs_bpe_link(fs_bpe_node *nodes, const int32_t *indices, int32_t n) {
    int32_t i;
    for (i = 0; i < n; i++) {
        nodes[i].index = indices[i];
        nodes[i].before = i - 1;
        nodes[i].next = i + 1 < n ? i + 1 : -1;
    }
}

/* Node `at` and the next become what the merge of that rank makes of them. */
FS_INLINE void fs_bpe_join(const fs_bpe *m, fs_bpe_node *nodes, int32_t at, int32_t rank) {
    const int32_t gone = nodes[at].next;
    nodes[at].index = fs_bpe_made_by(m, rank);
    nodes[at].next = nodes[gone].next;
    if (nodes[gone].next >= 0) nodes[nodes[gone].next].before = at;
    nodes[gone].index = -1;
}

/* What is left, in order; how many. The first node never goes. */
FS_INLINE int32_t fs_bpe_unlink(const fs_bpe_node *nodes, int32_t *indices) {
    int32_t i, n = 0;
    for (i = 0; i >= 0; i = nodes[i].next) indices[n++] = nodes[i].index;
    return n;
}

/* Of fs_bpe_merge_long, for merges that do not rise. */
int32_t fs_bpe_merge_any(const fs_bpe *m, int32_t *indices, int32_t n);

#endif
