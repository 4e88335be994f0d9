#ifndef FS_NN_LINEAR_H
#define FS_NN_LINEAR_H

#include "block.h"

typedef struct fs_linear {
    fs_block block;
    fs_matrix matrix;
    float *bias; /* (output) or NULL */
    int input, output;
    int activation;
} fs_linear;

/* The block as a linear one, or NULL when it is none. */
const fs_linear *fs_linear_of(const fs_block *b);

/* y (rows, output) from x (rows, input), rows `stride` apart; scratch as fs_gemm_scratch says */
void fs_linear_apply(const fs_linear *l, int64_t rows, const float *x, size_t stride, float *y, void *scratch,
                     fs_run *run);

#endif
