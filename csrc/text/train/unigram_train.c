#include "unigram_train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"

#define RARE 0.5 /* expected times below which a piece is dropped */
enum { GRAIN = 256 }; /* words */

/* ---- passes over all words ---- */

typedef struct passing {
    const fs_unigram_trainer *t;
    const double *probabilities; /* NULL: only the best way of each word counts */
    double unit;                 /* of the sums */
    fs_unigram_scratch *workers;
    int threads;
    fs_run *run;
} passing;

static fs_status expect_word(const passing *p, fs_text word, int64_t count, fs_unigram_scratch *s) {
    double likelihood;
    FS_TRY(fs_unigram_expect(p->t, word, p->probabilities, (double)count * p->unit, s, &likelihood, &s->failure));
    s->likelihood += (int64_t)((double)count * likelihood * (p->unit / 64));
    return FS_OK;
}

static fs_status cut_word(const passing *p, fs_text word, int64_t count, fs_unigram_scratch *s) {
    int32_t n;
    FS_TRY(fs_unigram_best(p->t, word, 0, s, &n, &s->failure));
    for (int32_t i = 0; i < n; i++) s->sums[((const fs_unigram_edge *)s->edges.data)[i].piece] += count;
    s->tokens += n * count;
    return FS_OK;
}

static void pass_words(void *ctx, int64_t begin, int64_t end, int worker) {
    passing *p = ctx;
    fs_unigram_scratch *s = &p->workers[worker];
    const fs_unigram_word *words = p->t->words.data;
    for (int64_t i = begin; i < end && s->failed == FS_OK; i++) {
        const fs_text word = {(const uint8_t *)p->t->bytes.data + words[i].start, (size_t)words[i].size};
        s->failed = p->probabilities ? expect_word(p, word, words[i].count, s) : cut_word(p, word, words[i].count, s);
    }
    if (s->failed != FS_OK) fs_atomic_store(&p->run->stopped, 1);
}

static void free_workers(passing *p) {
    for (int i = 0; p->workers && i < p->threads; i++) {
        fs_unigram_scratch *s = &p->workers[i];
        fs_buffer_free(&s->edges);
        fs_buffer_free(&s->forward);
        fs_buffer_free(&s->backward);
        fs_buffer_free(&s->best);
        fs_free(s->sums);
    }
    fs_free(p->workers);
}

static fs_status open_workers(passing *p, fs_error *err) {
    const size_t bytes = (size_t)p->t->pieces.count * sizeof(int64_t);
    p->threads = fs_run_threads(p->run);
    p->workers = fs_alloc((size_t)p->threads * sizeof *p->workers);
    if (!p->workers) return fs_fail_memory(err, "threads", (uint64_t)p->threads * sizeof *p->workers);
    for (int i = 0; i < p->threads; i++) {
        p->workers[i].sums = fs_alloc(bytes);
        if (!p->workers[i].sums) return fs_fail_memory(err, "pieces", bytes);
    }
    return FS_OK;
}

/* All workers' sums, in the first one's. */
static fs_status gather(passing *p, fs_error *err) {
    fs_unigram_scratch *all = &p->workers[0];
    for (int i = 0; i < p->threads; i++)
        if (p->workers[i].failed != FS_OK) {
            if (err) *err = p->workers[i].failure;
            return p->workers[i].failed;
        }
    FS_TRY(fs_run_status(p->run, err));
    for (int i = 1; i < p->threads; i++) {
        for (int32_t id = 0; id < p->t->pieces.count; id++) all->sums[id] += p->workers[i].sums[id];
        all->likelihood += p->workers[i].likelihood;
        all->tokens += p->workers[i].tokens;
    }
    return FS_OK;
}

static fs_status open_trie(fs_unigram_trainer *t, fs_error *err) {
    fs_trie_free(&t->trie);
    memset(&t->trie, 0, sizeof t->trie);
    FS_TRY(fs_trie_init(&t->trie, t->pieces.key.k1, err));
    for (int32_t id = 0; id < t->pieces.count; id++) {
        int32_t value = id;
        FS_TRY(fs_trie_add(&t->trie, fs_vocab_token(&t->pieces, id), &value, err));
    }
    return FS_OK;
}

static fs_status pass_over(passing *p, fs_error *err) {
    FS_TRY(open_workers(p, err));
    fs_parallel_for(p->run, (int64_t)(p->t->words.size / sizeof(fs_unigram_word)), GRAIN, pass_words, p);
    return gather(p, err);
}

/* ---- choosing pieces ---- */

/* Leaves the pieces whose kept[] is set, with these scores. */
static fs_status keep(fs_unigram_trainer *t, const uint8_t *kept, const double *scores, fs_error *err) {
    fs_unigram_trainer next = {0};
    fs_status st = fs_unigram_trainer_init(&next, t->pieces.key, err);
    for (int32_t id = 0; id < t->pieces.count && st == FS_OK; id++)
        if (kept[id]) st = fs_unigram_trainer_piece(&next, fs_vocab_token(&t->pieces, id), scores[id], err);
    if (st != FS_OK) {
        fs_unigram_trainer_free(&next);
        return st;
    }
    fs_vocab_free(&t->pieces);
    fs_buffer_free(&t->scores);
    t->pieces = next.pieces;
    t->scores = next.scores;
    return FS_OK;
}

/* The derivative of the logarithm of the gamma function. */
static double digamma(double x) {
    double sum = 0, y;
    for (; x < 7; x++) sum -= 1 / x;
    x -= 0.5;
    y = 1 / (x * x);
    return sum + log(x) + y * (1.0 / 24 + y * (-7.0 / 960 + y * (31.0 / 8064 - y * 127.0 / 30720)));
}

