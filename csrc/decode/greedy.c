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

void fs_decode_request(const fs_decode_job *job, const fs_decode_out *out, int64_t source, fs_request *q) {
    const int64_t sequence = job->order ? job->order[source] : source;
    *q = (fs_request){.source = source, .prompt = job->prompt + job->prompt_offsets[sequence],
                      .length = (int)(job->prompt_offsets[sequence + 1] - job->prompt_offsets[sequence]),
                      .limit = job->limit[sequence], .stop = job->stop, .stops = job->stops, .never = job->never,
                      .nevers = job->nevers, .stop_text = job->stop_text, .pieces = job->pieces,
                      .sampling = job->sampling ? &job->sampling[sequence] : NULL, .draft = job->draft,
                      .ids = out->ids + out->start[sequence], .logprobs = out->logprobs + out->start[sequence]};
    if (job->alternatives) {
        q->alternatives = job->alternatives;
        q->other = out->other + out->start[sequence] * job->alternatives;
        q->other_logprob = out->other_logprob + out->start[sequence] * job->alternatives;
    }
    if (out->aligned) q->aligned = out->aligned + out->start[sequence];
}

void fs_decode_write(const fs_decode_job *job, const fs_decode_out *out, const fs_request *q) {
    const int64_t sequence = job->order ? job->order[q->source] : q->source;
    int64_t *times = out->times + 3 * sequence;
    out->length[sequence] = (int32_t)q->count;
    out->ended[sequence] = (unsigned char)q->ended;
    out->stop_logprob[sequence] = q->stop_logprob;
    times[0] = q->begun_ns;
    times[1] = q->first_ns;
    times[2] = q->ended_ns;
}

static fs_request *take(fs_waiting *waiting) {
    list *l = (list *)waiting;
    fs_request *q;
    if (l->next == l->end) return NULL;
    q = l->unused[--l->spare];
    fs_decode_request(l->job, l->out, l->next++, q);
    return q;
}

static void write_result(fs_waiting *waiting, fs_request *q) {
    list *l = (list *)waiting;
    fs_decode_write(l->job, l->out, q);
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
    fs_shelf shelf = {0};
    fs_status st = FS_OK;
    FS_TRY_DONE(cut_room(&l, &rows, scratch, err));
    FS_TRY_DONE(m->prepare(m, first, count, err));
    if (job->beginning && m->shelf) {
        FS_TRY_DONE(fs_shelf_open(&shelf, m, 0, err));
        FS_TRY_DONE(fs_shelf_load(&shelf, job->beginning, err));
        rows.shelf = &shelf;
    }
    while (st == FS_OK && !fs_run_stopped(run, worker)) { /* which may have been while sources were made ready */
        st = fs_rows_pass(&rows, err);
        if (!rows.n) break;
    }
    if (st == FS_ERR_INTERRUPTED) st = FS_OK; /* the run knows */
    fs_rows_stop(&rows, FS_END_RUN);
    fs_atomic_add(out->steps, rows.passes);
done:
    fs_shelf_close(&shelf);
    return st;
}
