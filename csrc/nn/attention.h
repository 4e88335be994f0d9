/* Attention of a recurrent decoder over the memory: a look (look.h) gives the context, and the attended vector is
 * act(W [context; query] + b).
 *
 * With input feeding (Luong et al., 3.3) the attended vector is also an input of the next step. */
#ifndef FS_NN_ATTENTION_H
#define FS_NN_ATTENTION_H

#include "look.h"

typedef struct fs_attention {
    fs_block block;
    const fs_kernels *k;
    fs_look look;
    int output; /* O */
    int query_first, activation, feeding;
    fs_matrix output_matrix; /* (O, D + Q) */
    float *output_bias;      /* (O) */
} fs_attention;

const fs_attention *fs_attention_of(const fs_block *b); /* NULL when it is none */

#endif
