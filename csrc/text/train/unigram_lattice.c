/* All the ways to cut a word into pieces, as a graph: places are nodes, pieces that stand there are edges. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "unigram_train.h"
#include "text/unicode/utf8.h"

#define SMALL 0x1p-512
#define LOG_SMALL (-354.8913564733402) /* its logarithm */

/* ---- edges ---- */

/* Those of all places, in their order. */
static fs_status list_edges(const fs_unigram_trainer *t, fs_text word, int parted, fs_buffer *edges, fs_error *err) {
    const int32_t size = (int32_t)word.size;
    edges->size = 0;
    for (int32_t at = 0; at < size; at += fs_utf8_size(word.data[at])) {
        uint32_t state = (uint32_t)t->trie.first[word.data[at]];
        for (int32_t to = at + 1; state; to++) {
            const fs_unigram_edge edge = {at, to, fs_trie_value(&t->trie, state)};
            if (edge.piece >= 0 && !(parted && to - at == size)) FS_TRY(fs_buffer_append(edges, &edge, sizeof edge, err));
            if (to == size) break;
            state = fs_trie_child(&t->trie, state, word.data[to]);
        }
    }
    return FS_OK;
}

/* Room for one thing a place, zero-filled. */
static void *open_nodes(fs_buffer *b, size_t count, size_t size, fs_error *err) {
    void *nodes;
    b->size = 0;
    nodes = fs_buffer_add(b, count * size);
    if (nodes)
        memset(nodes, 0, count * size);
    else
        fs_fail_memory(err, "word", (uint64_t)count * size);
    return nodes;
}

/* ---- sums over all ways ---- */

static double scale(int64_t shift) { return shift == 0 ? 1 : shift == 1 ? SMALL : shift < 0 ? 1 / SMALL : 0; }

static void normalize(fs_unigram_node *n) {
    while (n->value > 0 && n->value < SMALL) {
        n->value /= SMALL;
        n->shift++;
    }
}

static void add_to(fs_unigram_node *n, double value, int64_t shift) {
    if (n->value == 0) n->shift = shift;
    if (shift < n->shift) {
        n->value *= scale(n->shift - shift);
        n->shift = shift;
    }
    n->value += value * scale(shift - n->shift);
}

static void sum_forward(const fs_unigram_edge *edges, size_t n, const double *p, fs_unigram_node *nodes) {
    nodes[0].value = 1;
    for (size_t i = 0; i < n; i++) {
        fs_unigram_node *from = &nodes[edges[i].from];
        normalize(from);
        add_to(&nodes[edges[i].to], from->value * p[edges[i].piece], from->shift);
    }
}

static void sum_backward(const fs_unigram_edge *edges, size_t n, const double *p, fs_unigram_node *nodes, int32_t size) {
    nodes[size].value = 1;
    for (size_t i = n; i-- > 0;) {
        fs_unigram_node *to = &nodes[edges[i].to];
        normalize(to);
        add_to(&nodes[edges[i].from], to->value * p[edges[i].piece], to->shift);
    }
}

fs_status fs_unigram_expect(const fs_unigram_trainer *t, fs_text word, const double *probabilities, double weight,
                            fs_unigram_scratch *s, double *likelihood, fs_error *err) {
    const fs_unigram_edge *edges;
    fs_unigram_node *before, *behind, all;
    size_t n;
    FS_TRY(list_edges(t, word, 0, &s->edges, err));
    edges = s->edges.data;
    n = s->edges.size / sizeof *edges;
    before = open_nodes(&s->forward, word.size + 1, sizeof *before, err);
    behind = open_nodes(&s->backward, word.size + 1, sizeof *behind, err);
    if (!before || !behind) return FS_ERR_MEMORY;
    sum_forward(edges, n, probabilities, before);
    sum_backward(edges, n, probabilities, behind, (int32_t)word.size);
    normalize(&before[word.size]);
    all = before[word.size];
    for (size_t i = 0; i < n; i++) {
        const fs_unigram_node a = before[edges[i].from], b = behind[edges[i].to];
        const double share = a.value * probabilities[edges[i].piece] * b.value / all.value;
        s->sums[edges[i].piece] += (int64_t)(weight * (share * scale(a.shift + b.shift - all.shift)) + 0.5);
    }
    *likelihood = log(all.value) + (double)all.shift * LOG_SMALL;
    return FS_OK;
}

/* ---- the best way ---- */

typedef struct best {
    double score;
    int32_t edge; /* the last of the best way to here, plus 1; 0: there is none */
} best;

fs_status fs_unigram_best(const fs_unigram_trainer *t, fs_text word, int parted, fs_unigram_scratch *s, int32_t *n,
                          fs_error *err) {
    const double *scores = t->scores.data;
    fs_unigram_edge *edges;
    best *nodes;
    size_t count, from;
    FS_TRY(list_edges(t, word, parted, &s->edges, err));
    edges = s->edges.data;
    count = s->edges.size / sizeof *edges;
    nodes = open_nodes(&s->best, word.size + 1, sizeof *nodes, err);
    if (!nodes) return FS_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        best *to = &nodes[edges[i].to];
        const double score = nodes[edges[i].from].score + scores[edges[i].piece];
        if ((edges[i].from > 0 && !nodes[edges[i].from].edge) || (to->edge && score <= to->score)) continue;
        to->score = score;
        to->edge = (int32_t)i + 1;
    }
    *n = 0;
    for (from = word.size; from > 0 && nodes[from].edge; from = (size_t)edges[nodes[from].edge - 1].from) ++*n;
    s->backward.size = 0;
    for (from = word.size; from > 0 && nodes[from].edge; from = (size_t)edges[nodes[from].edge - 1].from)
        FS_TRY(fs_buffer_append(&s->backward, &edges[nodes[from].edge - 1], sizeof *edges, err));
    if (*n) memcpy(edges, s->backward.data, (size_t)*n * sizeof *edges);
    return FS_OK;
}
