/* A decoding job over threads: each takes the next piece of the sources as it becomes free. */
#include "decode.h"

enum { FEWEST = 32 }; /* sources of a piece while there are as many: fewer would leave rows of a step empty */

int64_t fs_decode_cut(const fs_decode_job *job, const int64_t *offsets, int64_t sources, int64_t tokens, int threads,
                      int64_t *cuts) {
    int64_t pieces = 0, at = 0;
    for (cuts[0] = 0; at < job->count; cuts[++pieces] = at) {
        const int64_t share = threads > 1 ? (job->count - at + 2 * threads - 1) / (2 * threads) : sources;
        const int64_t first = at, most = FS_MIN(sources, FS_MAX(share, FEWEST));
        for (int64_t sum = 0; at < job->count && at - first < most; at++) {
            const int64_t sequence = job->order ? job->order[at] : at;
            sum += offsets ? offsets[sequence + 1] - offsets[sequence] : 0;
            if (sum > tokens && at > first) break;
        }
    }
    return pieces;
}

typedef struct schedule {
    fs_stepper *const *steppers;
    const fs_decode_job *job;
    const int64_t *cuts;
    const fs_decode_out *out;
    fs_run *run;
    fs_arena *scratch;  /* one a worker, like the rest */
    fs_status *status;
    fs_error *errors;
} schedule;

static void decode_task(void *ctx, int64_t begin, int64_t end, int worker) {
    schedule *s = ctx;
    fs_search *search = s->job->beam > 1 ? fs_beam : fs_greedy;
    for (int64_t i = begin; i < end && s->status[worker] == FS_OK; i++)
        s->status[worker] = search(s->steppers[worker], s->job, s->cuts[i], s->cuts[i + 1] - s->cuts[i], s->out,
                                   &s->scratch[worker], s->run, worker, &s->errors[worker]);
    for (int64_t i = begin; i < end; i++) /* progress counts sources; the piece itself is counted as one already */
        fs_atomic_add(&s->run->done, s->cuts[i + 1] - s->cuts[i] - 1);
}

fs_status fs_decode_all(fs_stepper *const *steppers, const fs_decode_job *job, const int64_t *cuts, int64_t pieces,
                        const fs_decode_out *out, fs_run *run, fs_error *err) {
    int threads = fs_run_threads(run);
    schedule s = {.steppers = steppers, .job = job, .cuts = cuts, .out = out, .run = run};
    fs_status st = FS_OK;
    s.scratch = fs_alloc((size_t)threads * sizeof *s.scratch);
    s.status = fs_alloc((size_t)threads * sizeof *s.status);
    s.errors = fs_alloc((size_t)threads * sizeof *s.errors);
    if (!s.scratch || !s.status || !s.errors) {
        st = fs_fail_memory(err, "decode", (uint64_t)threads * sizeof *s.errors);
    } else {
        fs_parallel_for(run, pieces, 1, decode_task, &s);
        for (int i = threads - 1; i >= 0; i--) { /* the lowest worker's failure is the one told */
            fs_arena_close(&s.scratch[i]);
            if (s.status[i] == FS_OK) continue;
            st = s.status[i];
            if (err) *err = s.errors[i];
        }
        if (st == FS_OK) st = fs_run_status(run, err);
    }
    fs_free(s.scratch);
    fs_free(s.status);
    fs_free(s.errors);
    return st;
}
