/* Beam search of many sequences, as many at once as the stepper's rows allow (Graves 2012, "Sequence Transduction with
 * Recurrent Neural Networks"; Boulanger-Lewandowski et al. 2013). */
#include <math.h>

#include "hypotheses.h"
#include "logits.h"

/* One worker's: sequences under way, their live hypotheses in the rows one after another. */
typedef struct beams {
    fs_stepper *m;
    const fs_decode_job *job;
    const fs_decode_out *out;
    int count, most;        /* sequences under way; at most that many at once */
    int64_t next, end;      /* sources waiting: [next, end) */
    int n;                  /* rows in use */
    fs_hypotheses *spaces;  /* (most) */
    fs_hypotheses **under;  /* (most): the first `count` are under way */
    int32_t *token;         /* (R): what goes in at the next step */
    unsigned char *need;    /* (R) */
    int32_t *from, *grown;  /* (R): where rows come from; (K): the same of a sequence */
    int32_t *aligned;       /* (K) */
    int32_t *index;         /* (K): of the best logits of a row, and the next theirs */
    float *value;
    float *logits;          /* (R, V) */
    float *edited;          /* (V): of one row */
    uint64_t *seen;         /* (V / 64 rounded up): zero between uses */
    int32_t *path;          /* (limit): the tokens of one hypothesis */
    fs_error *err;
} beams;

static const int32_t *prompt_of(const beams *b, int64_t sequence, int *length) {
    const int64_t *offsets = b->job->prompt_offsets;
    *length = (int)(offsets[sequence + 1] - offsets[sequence]);
    return b->job->prompt + offsets[sequence];
}

/* A sequence begins in the row behind those in use. */
static fs_status begin(beams *b, int64_t source, int64_t sequence) {
    fs_hypotheses *h = b->under[b->count];
    int length;
    const int32_t *prompt = prompt_of(b, sequence, &length);
    fs_hypotheses_begin(h, sequence);
    b->m->begin(b->m, b->n, source);
    if (b->m->feed && length > 1) {
        FS_TRY(b->m->feed(b->m, b->n, length - 1, prompt, b->err));
        h->fed = length;
    }
    b->count++;
    b->n++;
    return FS_OK;
}

/* Waiting sequences begin while there is room. Those that may hold no token end at once. */
static fs_status admit(beams *b) {
    while (b->count < b->most && b->next < b->end) {
        const int64_t source = b->next++, sequence = b->job->order ? b->job->order[source] : source;
        if (b->job->limit[sequence] > 0)
            FS_TRY(begin(b, source, sequence));
        else
            b->out->ended[sequence * b->job->results] = FS_END_LIMIT;
    }
    return FS_OK;
}

/* What goes in at the next step. */
static void fill_tokens(beams *b) {
    int row = 0;
    for (int s = 0; s < b->count; s++) {
        const fs_hypotheses *h = b->under[s];
        int length;
        const int32_t *prompt = prompt_of(b, h->sequence, &length);
        for (int i = 0; i < h->lives; i++, row++) {
            b->need[row] = h->fed == length;
            b->token[row] = h->live[i].node < 0 ? prompt[h->fed - 1] : h->node[h->live[i].node].token;
        }
    }
}

static fs_history history_of(beams *b, const fs_hypotheses *h, int which) {
    fs_history history = {.answer = b->path, .answers = fs_hypotheses_path(h, h->live[which].node, b->path)};
    int length;
    history.prompt = prompt_of(b, h->sequence, &length);
    history.prompts = length;
    return history;
}

/* Log-probabilities of a row, changed as was asked; hypotheses rank by these. */
static fs_scores edit(beams *b, const fs_sampling *s, const fs_history *history, fs_scores x, float total) {
    for (int i = 0; i < x.n; i++) b->edited[i] = x.logit[i] - total;
    x.logit = b->edited;
    fs_sampling_edit(s, history, x, b->seen);
    return x;
}

/* The one continuation that was asked for. What the model would never say changes no rank. */
static void offer_forced(fs_hypotheses *h, const fs_decode_job *job, int which, int32_t token, fs_scores x, float total) {
    const int at = fs_scores_place(x, token);
    const float logprob = at < 0 ? -INFINITY : x.logit[at] - total;
    const double counted = logprob > -INFINITY ? (double)logprob : 0;
    fs_hypotheses_offer(h, job, (fs_next){h->live[which].score + counted, which, token, logprob});
}

/* Offers the best continuations of the hypothesis in `row`. */
static void offer(beams *b, fs_hypotheses *h, int which, int row) {
    const fs_kernels *k = b->job->k;
    const fs_sampling *s = b->job->sampling ? &b->job->sampling[h->sequence] : NULL;
    fs_scores x = {.logit = b->logits + (size_t)row * (size_t)b->m->vocabulary}, ranks;
    float total;
    int best;
    x.token = fs_logits_allow(b->m, b->job->never, b->job->nevers, row, x.logit, &x.n);
    b->aligned[which] = fs_logits_aligned(b->m, k, row);
    total = k->log_sum_exp_f32(x.n, x.logit);
    if (s && h->length < s->forceds) {
        offer_forced(h, b->job, which, s->forced[h->length], x, total);
        return;
    }
    ranks = x;
    if (s && fs_sampling_edits(s)) {
        const fs_history history = history_of(b, h, which);
        ranks = edit(b, s, &history, x, total);
    }
    best = FS_MIN(b->job->beam - h->ends, x.n);
    k->top_k_f32(x.n, ranks.logit, best, b->index, b->value);
    for (int i = 0; i < best && b->value[i] > -INFINITY; i++) {
        const float logprob = x.logit[b->index[i]] - total, rank = ranks.logit == x.logit ? logprob : b->value[i];
        const int32_t token = x.token ? x.token[b->index[i]] : b->index[i];
        if (!fs_hypotheses_offer(h, b->job, (fs_next){h->live[which].score + (double)rank, which, token, logprob})) break;
    }
}

