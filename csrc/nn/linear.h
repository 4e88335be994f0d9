#ifndef FS_NN_LINEAR_H
#define FS_NN_LINEAR_H

#include "block.h"

typedef struct fs_linear {
    fs_block block;
    fs_matrix matrix;
    fs_tensor rows; /* (output, input): the weights as given, their data borrowed */
    float *bias; /* (output) or NULL */
    int input, output;
    int activation;
} fs_linear;

/* The block as a linear one, or NULL when it is none. */
const fs_linear *fs_linear_of(const fs_block *b);

/* y (rows, output) from x (rows, input), rows `stride` apart; scratch as fs_gemm_scratch says */
void fs_linear_apply(const fs_linear *l, int64_t rows, const float *x, size_t stride, float *y, void *scratch,
                     fs_run *run);

/* Of one row x (input), the outputs columns[0 .. count), rising: to y[0 .. count); y has room for all outputs. The bits
 * are those of fs_linear_apply. scratch: as fs_gemm_scratch says for one row. */
void fs_linear_choose(const fs_linear *l, const float *x, const int32_t *columns, int count, float *y, void *scratch);

#endif