/* What EM makes of the expected times. */
static void next_scores(const fs_unigram_trainer *t, const int64_t *sums, double unit, uint8_t *kept, double *scores) {
    double sum = 0;
    for (int32_t id = 0; id < t->pieces.count; id++) {
        const double times = (double)sums[id] / unit;
        kept[id] = id < t->required || times >= RARE;
        scores[id] = FS_MAX(times, RARE);
        if (kept[id]) sum += scores[id];
    }
    for (int32_t id = 0; id < t->pieces.count; id++) scores[id] = digamma(scores[id]) - digamma(sum);
}

/* The largest power of two in whose units all sums stay below 2^62. */
static double unit_of(int64_t total) {
    double unit = 1;
    while ((double)total * unit < 0x1p61 && unit < 0x1p40) unit *= 2;
    return unit;
}

static void note(const fs_unigram_trainer *t, const fs_unigram_scratch *all, double unit, fs_unigram_pass *pass) {
    const fs_unigram_word *words = t->words.data;
    double count = 0;
    for (size_t i = 0; i < t->words.size / sizeof *words; i++) count += (double)words[i].count;
    pass->tokens = all->tokens;
    pass->likelihood = count > 0 ? (double)all->likelihood / (unit / 64) / count : 0;
}

fs_status fs_unigram_round(fs_unigram_trainer *t, fs_run *run, fs_unigram_pass *pass, fs_error *err) {
    const size_t n = (size_t)t->pieces.count;
    double *probabilities = fs_alloc(n * sizeof *probabilities);
    uint8_t *kept = fs_alloc(n);
    passing p = {t, probabilities, unit_of(t->total), NULL, 0, run};
    fs_status st = FS_OK;
    if (!probabilities || !kept) FS_TRY_DONE(fs_fail_memory(err, "pieces", (uint64_t)n * sizeof *probabilities));
    for (size_t id = 0; id < n; id++) probabilities[id] = exp(((const double *)t->scores.data)[id]);
    FS_TRY_DONE(open_trie(t, err));
    FS_TRY_DONE(pass_over(&p, err));
    note(t, &p.workers[0], p.unit, pass);
    next_scores(t, p.workers[0].sums, p.unit, kept, probabilities);
    st = keep(t, kept, probabilities, err);
done:
    free_workers(&p);
    fs_free(probabilities);
    fs_free(kept);
    return st;
}

/* ---- pruning ---- */

typedef struct loss {
    double value;
    int32_t id;
} loss;

static int by_loss(const void *a, const void *b) {
    const loss *x = a, *y = b;
    return x->value != y->value ? x->value > y->value ? -1 : 1 : x->id < y->id ? -1 : x->id > y->id;
}

/* How much the mean likelihood of a token falls when the piece goes, and the best other way to make its text takes
 * its place; below 0: nothing uses it. */
static fs_status loss_of(const passing *p, int32_t id, double total, fs_unigram_scratch *s, double *value, fs_error *err) {
    const int64_t *times = p->workers[0].sums;
    const double mine = (double)times[id];
    double other = 0, total_then;
    int32_t n;
    *value = -1;
    if (times[id] == 0) return FS_OK;
    FS_TRY(fs_unigram_best(p->t, fs_vocab_token(&p->t->pieces, id), 1, s, &n, err));
    total_then = log(total + mine * (n - 1));
    for (int32_t i = 0; i < n; i++)
        other += log((double)times[((const fs_unigram_edge *)s->edges.data)[i].piece] + mine) - total_then;
    *value = FS_MAX(0, mine / total * (log(mine) - log(total) - other));
    return FS_OK;
}

static fs_status rank_losses(const passing *p, loss *losses, fs_error *err) {
    const fs_unigram_trainer *t = p->t;
    fs_unigram_scratch *s = &p->workers[p->threads - 1];
    const double total = (double)p->workers[0].tokens;
    for (int32_t id = t->required; id < t->pieces.count; id++) {
        loss *one = &losses[id - t->required];
        one->id = id;
        FS_TRY(loss_of(p, id, total, s, &one->value, err));
        if (id % 4096 == 0 && fs_run_stopped(p->run, 0)) return fs_run_status(p->run, err);
    }
    qsort(losses, (size_t)(t->pieces.count - t->required), sizeof *losses, by_loss);
    return FS_OK;
}

fs_status fs_unigram_prune(fs_unigram_trainer *t, int32_t size, fs_run *run, fs_unigram_pass *pass, fs_error *err) {
    const size_t n = (size_t)t->pieces.count;
    loss *losses = fs_alloc(n * sizeof *losses);
    uint8_t *kept = fs_alloc(n);
    passing p = {t, NULL, 1, NULL, 0, run};
    fs_status st = FS_OK;
    if (!losses || !kept) FS_TRY_DONE(fs_fail_memory(err, "pieces", (uint64_t)n * sizeof *losses));
    FS_TRY_DONE(open_trie(t, err));
    FS_TRY_DONE(pass_over(&p, err));
    note(t, &p.workers[0], 1, pass);
    FS_TRY_DONE(rank_losses(&p, losses, err));
    memset(kept, 1, (size_t)t->required);
    for (int32_t i = 0; i < t->pieces.count - t->required && i + t->required < size; i++)
        kept[losses[i].id] = losses[i].value >= 0;
    st = keep(t, kept, t->scores.data, err);
done:
    free_workers(&p);
    fs_free(losses);
    fs_free(kept);
    return st;
}