/* The sequence whose rows begin at `row` takes its step; `to` rows are already spoken for. */
static void advance(beams *b, fs_hypotheses *h, int row, int to) {
    if (!b->need[row]) { /* still in the prompt */
        h->fed++;
        b->from[to] = row;
        return;
    }
    for (int i = 0; i < h->lives; i++) offer(b, h, i, row + i);
    fs_hypotheses_grow(h, b->job, b->aligned, b->grown, b->path);
    for (int i = 0; i < h->lives; i++) b->from[to + i] = row + b->grown[i];
}

/* After a step: hypotheses grow, sequences that are over leave, the rest moves together. */
static void settle(beams *b) {
    const int before = b->count;
    int row = 0, moved = 0;
    b->count = b->n = 0;
    for (int s = 0; s < before; s++) {
        fs_hypotheses *h = b->under[s];
        const int lives = h->lives;
        advance(b, h, row, b->n);
        row += lives;
        if (fs_hypotheses_over(h, b->job)) {
            fs_hypotheses_write(h, b->job, b->out);
            continue;
        }
        b->n += h->lives;
        b->under[s] = b->under[b->count]; /* spaces only change places */
        b->under[b->count++] = h;
    }
    for (int i = 0; i < b->n; i++) moved |= b->from[i] != i;
    if (moved) b->m->reorder(b->m, b->n, b->from);
}

static int64_t longest_of(const beams *b) {
    int64_t longest = 0;
    for (int64_t i = b->next; i < b->end; i++) {
        const int64_t limit = b->job->limit[b->job->order ? b->job->order[i] : i];
        longest = FS_MAX(longest, limit);
    }
    return longest;
}

static fs_status cut_room(beams *b, fs_arena *scratch, fs_error *err) {
    const size_t R = (size_t)b->m->rows, K = (size_t)b->job->beam, S = (size_t)b->most, longest = (size_t)longest_of(b),
                 words = ((size_t)b->m->vocabulary + 63) / 64;
    for (fs_arena_plan(scratch);;) {
        b->spaces = fs_arena_cut(scratch, S, 1, sizeof *b->spaces);
        b->under = fs_arena_cut(scratch, S, 1, sizeof *b->under);
        b->token = fs_arena_cut(scratch, R, 1, sizeof *b->token);
        b->need = fs_arena_cut(scratch, R, 1, sizeof *b->need);
        b->from = fs_arena_cut(scratch, R, 1, sizeof *b->from);
        b->grown = fs_arena_cut(scratch, K, 1, sizeof *b->grown);
        b->aligned = fs_arena_cut(scratch, K, 1, sizeof *b->aligned);
        b->index = fs_arena_cut(scratch, K, 1, sizeof *b->index);
        b->value = fs_arena_cut(scratch, K, 1, sizeof *b->value);
        b->logits = fs_arena_cut(scratch, R, (size_t)b->m->vocabulary, sizeof *b->logits);
        b->edited = fs_arena_cut(scratch, (size_t)b->m->vocabulary, 1, sizeof *b->edited);
        b->seen = fs_arena_cut(scratch, words, 1, sizeof *b->seen);
        b->path = fs_arena_cut(scratch, longest, 1, sizeof *b->path);
        for (size_t s = 0; s < S; s++) {
            const fs_hypotheses h = {.live = fs_arena_cut(scratch, K, 1, sizeof *h.live),
                                     .grown = fs_arena_cut(scratch, K, 1, sizeof *h.grown),
                                     .ended = fs_arena_cut(scratch, K, 1, sizeof *h.ended),
                                     .next = fs_arena_cut(scratch, K, 1, sizeof *h.next),
                                     .node = fs_arena_cut(scratch, K, longest, sizeof *h.node)};
            if (fs_arena_planning(scratch)) continue;
            b->spaces[s] = h;
            b->under[s] = &b->spaces[s];
        }
        if (!fs_arena_planning(scratch)) break;
        FS_TRY(fs_arena_ready(scratch, "beams", err));
    }
    memset(b->seen, 0, words * sizeof *b->seen);
    return FS_OK;
}

fs_status fs_beam(fs_stepper *m, const fs_decode_job *job, int64_t first, int64_t count, const fs_decode_out *out,
                  fs_arena *scratch, fs_run *run, int worker, fs_error *err) {
    beams b = {.m = m, .job = job, .out = out, .next = first, .end = first + count, .err = err};
    fs_status st;
    b.most = (int)FS_MIN((int64_t)FS_MAX(m->rows / job->beam, 1), count);
    FS_TRY(cut_room(&b, scratch, err));
    FS_TRY(m->prepare(m, first, count, err));
    FS_TRY(admit(&b));
    while (b.n && !fs_run_stopped(run, worker)) {
        fill_tokens(&b);
        st = m->step(m, b.n, b.token, b.need, b.logits, err);
        if (st == FS_ERR_INTERRUPTED) break; /* the run knows */
        if (st != FS_OK) return st;
        fs_atomic_add(out->steps, 1);
        settle(&b);
        FS_TRY(admit(&b));
    }
    for (int s = 0; s < b.count; s++) {
        fs_hypotheses_stop(b.under[s], job);
        fs_hypotheses_write(b.under[s], job, out);
    }
    return FS_OK;
}
