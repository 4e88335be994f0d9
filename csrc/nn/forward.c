/* Whole sequences through a graph: groups of like length, each on one thread from ids to rows. */
#include <string.h>

#include "../base/checked.h"
#include "graph.h"
#include "linear.h"
#include "sublayer.h"

enum { GROUP_TOKENS = 4096 };

static void gather_ids(const fs_batch *batch, const int64_t *which, int n, int32_t *ids, int64_t *offsets) {
    offsets[0] = 0;
    for (int i = 0; i < n; i++) {
        int64_t from = batch->offsets[which[i]], len = batch->offsets[which[i] + 1] - from;
        if (len) memcpy(ids + offsets[i], batch->ids + from, (size_t)len * sizeof *ids);
        offsets[i + 1] = offsets[i] + len;
    }
}

static void scatter(const fs_graph *g, const fs_flow *f, const int64_t *to, const fs_rows_out *out) {
    size_t state = (size_t)g->layers * (size_t)g->hidden_width, width = (size_t)f->width;
    for (int64_t i = 0; i < f->count; i++) {
        int64_t first = g->pooled ? i : f->offsets[i], rows = g->pooled ? 1 : f->offsets[i + 1] - first;
        if (out->rows && rows && f->x)
            memcpy(out->rows + (size_t)(g->pooled ? to[i] : out->offsets[to[i]]) * width, f->x + (size_t)first * width,
                   (size_t)rows * width * sizeof(float));
        if (out->hidden) memcpy(out->hidden + (size_t)to[i] * state, f->hidden + (size_t)i * state, state * sizeof(float));
        if (out->cell) memcpy(out->cell + (size_t)to[i] * state, f->cell + (size_t)i * state, state * sizeof(float));
    }
}

/* Whether nobody reads the rows of block i. */
static int finals_only(const fs_graph *g, int blocks, int i, const fs_rows_out *out) {
    const fs_block *next = i + 1 < blocks ? g->blocks[i + 1] : NULL;
    return next ? next->ops->takes_finals && next->ops->takes_finals(next) : !out->rows;
}

/* Learned positions have an end. */
static fs_status check_lengths(const fs_graph *g, const fs_batch *batch, const int64_t *which, int n, fs_error *err) {
    for (int b = 0; b < g->count; b++)
        for (int i = 0; i < n && g->blocks[b]->longest; i++) {
            const int64_t len = batch->offsets[which[i] + 1] - batch->offsets[which[i]];
            if (len > g->blocks[b]->longest)
                return fs_fail(err, FS_ERR_VALUE, "ids", "a sequence longer than the model has positions",
                               "at most %d tokens|%lld in sequence %lld", g->blocks[b]->longest, (long long)len,
                               (long long)which[i]);
        }
    return FS_OK;
}

fs_status fs_graph_run_group(const fs_graph *g, int blocks, const fs_batch *batch, const int64_t *which,
                             const int64_t *to, int n, const fs_rows_out *out, fs_arena *arena, fs_run *run,
                             int worker, fs_error *err) {
    const fs_rows_at last = {out->rows, out->offsets, to};
    int64_t rows = 0;
    fs_flow f;
    FS_TRY(check_lengths(g, batch, which, n, err));
    for (int i = 0; i < n; i++) rows += batch->offsets[which[i] + 1] - batch->offsets[which[i]];
    for (fs_arena_plan(arena);;) {
        int32_t *ids = fs_arena_cut(arena, (size_t)rows, 1, sizeof *ids);
        int64_t *offsets = fs_arena_cut(arena, (size_t)n + 1, 1, sizeof *offsets);
        if (!fs_arena_planning(arena)) gather_ids(batch, which, n, ids, offsets);
        f = (fs_flow){.arena = arena, .count = n, .rows = rows, .offsets = offsets, .ids = ids, .run = run, .worker = worker};
        for (int i = 0; i < blocks && (fs_arena_planning(arena) || !fs_run_stopped(run, worker)); i++) {
            f.finals_only = finals_only(g, blocks, i, out);
            f.last = i + 1 == blocks && out->rows && !g->pooled ? &last : NULL;
            fs_sublayer_forward(g->blocks[i], &f);
        }
        if (!fs_arena_planning(arena)) break;
        FS_TRY(fs_arena_ready(arena, "activations", err));
    }
    if (!fs_run_stopped(run, worker)) scatter(g, &f, to, out);
    return FS_OK;
}

/* ---- groups over threads ---- */

