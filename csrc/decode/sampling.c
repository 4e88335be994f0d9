#include "sampling.h"

#include <float.h>
#include <math.h>

#include "random.h"

static const fs_sampling PLAIN; /* all zeros */

static int words(int vocabulary) { return (vocabulary + 63) / 64; }

void fs_chooser_cut(fs_chooser *c, fs_arena *scratch, int vocabulary) {
    const size_t V = (size_t)vocabulary;
    c->items.key = fs_arena_cut(scratch, V, 1, sizeof *c->items.key);
    c->items.weight = fs_arena_cut(scratch, V, 1, sizeof *c->items.weight);
    c->items.index = fs_arena_cut(scratch, V, 1, sizeof *c->items.index);
    c->seen = fs_arena_cut(scratch, (size_t)words(vocabulary), 1, sizeof *c->seen);
    c->vocabulary = vocabulary;
}

void fs_chooser_begin(fs_chooser *c) { memset(c->seen, 0, (size_t)words(c->vocabulary) * sizeof *c->seen); }

/* Logarithm of the sum of exp; a row that has none is put in order first. */
static float sum_up(const fs_kernels *k, fs_scores x) {
    const float total = k->log_sum_exp_f32(x.n, x.logit);
    if (isfinite(total)) return total;
    for (int i = 0; i < x.n; i++) {
        if (isnan(x.logit[i])) x.logit[i] = -INFINITY;
        if (x.logit[i] > FLT_MAX) x.logit[i] = FLT_MAX;
    }
    return k->log_sum_exp_f32(x.n, x.logit);
}

/* The k likeliest logits, which may be the keys. Few of them are what the kernel is made for. */
static void keep_likeliest(const fs_kernels *k, fs_items *items, int top, const float *logit) {
    const int n = items->count;
    if (top >= n) {
        if (logit != items->key) memcpy(items->key, logit, (size_t)n * sizeof *logit);
        for (int i = 0; i < n; i++) items->index[i] = i;
        return;
    }
    if (top <= n / 16) {
        k->top_k_f32(n, logit, top, items->index, items->weight);
        memcpy(items->key, items->weight, (size_t)top * sizeof *items->key);
        items->count = top;
        return;
    }
    for (int i = 0; i < n; i++) {
        items->key[i] = logit[i];
        items->weight[i] = 1;
        items->index[i] = i;
    }
    fs_items_keep(items, top);
}

/* Keeps the items with keys from `least` on. */
static void keep_from(fs_items *items, float least) {
    int kept = 0;
    for (int i = 0; i < items->count; i++) {
        if (!(items->key[i] >= least)) continue;
        items->key[kept] = items->key[i];
        items->index[kept++] = items->index[i];
    }
    items->count = kept;
}

/* Weights become probabilities, but for a factor: exp(key - top). */
static void weigh(const fs_kernels *k, fs_items *items, float top) {
    for (int i = 0; i < items->count; i++) items->weight[i] = items->key[i] - top;
    k->exp_f32(items->count, items->weight, items->weight);
}

/* All items of less than (1 - p) / n have less than 1 - p together, so the fewest whose probability reaches p are among the
 * others; in most rows of a large vocabulary these are few. */
static void keep_nucleus(const fs_kernels *k, fs_items *items, float p, float top) {
    const float total = k->log_sum_exp_f32(items->count, items->key), slack = 0.01f;
    keep_from(items, FS_MIN(total + logf((1 - p) / (float)items->count) - slack, top));
    weigh(k, items, top);
    fs_items_keep(items, (double)p * exp((double)total - (double)top));
}

/* Keys become how near each item's surprise, -log of its probability, is to the mean of it. */
static void keep_typical(fs_items *items, double p) {
    double sum = 0, entropy = 0;
    for (int i = 0; i < items->count; i++) sum += (double)items->weight[i];
    for (int i = 0; i < items->count; i++) {
        const double each = (double)items->weight[i] / sum;
        if (each > 0) entropy -= each * log(each);
    }
    for (int i = 0; i < items->count; i++) {
        const double each = (double)items->weight[i] / sum;
        items->key[i] = each > 0 ? -(float)fabs(-log(each) - entropy) : -FLT_MAX;
    }
    fs_items_keep(items, p * sum);
}

void fs_sampling_filter(const fs_kernels *k, const fs_sampling *s, const float *logit, int n, fs_items *items) {
    float top = -INFINITY;
    items->count = n;
    keep_likeliest(k, items, s->top_k > 0 ? FS_MIN(s->top_k, n) : n, logit);
    for (int i = 0; i < items->count; i++) {
        items->key[i] /= s->temperature;
        if (items->key[i] > FLT_MAX) items->key[i] = FLT_MAX;
        if (items->key[i] > top) top = items->key[i];
    }
    if (s->top_p > 0 && s->top_p < 1) keep_nucleus(k, items, s->top_p, top);
    if (s->min_p > 0) keep_from(items, top + logf(s->min_p));
    weigh(k, items, top);
    if (s->typical_p > 0 && s->typical_p < 1) keep_typical(items, (double)s->typical_p);
}

/* The place in the row of the token to choose, or -1. */
static int choose(const fs_kernels *k, fs_chooser *c, const fs_sampling *s, const fs_history *h, fs_scores x) {
    int best;
    if (fs_sampling_edits(s)) {
        memcpy(c->items.key, x.logit, (size_t)x.n * sizeof *x.logit);
        x.logit = c->items.key;
        fs_sampling_edit(s, h, x, c->seen);
    }
    best = k->argmax_f32(x.n, x.logit);
    if (best < 0 || !(x.logit[best] > -INFINITY)) return -1;
    if (!(s->temperature > 0)) return best;
    fs_sampling_filter(k, s, x.logit, x.n, &c->items);
    return c->items.index[fs_items_at(&c->items, fs_random(s->seed, s->stream, (uint64_t)h->answers))];
}

fs_choice fs_choose(const fs_kernels *k, fs_chooser *c, const fs_sampling *sampling, const fs_history *h, fs_scores x,
                    float *total) {
    const fs_sampling *s = sampling ? sampling : &PLAIN;
    const float sum = sum_up(k, x);
    const int forced = h->answers < s->forceds;
    const int at = forced ? fs_scores_place(x, s->forced[h->answers]) : choose(k, c, s, h, x);
    fs_choice choice = {-1, 0};
    if (total) *total = sum;
    if (forced) choice.token = s->forced[h->answers];
    if (forced && at < 0) choice.logprob = -INFINITY; /* none of the candidates */
    if (at < 0) return choice;
    choice.token = x.token ? x.token[at] : at;
    choice.logprob = x.logit[at] - sum;
    return choice;
}
