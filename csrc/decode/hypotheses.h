/* The hypotheses of one sequence: those that go on, those that ended, and the tokens of all of them.
 *
 * Tokens lie in a tree that only grows: a node is a token and the node before it, so a hypothesis is its last node, and
 * those that fork share their beginning.
 *
 *     live   (K - ended at most)   best first; each is a row of the stepper
 *     ended  (K at most)           in the order they ended
 *     nodes  (K x limit)           at most K a step */
#ifndef FS_DECODE_HYPOTHESES_H
#define FS_DECODE_HYPOTHESES_H

#include "decode.h"

typedef struct fs_node {
    int32_t before; /* -1: the first */
    int32_t token, aligned;
    float logprob;
} fs_node;

typedef struct fs_live {
    double score; /* sum of log-probabilities */
    int32_t node; /* -1: no token yet */
} fs_live;

typedef struct fs_ended {
    double rank; /* score / length^alpha */
    int32_t node, length;
    float stop_logprob;
    int how;
} fs_ended;

/* A continuation of a hypothesis. */
typedef struct fs_next {
    double score;
    int32_t from; /* which of the live */
    int32_t token;
    float logprob;
} fs_next;

typedef struct fs_hypotheses {
    int64_t sequence;
    int fed;    /* tokens of the prompt that have gone in or are about to */
    int length; /* tokens of each that goes on */
    int lives, ends, nexts;
    int32_t nodes;
    fs_live *live, *grown; /* (K), (K): grown takes the next step's */
    fs_ended *ended;       /* (K) */
    fs_next *next;         /* (K): the best continuations, best first */
    fs_node *node;         /* (K limit) */
} fs_hypotheses;

/* One hypothesis without tokens. */
void fs_hypotheses_begin(fs_hypotheses *h, int64_t sequence);

/* Notes a continuation if it is among the best K - ends; 0 when it is not, and neither will a worse one of the same
 * hypothesis be. */
int fs_hypotheses_offer(fs_hypotheses *h, const fs_decode_job *job, fs_next next);

/* The tokens up to a node, the first one first; path has room for the limit. Gives how many. */
int32_t fs_hypotheses_path(const fs_hypotheses *h, int32_t node, int32_t *path);

/* The live hypotheses become their best continuations: from (lives) says which each comes from, aligned (lives before) what
 * each looked at. Those that end, end. path (limit): scratch. */
void fs_hypotheses_grow(fs_hypotheses *h, const fs_decode_job *job, const int32_t *aligned, int32_t *from, int32_t *path);

/* Whether nothing that goes on can still be among the results. */
int fs_hypotheses_over(const fs_hypotheses *h, const fs_decode_job *job);

/* What still goes on ends as it is. */
void fs_hypotheses_stop(fs_hypotheses *h, const fs_decode_job *job);

/* Writes the results, of those that ended. */
void fs_hypotheses_write(fs_hypotheses *h, const fs_decode_job *job, const fs_decode_out *out);

#endif
