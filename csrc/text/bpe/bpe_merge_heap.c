/* Merging long pieces whatever the order of the ranks: pairs wait in a heap of rank:32 place:32, so that the leftmost of
 * the lowest rank comes first. A pair that is no longer there, or another by now, is passed over when its turn comes. */
#include "base/arena.h"
#include "base/word_heap.h"
#include "bpe_chain.h"

typedef struct work {
    const fs_bpe *m;
    fs_bpe_node *nodes;
    uint64_t *heap;
    size_t waiting;
} work;

static int32_t rank_at(const work *w, int32_t at) {
    const int32_t next = w->nodes[at].next;
    return w->nodes[at].index < 0 || next < 0 ? -1 : fs_bpe_rank(w->m, w->nodes[at].index, w->nodes[next].index);
}

static void push(work *w, int32_t at) {
    const int32_t rank = at < 0 ? -1 : rank_at(w, at);
    if (rank >= 0) fs_word_heap_push(w->heap, &w->waiting, (uint64_t)(uint32_t)rank << 32 | (uint32_t)at);
}

int32_t fs_bpe_merge_any(const fs_bpe *m, int32_t *indices, int32_t n) {
    work w = {m, NULL, NULL, 0};
    fs_arena a = {0};
    int32_t i;
    for (fs_arena_plan(&a);;) {
        w.nodes = fs_arena_cut(&a, (size_t)n, 1, sizeof *w.nodes);
        w.heap = fs_arena_cut(&a, (size_t)n, 2, sizeof *w.heap); /* a merge takes one and gives at most two */
        if (!fs_arena_planning(&a)) break;
        if (fs_arena_ready(&a, "piece", NULL) != FS_OK) return -1;
    }
    fs_bpe_link(w.nodes, indices, n);
    for (i = 0; i < n; i++) push(&w, i);
    while (w.waiting) {
        const uint64_t top = fs_word_heap_pop(w.heap, &w.waiting);
        const int32_t at = (int32_t)(uint32_t)top, rank = (int32_t)(top >> 32);
        if (rank_at(&w, at) != rank) continue;
        fs_bpe_join(m, w.nodes, at, rank);
        push(&w, at);
        push(&w, w.nodes[at].before);
    }
    n = fs_bpe_unlink(w.nodes, indices);
    fs_arena_close(&a);
    return n;
}