typedef struct forward_job {
    const fs_graph *g;
    int blocks;
    fs_run *run;
    const fs_batch *batch;
    const int64_t *order;  /* (count) */
    const int64_t *groups; /* (group count + 1) into order */
    const fs_rows_out *out;
    fs_arena *arenas;      /* one a worker */
    fs_status *status;
    fs_error *errors;
    const int32_t *targets; /* (N): log_probs only, as is `logprobs` */
    float *logprobs;
} forward_job;

/* groups[] from `order`: at most `rows` sequences and GROUP_TOKENS tokens each, one sequence at least. */
static int64_t cut_groups(const fs_batch *b, const int64_t *order, int rows, int64_t *groups) {
    int64_t count = 0, tokens = 0;
    groups[0] = 0;
    for (int64_t i = 0; i < b->count; i++) {
        int64_t len = b->offsets[order[i] + 1] - b->offsets[order[i]];
        if (i > groups[count] && (i - groups[count] >= rows || tokens + len > GROUP_TOKENS)) {
            groups[++count] = i;
            tokens = 0;
        }
        tokens += len;
    }
    if (b->count) groups[++count] = b->count;
    return count;
}

/* Allocates what the workers need, shares the groups out to `task`, and reports the first failure. */
static fs_status share_groups(forward_job *job, fs_task task, fs_error *err) {
    int threads = fs_run_threads(job->run);
    int64_t B = job->batch->count, groups;
    int rows = (int)FS_MIN(FS_MAX((B + threads - 1) / threads, 1), FS_GROUP_ROWS);
    int64_t *order = fs_alloc((size_t)B * sizeof *order), *starts = fs_alloc(((size_t)B + 1) * sizeof *starts);
    fs_status st = FS_OK;
    job->arenas = fs_alloc((size_t)threads * sizeof *job->arenas);
    job->status = fs_alloc((size_t)threads * sizeof *job->status);
    job->errors = fs_alloc((size_t)threads * sizeof *job->errors);
    if (!order || !starts || !job->arenas || !job->status || !job->errors) st = fs_fail_memory(err, "forward", (uint64_t)B * 16);
    if (st == FS_OK) st = fs_batch_order(job->batch, order, err);
    if (st == FS_OK) {
        job->order = order;
        groups = cut_groups(job->batch, order, rows, starts);
        job->groups = starts;
        fs_parallel_for(job->run, groups, 1, task, job);
        for (int i = threads - 1; i >= 0; i--) {
            fs_arena_close(&job->arenas[i]);
            if (job->status[i] == FS_OK) continue;
            st = job->status[i];
            if (err) *err = job->errors[i];
        }
        if (st == FS_OK) st = fs_run_status(job->run, err);
    }
    fs_free(order);
    fs_free(starts);
    fs_free(job->arenas);
    fs_free(job->status);
    fs_free(job->errors);
    return st;
}

static void forward_task(void *ctx, int64_t begin, int64_t end, int worker) {
    forward_job *job = ctx;
    for (int64_t i = begin; i < end && job->status[worker] == FS_OK; i++) {
        const int64_t *which = job->order + job->groups[i];
        job->status[worker] =
            fs_graph_run_group(job->g, job->blocks, job->batch, which, which, (int)(job->groups[i + 1] - job->groups[i]),
                               job->out, &job->arenas[worker], job->run, worker, &job->errors[worker]);
    }
}

/* A decoder that attends, or starts from an encoder, has no meaning without its memory. */
static fs_status check_alone(const fs_graph *g, fs_error *err) {
    for (int i = 0; i < g->count; i++)
        if (!g->blocks[i]->ops->forward)
            return fs_fail(err, FS_ERR_UNSUPPORTED, g->blocks[i]->ops->kind, "runs one step at a time only",
                           "blocks that take whole sequences|a decoder's");
    return FS_OK;
}

fs_status fs_graph_forward(const fs_graph *g, fs_run *run, const fs_batch *batch, const fs_rows_out *out,
                           fs_error *err) {
    forward_job job = {.g = g, .blocks = g->count, .run = run, .batch = batch, .out = out};
    FS_TRY(check_alone(g, err));
    return share_groups(&job, forward_task, err);
}

/* ---- log-probabilities of given tokens ---- */

enum { HEAD_ROWS = 64 }; /* logits of so many rows at a time: a vocabulary's worth of each would not fit */

