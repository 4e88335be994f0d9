/* Greedy decoding of many sequences of different lengths, R at a time. */
#include <string.h>

#include "logits.h"

/* One worker's rows: n of R are in use, always the first n. */
typedef struct rows {
    fs_stepper *m;
    const fs_decode_job *job;
    const fs_decode_out *out;
    int n;
    int64_t next, end;    /* sources waiting: [next, end) */
    int64_t *sequence;    /* (R): the caller's index of the row's sequence */
    int32_t *token;       /* (R): what goes in at the next step */
    int32_t *fed;         /* (R): tokens of the prompt that have gone in or are about to */
    unsigned char *need;  /* (R): the prompt is through, so the next token is wanted */
    int32_t *from;        /* (R): for closing gaps */
    float *logits;        /* (R, V) */
    fs_status status;     /* the first failure of the stepper's */
    fs_error *err;
} rows;

static int prompt_length(const fs_decode_job *job, int64_t sequence) {
    return (int)(job->prompt_offsets[sequence + 1] - job->prompt_offsets[sequence]);
}

static void end_sequence(const rows *r, int64_t sequence, int ended, float logprob) {
    r->out->ended[sequence] = (unsigned char)ended;
    r->out->stop_logprob[sequence] = logprob;
}

/* All of a prompt but its last token goes in at once, where the model can. */
static void begin_prompt(rows *r, int i, int64_t sequence) {
    const int32_t *prompt = r->job->prompt + r->job->prompt_offsets[sequence];
    const int length = prompt_length(r->job, sequence);
    int fed = 0;
    if (r->m->feed && length > 1 && r->status == FS_OK) {
        fed = length - 1;
        r->status = r->m->feed(r->m, i, fed, prompt, r->err);
    }
    r->token[i] = prompt[fed];
    r->fed[i] = fed + 1;
    r->need[i] = fed + 1 == length;
}

/* Row i takes the next waiting source; 0 when none waits. Sequences that may hold no token end at once. */
static int admit(rows *r, int i) {
    while (r->next < r->end) {
        int64_t source = r->next++, sequence = r->job->order ? r->job->order[source] : source;
        r->out->length[sequence] = 0;
        if (r->job->limit[sequence] <= 0) {
            end_sequence(r, sequence, FS_END_LIMIT, 0);
            continue;
        }
        r->m->begin(r->m, i, source);
        r->sequence[i] = sequence;
        begin_prompt(r, i, sequence);
        return 1;
    }
    return 0;
}

/* The row's next token; 1 when its sequence has ended. */
static int choose(rows *r, int i) {
    const fs_kernels *k = r->job->k;
    const int32_t *candidates;
    int64_t sequence = r->sequence[i], at;
    float *logits = r->logits + (size_t)i * (size_t)r->m->vocabulary;
    int32_t *length = &r->out->length[sequence], token;
    int n;
    float logprob;
    if (!r->need[i]) { /* still in the prompt */
        r->token[i] = r->job->prompt[r->job->prompt_offsets[sequence] + r->fed[i]++];
        r->need[i] = r->fed[i] == prompt_length(r->job, sequence);
        return 0;
    }
    candidates = fs_logits_allow(r->m, r->job, i, logits, &n);
    token = FS_MAX(k->argmax_f32(n, logits), 0);
    logprob = logits[token] - k->log_sum_exp_f32(n, logits);
    if (candidates) token = candidates[token];
    if (fs_logits_stop(r->job, token)) {
        end_sequence(r, sequence, FS_END_STOP, logprob);
        return 1;
    }
    at = r->out->start[sequence] + *length;
    r->out->ids[at] = token;
    r->out->logprobs[at] = logprob;
    if (r->out->aligned) r->out->aligned[at] = fs_logits_aligned(r->m, r->job, i);
    r->token[i] = token;
    if (++*length < r->job->limit[sequence]) return 0;
    end_sequence(r, sequence, FS_END_LIMIT, 0);
    return 1;
}

static void move_row(rows *r, int to, int from) {
    r->sequence[to] = r->sequence[from];
    r->token[to] = r->token[from];
    r->fed[to] = r->fed[from];
    r->need[to] = r->need[from];
}

/* Rows whose sequence ended take the next waiting one; when none waits, the last rows close the gaps. */
static void refill(rows *r, unsigned char *ended) {
    int moved = 0;
    for (int i = 0; i < r->n; i++) r->from[i] = i;
    for (int i = 0; i < r->n; i++) {
        if (!ended[i] || admit(r, i)) continue;
        while (r->n > i && ended[r->n - 1]) r->n--;
        if (r->n <= i) break;
        move_row(r, i, --r->n);
        r->from[i] = r->n;
        moved = 1;
    }
    if (moved) r->m->reorder(r->m, r->n, r->from);
}

static fs_status cut_rows(rows *r, fs_arena *scratch, unsigned char **ended, fs_error *err) {
    size_t R = (size_t)r->m->rows;
    for (fs_arena_plan(scratch);;) {
        r->sequence = fs_arena_cut(scratch, R, 1, sizeof *r->sequence);
        r->token = fs_arena_cut(scratch, R, 1, sizeof *r->token);
        r->fed = fs_arena_cut(scratch, R, 1, sizeof *r->fed);
        r->need = fs_arena_cut(scratch, R, 1, sizeof *r->need);
        r->from = fs_arena_cut(scratch, R, 1, sizeof *r->from);
        r->logits = fs_arena_cut(scratch, R, (size_t)r->m->vocabulary, sizeof *r->logits);
        *ended = fs_arena_cut(scratch, R, 1, 1);
        if (!fs_arena_planning(scratch)) return FS_OK;
        FS_TRY(fs_arena_ready(scratch, "decoder rows", err));
    }
}

fs_status fs_greedy(fs_stepper *m, const fs_decode_job *job, int64_t first, int64_t count, const fs_decode_out *out,
                    fs_arena *scratch, fs_run *run, int worker, fs_error *err) {
    rows r = {.m = m, .job = job, .out = out, .next = first, .end = first + count, .err = err};
    unsigned char *ended;
    FS_TRY(cut_rows(&r, scratch, &ended, err));
    FS_TRY(m->prepare(m, first, count, err));
    while (r.n < m->rows && admit(&r, r.n)) r.n++;
    while (r.n && r.status == FS_OK && !fs_run_stopped(run, worker)) {
        FS_TRY(m->step(m, r.n, r.token, r.need, r.logits, err));
        fs_atomic_add(out->steps, 1);
        for (int i = 0; i < r.n; i++) ended[i] = (unsigned char)choose(&r, i);
        refill(&r, ended);
    }
    return r.status;
}
