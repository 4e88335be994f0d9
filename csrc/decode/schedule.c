/* A decoding job over threads: each takes the next run of sources as it becomes free. */
#include "decode.h"

typedef struct schedule {
    fs_stepper *const *steppers;
    const fs_decode_job *job;
    const fs_decode_out *out;
    fs_run *run;
    fs_arena *scratch;  /* one a worker, like the rest */
    fs_status *status;
    fs_error *errors;
} schedule;

static void decode_task(void *ctx, int64_t begin, int64_t end, int worker) {
    schedule *s = ctx;
    if (s->status[worker] != FS_OK) return;
    s->status[worker] = fs_greedy(s->steppers[worker], s->job, begin, end - begin, s->out, &s->scratch[worker], s->run,
                                  worker, &s->errors[worker]);
}

fs_status fs_decode_all(fs_stepper *const *steppers, const fs_decode_job *job, int64_t grain, const fs_decode_out *out,
                        fs_run *run, fs_error *err) {
    int threads = fs_run_threads(run);
    schedule s = {.steppers = steppers, .job = job, .out = out, .run = run};
    fs_status st = FS_OK;
    s.scratch = fs_alloc((size_t)threads * sizeof *s.scratch);
    s.status = fs_alloc((size_t)threads * sizeof *s.status);
    s.errors = fs_alloc((size_t)threads * sizeof *s.errors);
    if (!s.scratch || !s.status || !s.errors) {
        st = fs_fail_memory(err, "decode", (uint64_t)threads * sizeof *s.errors);
    } else {
        fs_parallel_for(run, job->count, grain, decode_task, &s);
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
