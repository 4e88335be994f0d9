/* Searching for sequences with a stepper: what is asked, and where the answers go. */
#ifndef FS_DECODE_H
#define FS_DECODE_H

#include "../base/arena.h"
#include "../base/parallel.h"
#include "../kernels/kernels.h"
#include "../nn/stepper.h"

/* Sources are numbered as the stepper numbers them; source i is sequence order[i] of the caller's. */
typedef struct fs_decode_job {
    const fs_kernels *k;
    int64_t count;                 /* B */
    const int64_t *order;          /* (B), or NULL: source i is sequence i */
    const int32_t *prompt;         /* tokens that go in before the first that comes out, sequence by sequence */
    const int64_t *prompt_offsets; /* (B + 1); every prompt has one token at least */
    const int32_t *stop;           /* (stops): a sequence ends with any of these, which is not part of it */
    int stops;
    const int32_t *never;          /* (nevers): tokens that are not chosen, rising */
    int nevers;
    const int32_t *limit;          /* (B): most tokens of a sequence */
} fs_decode_job;

/* Sequence i's tokens are ids[start[i] .. start[i] + length[i]); start leaves limit[i] places for each. */
typedef struct fs_decode_out {
    const int64_t *start;  /* (B) */
    int32_t *ids;
    float *logprobs;       /* one a token */
    int32_t *length;       /* (B) */
    unsigned char *stopped; /* (B): 1 for an end by a stop token, 0 by the limit */
    float *stop_logprob;   /* (B): of the stop token; 0 without */
    fs_atomic *steps;      /* steps taken, over all workers */
} fs_decode_out;

/* Greedy search over sources [first, first + count): the likeliest token each time, the lowest id on a tie. A
 * sequence that ends gives its row to the next one waiting. One thread; scratch is reused from call to call. */
fs_status fs_greedy(fs_stepper *m, const fs_decode_job *job, int64_t first, int64_t count, const fs_decode_out *out,
                    fs_arena *scratch, fs_run *run, int worker, fs_error *err);

/* All sources of the job over fs_run_threads(run) threads, `grain` sources at a time: a stepper a thread. */
fs_status fs_decode_all(fs_stepper *const *steppers, const fs_decode_job *job, int64_t grain, const fs_decode_out *out,
                        fs_run *run, fs_error *err);

#endif
