/* Sequences of a job through rows, from a list. */
#include "decode.h"
#include "rows.h"

typedef struct list {
    fs_waiting waiting; /* first: the list is what rows take requests from */
    const fs_decode_job *job;
    const fs_decode_out *out;
    int64_t next, end;    /* sources waiting: [next, end) */
    fs_request *requests; /* (R) */
    fs_request **unused;  /* (R): those not under way */
    int spare;
} list;

static fs_request *take(fs_waiting *waiting) {
    list *l = (list *)waiting;
    const fs_decode_job *job = l->job;
    const int64_t source = l->next, sequence = job->order && source < l->end ? job->order[source] : source;
    fs_request *q;
    if (source == l->end) return NULL;
    l->next++;
    q = l->unused[--l->spare];
    *q = (fs_request){.source = source, .prompt = job->prompt + job->prompt_offsets[sequence],
                      .length = (int)(job->prompt_offsets[sequence + 1] - job->prompt_offsets[sequence]),
                      .limit = job->limit[sequence], .stop = job->stop, .stops = job->stops, .never = job->never,
                      .nevers = job->nevers, .stop_text = job->stop_text, .pieces = job->pieces,
                      .sampling = job->sampling ? &job->sampling[sequence] : NULL, .ids = l->out->ids + l->out->start[sequence],
                      .logprobs = l->out->logprobs + l->out->start[sequence]};
    if (job->alternatives) {
        q->alternatives = job->alternatives;
        q->other = l->out->other + l->out->start[sequence] * job->alternatives;
        q->other_logprob = l->out->other_logprob + l->out->start[sequence] * job->alternatives;
    }
    if (l->out->aligned) q->aligned = l->out->aligned + l->out->start[sequence];
    return q;
}

static void write_result(fs_waiting *waiting, fs_request *q) {
    list *l = (list *)waiting;
    const int64_t sequence = l->job->order ? l->job->order[q->source] : q->source;
    l->out->length[sequence] = (int32_t)q->count;
    l->out->ended[sequence] = (unsigned char)q->ended;
    l->out->stop_logprob[sequence] = q->stop_logprob;
    l->unused[l->spare++] = q;
}

static fs_status cut_room(list *l, fs_rows *rows, fs_arena *scratch, fs_error *err) {
    const size_t R = (size_t)rows->m->rows;
    for (fs_arena_plan(scratch);;) {
        l->requests = fs_arena_cut(scratch, R, 1, sizeof *l->requests);
        l->unused = fs_arena_cut(scratch, R, 1, sizeof(fs_request *));
        fs_rows_cut(rows, scratch);
        if (!fs_arena_planning(scratch)) break;
        FS_TRY(fs_arena_ready(scratch, "decoder rows", err));
    }
    fs_rows_begin(rows);
    for (l->spare = 0; l->spare < rows->m->rows; l->spare++) l->unused[l->spare] = &l->requests[l->spare];
    return FS_OK;
}

fs_status fs_greedy(fs_stepper *m, const fs_decode_job *job, int64_t first, int64_t count, const fs_decode_out *out,
                    fs_arena *scratch, fs_run *run, int worker, fs_error *err) {
    list l = {.waiting = {take, write_result}, .job = job, .out = out, .next = first, .end = first + count};
    fs_rows rows = {.m = m, .k = job->k, .waiting = &l.waiting};
    fs_status st = FS_OK;
    FS_TRY(cut_room(&l, &rows, scratch, err));
    FS_TRY(m->prepare(m, first, count, err));
    while (st == FS_OK && !fs_run_stopped(run, worker)) { /* which may have been while sources were made ready */
        st = fs_rows_pass(&rows, err);
        if (!rows.n) break;
    }
    fs_rows_stop(&rows, FS_END_RUN);
    fs_atomic_add(out->steps, rows.passes);
    return st;
}
