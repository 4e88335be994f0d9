/* Ids to rows: a table look-up. The rows stay in the file's mapping, in the file's type. */
#ifndef FS_NN_EMBEDDING_H
#define FS_NN_EMBEDDING_H

#include "block.h"

typedef struct fs_embedding {
    fs_block block;
    const fs_kernels *k;
    fs_tensor table; /* (V, E), its data borrowed */
    int vocabulary, width;
    float scale;
    int blank;    /* id -1 is no token: a row of zeros */
    int absorbed; /* the next block reads ids by itself: pass them on */
    int deferred; /* over whole sequences, the next block calls fs_embedding_row when it needs a row */
} fs_embedding;

/* The block as an embedding, or NULL when it is none. */
const fs_embedding *fs_embedding_of(const fs_block *b);

void fs_embedding_row(const fs_embedding *e, int32_t id, float *out); /* out (E); id -1: zeros */

#endif
