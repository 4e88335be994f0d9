#ifndef FS_NN_LINEAR_H
#define FS_NN_LINEAR_H

#include "activation.h"
#include "block.h"

typedef struct fs_linear {
    fs_block block;
    fs_matrix matrix;
    fs_tensor rows; /* (output, input): the weights as given, their data borrowed */
    fs_dots_row *facts; /* (output): int8 weights given as such */
    float *bias; /* (output) or NULL */
    int input, output;
    fs_activation activation;
    float cap; /* above 0: y becomes cap tanh(y / cap) */
} fs_linear;

/* The block as a linear one, or NULL when it is none. */
const fs_linear *fs_linear_of(const fs_block *b);

/* y (rows, output) from x (rows, input), rows `stride` apart; scratch as fs_gemm_scratch says */
void fs_linear_apply(const fs_linear *l, int64_t rows, const float *x, size_t stride, float *y, void *scratch,
                     fs_run *run);

/* Some of a row's outputs. */
typedef struct fs_choice {
    const int32_t *columns; /* (count), rising */
    int count;
    int done;               /* 0 */
    float *y;               /* takes (count); has room for all outputs */
} fs_choice;

/* Of each of the rows x (n, input) the outputs that its choice names. The bits are those of fs_linear_apply. scratch: as
 * fs_gemm_scratch says. */
void fs_linear_choose(const fs_linear *l, int n, const float *x, fs_choice *choices, void *scratch);

#endif
