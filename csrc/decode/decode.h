/* Searching for sequences with a stepper: what is asked, and where the answers go. */
#ifndef FS_DECODE_H
#define FS_DECODE_H

#include "../base/arena.h"
#include "../base/parallel.h"
#include "../kernels/kernels.h"
#include "../nn/stepper.h"
#include "shelf.h"

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
    const fs_strings *stop_text;   /* or NULL: a sequence ends as soon as its text holds one of these */
    const fs_strings *pieces;      /* (V): what each token adds to a text; NULL without stop_text */
    const fs_sampling *sampling;   /* (B), or NULL: how tokens are chosen; of beams, what changes logits, and `forced` */
    int alternatives;              /* most likely tokens to note for each token of an answer. Not for beams */
    const int32_t *limit;          /* (B): most tokens of a sequence */
    const fs_beginning *beginning; /* of greedy search: what prompts may begin with, computed before; or NULL */
    int draft;                     /* of greedy search: as of a request */
    int beam;                      /* hypotheses at once: 1 is greedy search */
    int results;                   /* A of a sequence, best first; at most `beam` */
    float length_penalty;          /* alpha: hypotheses rank by log-probability / length^alpha */
} fs_decode_job;

/* Results of sequence i are r = A i .. A i + A - 1; tokens of r are ids[start[r] .. start[r] + length[r]). start leaves
 * limit[i] places for each. `ended` says FS_END_RUN of a sequence's first result, FS_END_NONE of the others, until a search
 * says more. */
typedef struct fs_decode_out {
    const int64_t *start;  /* (A B) */
    int32_t *ids;
    float *logprobs;       /* one a token */
    int32_t *aligned;      /* one a token: the source's token it comes from, -1 where that is not known; or NULL */
    int32_t *other;        /* (alternatives) a token, the likeliest first; -1: no more of them. NULL without */
    float *other_logprob;
    int32_t *length;       /* (A B) */
    unsigned char *ended;  /* (A B) */
    float *stop_logprob;   /* (A B): of the stop token; 0 without */
    int64_t *times;        /* (B, 3): by fs_clock_ns, when a sequence began, had its first token, ended; 0: never */
    fs_atomic *steps;      /* steps taken, over all workers */
} fs_decode_out;

/* What the job wants of a source, as a request whose answer goes to `out`; and the rest of that, once it is over. */
void fs_decode_request(const fs_decode_job *job, const fs_decode_out *out, int64_t source, fs_request *q);
void fs_decode_write(const fs_decode_job *job, const fs_decode_out *out, const fs_request *q);

/* A search over sources [first, first + count). One thread; scratch is reused from call to call. */
typedef fs_status fs_search(fs_stepper *m, const fs_decode_job *job, int64_t first, int64_t count, const fs_decode_out *out,
                            fs_arena *scratch, fs_run *run, int worker, fs_error *err);

/* The likeliest token each time, the lowest id on a tie. A sequence that ends gives its row to the next one waiting. */
fs_search fs_greedy;

/* The `beam` likeliest beginnings of each sequence at once. One that ends takes a place of the beam for good, and the search
 * goes on with what is left until all have ended, or none that goes on can still rank among the results. Ends at the limit
 * count as any other. Of equals the one first found is kept, that of the lowest id among one hypothesis' continuations. The
 * length that scores are divided by counts the tokens of the answer and the stop token. The stepper
 * has `beam` rows at least. */
fs_search fs_beam;

/* Cuts sources into pieces for threads to take, cuts (count + 1) rising from 0 to count; returns how many. A piece has at
 * most `sources` of them, and where lengths are given at most `tokens` in all or one source; several threads find smaller
 * ones towards the end, so that they end together. offsets (B + 1): sequence i has offsets[i + 1] - offsets[i] tokens; NULL:
 * not known. */
int64_t fs_decode_cut(const fs_decode_job *job, const int64_t *offsets, int64_t sources, int64_t tokens, int threads,
                      int64_t *cuts);

/* All sources of the job over fs_run_threads(run) threads, a stepper a thread: sources [cuts[i], cuts[i + 1]) at a time. */
fs_status fs_decode_all(fs_stepper *const *steppers, const fs_decode_job *job, const int64_t *cuts, int64_t pieces,
                        const fs_decode_out *out, fs_run *run, fs_error *err);

#endif
