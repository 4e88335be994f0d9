/* Attention of a recurrent decoder over the memory: scores of the memory's rows, their weighted sum (the
 * context), and the attended vector act(W [context; query] + b).
 *
 *   dot       q . h_s                     Luong et al. 2015, "Effective approaches to attention-based NMT"
 *   general   (W q) . h_s
 *   additive  v . tanh(W q + b + U h_s)   Bahdanau et al. 2015
 *
 * With input feeding (Luong et al., 3.3) the attended vector is also an input of the next step. */
#ifndef FS_NN_ATTENTION_H
#define FS_NN_ATTENTION_H

#include "block.h"

typedef struct fs_attention {
    fs_block block;
    const fs_kernels *k;
    int score, query, memory, inner, output; /* Q, D, A, O */
    int query_first, activation, feeding;
    fs_matrix query_matrix; /* (D, Q) general, (A, Q) additive */
    fs_matrix key_matrix;   /* (A, D) additive */
    fs_matrix output_matrix; /* (O, D + Q) */
    float *query_bias;      /* (A), additive */
    float *score_vector;    /* (A), additive */
    float *output_bias;     /* (O) */
} fs_attention;

const fs_attention *fs_attention_of(const fs_block *b); /* NULL when it is none */

#endif
