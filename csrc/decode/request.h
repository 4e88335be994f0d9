/* What one sequence wants, and where its answer goes. Plain data: it belongs to whoever asks, and stays where it is until
 * it is over. */
#ifndef FS_DECODE_REQUEST_H
#define FS_DECODE_REQUEST_H

#include "sampling.h"
#include "stop.h"

/* How a sequence ended: at its limit, by a stop token, as the run was stopped; or there is no such result. Of a request
 * alone: it was cancelled, or its time was over. */
enum { FS_END_LIMIT, FS_END_STOP, FS_END_RUN, FS_END_NONE, FS_END_CANCELLED, FS_END_DEADLINE };

typedef struct fs_request fs_request;

struct fs_request {
    int64_t source;        /* as the stepper numbers them */
    const int32_t *prompt; /* (length): goes in before the first token that comes out; one at least */
    int length;
    int limit;             /* most tokens of the answer */
    const int32_t *stop;   /* (stops): the sequence ends with any of these, which is not part of it */
    int stops;
    const int32_t *never;  /* (nevers): tokens that are not chosen, rising */
    int nevers;
    const fs_strings *stop_text; /* or NULL: it ends as soon as the answer's text holds one of these, which is a part of it */
    const fs_strings *pieces;    /* (V): what each token adds to a text; NULL without stop_text */
    const fs_sampling *sampling; /* how the next token is chosen; NULL: the likeliest */
    int draft;             /* most tokens that are guessed ahead, where its text repeats itself; the answer is the same */
    int64_t deadline_ns;   /* by fs_clock_ns; 0: none */
    fs_atomic cancelled;   /* by anybody, at any time: the sequence ends before its next token */

    /* The answer. There is room for `limit` tokens. */
    int32_t *ids;
    float *logprobs;       /* one a token */
    int32_t *aligned;      /* one a token: the source's token it comes from, -1 where that is not known; or NULL */
    int alternatives;      /* how many of the likeliest tokens to note for each token */
    int32_t *other;        /* (alternatives) a token, the likeliest first; -1: no more of them. NULL without */
    float *other_logprob;
    fs_atomic count;       /* tokens so far; raised once they are written, so anybody may read them */
    int ended;             /* of FS_END_* */
    float stop_logprob;    /* of the stop token; 0 without */
    int64_t begun_ns, first_ns, ended_ns; /* when it got a row, its first token, its end; 0: never */
    int shared;            /* tokens of the prompt that had been computed before */
    int passes;            /* through the model that its answer took */

    /* In a lane (lane.h). */
    fs_request *next;
    fs_atomic watched;     /* by anybody: whether each new token is news */
    int64_t told;          /* tokens so far as the lane last came back */
};

/* Token `at` of its text: the prompt, and the answer so far behind it. */
static inline int32_t fs_request_token(const fs_request *q, int at) {
    return at < q->length ? q->prompt[at] : q->ids[at - q->length];
}

/* Where requests come from: a list, or an engine's queue. */
typedef struct fs_waiting fs_waiting;

struct fs_waiting {
    fs_request *(*next)(fs_waiting *w);             /* the next one, or NULL when none waits now */
    void (*over)(fs_waiting *w, fs_request *request); /* it has ended */
};

#endif