/* The last block, a linear one, over rows (n, D); targets (n) */
static void score_rows(const fs_linear *head, int64_t n, const float *rows, const int32_t *targets, float *logits,
                       void *scratch, float *logprobs) {
    size_t V = (size_t)head->output;
    for (int64_t i = 0; i < n; i += HEAD_ROWS) {
        int64_t m = FS_MIN(n - i, HEAD_ROWS);
        fs_linear_apply(head, m, rows + (size_t)i * (size_t)head->input, (size_t)head->input, logits, scratch, NULL);
        for (int64_t j = 0; j < m; j++) {
            const float *row = logits + (size_t)j * V;
            logprobs[i + j] = row[targets[i + j]] - head->matrix.k->log_sum_exp_f32((int)V, row);
        }
    }
}

/* One group: all blocks but the head over its sequences at once, then the head over each one's rows. The
 * batch of the job holds the tokens moved by one behind `start`; targets are the tokens themselves. */
static fs_status score_group(forward_job *job, const int64_t *which, int n, int worker) {
    const fs_graph *g = job->g;
    const fs_linear *head = fs_linear_of(g->blocks[g->count - 1]);
    const int64_t *from = job->batch->offsets;
    fs_error *err = &job->errors[worker];
    fs_arena mine = {0};
    fs_status st = FS_OK;
    size_t D = (size_t)head->input, tokens = 0;
    int64_t *offsets = NULL, *to = NULL;
    float *rows = NULL, *logits = NULL;
    void *scratch = NULL;
    for (int i = 0; i < n; i++) tokens += (size_t)(from[which[i] + 1] - from[which[i]]);
    for (fs_arena_plan(&mine);;) {
        offsets = fs_arena_cut(&mine, (size_t)n + 1, 1, sizeof *offsets);
        to = fs_arena_cut(&mine, (size_t)n, 1, sizeof *to);
        rows = fs_arena_cut(&mine, tokens, D, sizeof *rows);
        logits = fs_arena_cut(&mine, HEAD_ROWS, (size_t)head->output, sizeof *logits);
        scratch = fs_arena_cut(&mine, 1, fs_gemm_scratch(&head->matrix, HEAD_ROWS), 1);
        if (!fs_arena_planning(&mine)) break;
        FS_TRY_DONE(fs_arena_ready(&mine, "log-probabilities", err));
    }
    offsets[0] = 0;
    for (int i = 0; i < n; i++) {
        to[i] = i;
        offsets[i + 1] = offsets[i] + from[which[i] + 1] - from[which[i]];
    }
    FS_TRY_DONE(fs_graph_run_group(g, g->count - 1, job->batch, which, to, n,
                                   &(fs_rows_out){.rows = rows, .offsets = offsets}, &job->arenas[worker], job->run,
                                   worker, err));
    for (int i = 0; i < n && !fs_run_stopped(job->run, worker); i++)
        score_rows(head, offsets[i + 1] - offsets[i], rows + (size_t)offsets[i] * D, job->targets + from[which[i]],
                   logits, scratch, job->logprobs + from[which[i]]);
done:
    fs_arena_close(&mine);
    return st;
}

static void score_task(void *ctx, int64_t begin, int64_t end, int worker) {
    forward_job *job = ctx;
    for (int64_t i = begin; i < end && job->status[worker] == FS_OK; i++)
        job->status[worker] = score_group(job, job->order + job->groups[i], (int)(job->groups[i + 1] - job->groups[i]), worker);
}

/* ids (N) moved by one behind `start`, sequence by sequence */
static void shift_ids(const fs_batch *b, const int32_t *starts, int32_t *ids) {
    for (int64_t i = 0; i < b->count; i++)
        for (int64_t j = b->offsets[i]; j < b->offsets[i + 1]; j++) ids[j] = j > b->offsets[i] ? b->ids[j - 1] : starts[i];
}

fs_status fs_graph_log_probs(const fs_graph *g, fs_run *run, const fs_batch *batch, const int32_t *starts, float *logprobs,
                             fs_error *err) {
    int64_t total = batch->offsets[batch->count];
    fs_batch shifted = *batch;
    forward_job job = {.g = g, .run = run, .batch = &shifted, .targets = batch->ids, .logprobs = logprobs};
    int32_t *ids;
    fs_status st;
    FS_TRY(check_alone(g, err));
    if (!fs_linear_of(g->blocks[g->count - 1]) || g->pooled || g->width != g->vocabulary)
        return fs_fail(err, FS_ERR_UNSUPPORTED, "log_probs", "not a language model",
                       "a linear head over the vocabulary (%d)|rows %d wide", g->vocabulary, g->width);
    ids = fs_alloc((size_t)total * sizeof *ids);
    if (!ids) return fs_fail_memory(err, "log-probabilities", (uint64_t)total * sizeof *ids);
    shift_ids(batch, starts, ids);
    shifted.ids = ids;
    st = share_groups(&job, score_task, err);
    fs_free(ids);
    return st;
}
