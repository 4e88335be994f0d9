/* Merging long pieces in near linear time: all pairs wait in a queue a rank, and the ranks are taken as they
 * rise. Where no merge makes a token that one of lower or equal rank takes (`rising`; so it is in every
 * vocabulary that was trained), nothing is added to a rank once its turn has come, and its pairs may be merged one after
 * the other: those of different tokens cannot overlap, those of the same one (x x in x x x) are taken from the start
 * of their run.
 *
 *     nodes    index, before, next                      bpe_chain.h
 *     queues   first[rank] -> entry -> entry            entries are (node, next entry); stale ones are passed over
 *     marks    a bit a rank, a bit a word of those      which queues are not empty */
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "bpe_chain.h"

typedef struct entry {
    int32_t node, next; /* -1: the last */
} entry;

typedef struct queues {
    const fs_bpe *m;
    fs_bpe_node *nodes;
    entry *entries;
    int32_t free, made; /* the entries given back, a list; how many were ever taken */
    int32_t *first, *last; /* [merge_count] */
    uint64_t *marks, *words; /* [merge_count / 64 + 1], [merge_count / 4096 + 1] */
    int32_t word_count;
} queues;

static void push(queues *q, int32_t at) {
    int32_t rank, e;
    const int32_t next = q->nodes[at].next;
    if (next < 0) return;
    rank = fs_bpe_rank(q->m, q->nodes[at].index, q->nodes[next].index);
    if (rank < 0) return;
    e = q->free;
    if (e >= 0)
        q->free = q->entries[e].next;
    else
        e = q->made++;
    q->entries[e].node = at;
    q->entries[e].next = -1;
    if (q->marks[rank >> 6] >> (rank & 63) & 1) {
        q->entries[q->last[rank]].next = e;
    } else {
        q->first[rank] = e;
        q->marks[rank >> 6] |= (uint64_t)1 << (rank & 63);
        q->words[rank >> 12] |= (uint64_t)1 << (rank >> 6 & 63);
    }
    q->last[rank] = e;
}

/* The lowest rank with a queue; -1 when all are empty. */
static int32_t lowest(const queues *q) {
    int32_t i, word;
    for (i = 0; i < q->word_count; i++) {
        if (!q->words[i]) continue;
        word = i << 6 | fs_lowest_bit(q->words[i]);
        return word << 6 | fs_lowest_bit(q->marks[word]);
    }
    return -1;
}

/* All pairs of a rank, whose queue is emptied; `left` and `right` are its tokens. */
static void merge_rank(queues *q, int32_t rank) {
    fs_bpe_node *nodes = q->nodes;
    int32_t e = q->first[rank], next, at, left = -1, right = -1;
    q->marks[rank >> 6] &= ~((uint64_t)1 << (rank & 63));
    if (!q->marks[rank >> 6]) q->words[rank >> 12] &= ~((uint64_t)1 << (rank >> 6 & 63));
    for (; e >= 0; e = next) {
        next = q->entries[e].next;
        at = q->entries[e].node;
        q->entries[e].next = q->free;
        q->free = e;
        if (nodes[at].index < 0 || nodes[at].next < 0) continue;
        if (left < 0 || nodes[at].index != left || nodes[nodes[at].next].index != right) {
            if (fs_bpe_rank(q->m, nodes[at].index, nodes[nodes[at].next].index) != rank) continue;
            left = nodes[at].index;
            right = nodes[nodes[at].next].index;
        }
        if (left == right)
            while (nodes[at].before >= 0 && nodes[nodes[at].before].index == left) at = nodes[at].before;
        for (;;) { /* once, but for a run of the same token */
            fs_bpe_join(q->m, nodes, at, rank);
            if (nodes[at].before >= 0) push(q, nodes[at].before);
            if (left != right || nodes[at].next < 0 || nodes[nodes[at].next].index != left) break;
            if (nodes[nodes[at].next].next < 0 || nodes[nodes[nodes[at].next].next].index != left) break;
            at = nodes[at].next;
        }
        push(q, at);
    }
}

static int open_queues(queues *q, fs_arena *a, int32_t n) {
    const size_t ranks = (size_t)q->m->merge_count;
    for (fs_arena_plan(a);;) {
        q->nodes = fs_arena_cut(a, (size_t)n, 1, sizeof *q->nodes);
        q->entries = fs_arena_cut(a, (size_t)n, 3, sizeof *q->entries);
        q->first = fs_arena_cut(a, ranks + 1, 1, sizeof *q->first);
        q->last = fs_arena_cut(a, ranks + 1, 1, sizeof *q->last);
        q->marks = fs_arena_cut(a, ranks / 64 + 1, 1, sizeof *q->marks);
        q->words = fs_arena_cut(a, ranks / 4096 + 1, 1, sizeof *q->words);
        if (!fs_arena_planning(a)) break;
        if (fs_arena_ready(a, "piece", NULL) != FS_OK) return 0;
    }
    memset(q->marks, 0, (ranks / 64 + 1) * sizeof *q->marks);
    memset(q->words, 0, (ranks / 4096 + 1) * sizeof *q->words);
    q->word_count = (int32_t)(ranks / 4096 + 1);
    return 1;
}

int32_t fs_bpe_merge_long(const fs_bpe *m, int32_t *indices, int32_t n) {
    queues q = {m, NULL, NULL, -1, 0, NULL, NULL, NULL, NULL, 0};
    fs_arena a = {0};
    int32_t i, rank;
    if (!m->rising || m->spelled) return fs_bpe_merge_any(m, indices, n);
    if (!open_queues(&q, &a, n)) return -1;
    fs_bpe_link(q.nodes, indices, n);
    for (i = 0; i < n; i++) push(&q, i);
    while ((rank = lowest(&q)) >= 0) merge_rank(&q, rank);
    n = fs_bpe_unlink(q.nodes, indices);
    fs_arena_close(&a);
    return n;
}
