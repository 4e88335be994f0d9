/* The Unigram model: of all ways to cut a text into pieces, the one of the highest sum of scores (Kudo 2018), found
 * from left to right. The sum of the best way to each place is kept in the precision of the library whose ids ours
 * equal, from the start of the text on, since rounding decides between ways that are nearly as good. */
#include "pieces.h"

#include <float.h>
#include <math.h>

#include "base/arena.h"
#include "utf8.h"

#define SUM_MAX 100000.0 /* as SentencePiece has it since 0.2 */
#define ON_STACK 256     /* bytes of a word that needs no memory of its own */

typedef struct node { /* the best way to a place */
    double score;
    double gap; /* how much better than the next best */
    int32_t from; /* where its last piece begins; -1: no way yet */
    int32_t id;
} node;

static void relax(node *to, double score, int32_t from, int32_t id) {
    if (to->from < 0) {
        to->gap = DBL_MAX;
    } else if (score > to->score) {
        to->gap = score - to->score;
    } else {
        to->gap = FS_MIN(to->gap, to->score - score);
        return;
    }
    to->score = score;
    to->from = from;
    to->id = id;
}

/* Sums in float would lose their last places over a long text, so once one is out of bounds it is taken off all nodes
 * that are reached: nodes[0 .. count). */
static void start_anew(node *nodes, int32_t count) {
    const double sum = nodes[0].score;
    int32_t i;
    for (i = 0; i < count; i++) nodes[i].score = (double)(float)(nodes[i].score - sum);
}

/* Nodes of text [begin, end) from the first one's score on. Returns the largest absolute value of a sum. */
static double search(const fs_pieces *p, const uint8_t *text, int32_t begin, int32_t end, node *nodes) {
    const int single = p->single;
    const double *scores = p->scores.data;
    double largest = 0;
    int32_t at, i, size, frontier = begin;
    for (i = 1; i <= end - begin; i++) {
        nodes[i].from = -1;
        nodes[i].score = 0; /* of those within a character, which stay out of reach */
    }
    for (at = begin; at < end; at += size) {
        double before = nodes[at - begin].score;
        uint32_t state = (uint32_t)p->trie.first[text[at]];
        int covered = 0;
        largest = FS_MAX(largest, fabs(before));
        if (single && fabs(before) > SUM_MAX) {
            start_anew(nodes + (at - begin), frontier - at + 1);
            before = 0;
        }
        size = fs_utf8_size(text[at]);
        for (i = at + 1; state; i++) {
            const int32_t id = fs_trie_value(&p->trie, state);
            if (id >= 0 && fs_pieces_type(p, id) != FS_PIECE_UNUSED) {
                const double sum = scores[id] + before;
                relax(&nodes[i - begin], single ? (double)(float)sum : sum, at - begin, id);
                frontier = FS_MAX(frontier, i);
                covered |= i - at == size;
            }
            if (i == end) break;
            state = fs_trie_child(&p->trie, state, text[i]);
        }
        if (!covered) {
            const double sum = p->unknown_score + before;
            relax(&nodes[at + size - begin], single ? (double)(float)sum : sum, at - begin, -1);
            frontier = FS_MAX(frontier, at + size);
        }
    }
    return largest;
}

/* Turns the way back from node `last` around: from node 0 on, .from is where the next piece ends. How many pieces there
 * are; *gap: the least along the way. */
static int32_t turn_around(node *nodes, int32_t last, double *gap) {
    int32_t at = last, next = -1, n = 0;
    *gap = DBL_MAX;
    while (at > 0) {
        const int32_t before = nodes[at].from;
        *gap = FS_MIN(*gap, nodes[at].gap);
        nodes[at].from = next;
        next = at;
        at = before;
        n++;
    }
    nodes[0].from = next;
    return n;
}

/* Up to which sum before the word the same way wins: each of at most `chars` additions is off by half a unit in the last
 * place of the sum, on both sides of each comparison; four times that is on the safe side. Nor may a sum within the
 * word be the first out of bounds. */
static float reach_of(const fs_pieces *p, double gap, double largest, int32_t chars) {
    const double unit = p->single ? FLT_EPSILON : DBL_EPSILON;
    const double safe = gap * 0.99 / (2.0 * unit * (chars + 2)) - 4.0 * largest;
    const double reach = p->single ? FS_MIN(safe, SUM_MAX - largest - 1.0) : safe;
    return reach > FLT_MAX ? FLT_MAX : reach > 0 ? (float)(reach * 0.99) : 0.0f;
}

fs_status fs_unigram_encode(const fs_pieces *p, fs_text text, int32_t begin, int32_t end, double *sum, float *reach,
                            fs_buffer *found, fs_error *err) {
    const int32_t size = end - begin;
    node stack[ON_STACK + 1], *nodes = stack;
    fs_status st = FS_OK;
    int32_t at;
    double gap, largest;
    if (size > ON_STACK) nodes = fs_alloc(((size_t)size + 1) * sizeof *nodes);
    if (!nodes) return fs_fail_memory(err, "text", ((uint64_t)size + 1) * sizeof *nodes);
    nodes[0].score = *sum;
    largest = search(p, text.data, begin, end, nodes);
    *sum = nodes[size].score;
    turn_around(nodes, size, &gap);
    *reach = reach_of(p, gap, FS_MAX(largest, fabs(*sum)), size);
    for (at = nodes[0].from; at > 0 && st == FS_OK; at = nodes[at].from)
        st = fs_buffer_append(found, &nodes[at].id, sizeof nodes[at].id, err);
    if (nodes != stack) fs_free(nodes);
    return st;
}
