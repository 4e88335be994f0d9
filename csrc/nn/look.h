/* A query's look at the memory: a score for each of its rows, their softmax, and the rows' weighted sum (the context).
 *
 *   dot       q . h_s                     Luong et al. 2015, "Effective approaches to attention-based NMT"
 *   general   (W q) . h_s
 *   additive  v . tanh(W q + b + U h_s)   Bahdanau et al. 2015; W q and U h_s may be layer-normed first */
#ifndef FS_NN_LOOK_H
#define FS_NN_LOOK_H

#include "block.h"

enum { FS_LOOK_DOT, FS_LOOK_GENERAL, FS_LOOK_ADDITIVE };

typedef struct fs_look {
    const fs_kernels *k;
    int kind, query, memory, inner; /* Q, D, A */
    float epsilon;          /* of the norms; 0: none */
    fs_matrix query_matrix; /* (D, Q) general, (A, Q) additive */
    fs_matrix key_matrix;   /* (A, D) additive */
    float *query_bias, *key_bias; /* (A), additive; the key's with norms alone */
    float *query_gain, *key_gain; /* (A), with norms */
    float *score_vector;    /* (A), additive */
} fs_look;

/* The weights; kind, widths and epsilon are set. */
fs_status fs_look_init(fs_look *l, const fs_build *build, fs_error *err);
void fs_look_free(fs_look *l);
size_t fs_look_bytes(const fs_look *l);

/* keys (N, A) of an additive look from the memory's rows (N, D): cut, and made unless m is NULL; else NULL */
float *fs_look_keys(const fs_look *l, const fs_memory *m, int64_t rows, fs_arena *arena);

/* What a step works with, cut from its arena. */
typedef struct fs_look_room {
    float *queries; /* (n, A or D) */
    void *scratch;
} fs_look_room;

void fs_look_cut_room(const fs_look *l, const fs_step *s, fs_look_room *room);

/* contexts (n, D), `stride` apart, of queries x (n, Q); weights go to the step's attention. Zeros where there are no rows. */
void fs_look_at(const fs_look *l, const fs_step *s, const float *x, const fs_look_room *room, float *contexts, size_t stride);

#endif
