/* Matrices rounded to blocks of a smaller type. */
#ifndef FS_NN_ROUNDING_H
#define FS_NN_ROUNDING_H

#include "../base/parallel.h"
#include "weights.h"

/* A matrix of any type as blocks of Q4_0 or Q8_0, `size` bytes, row by row. FS_ERR_VALUE where its rows are not whole
 * blocks, or a number of it is not finite or too large for a block. */
fs_status fs_tensor_round(const fs_tensor *t, const fs_kernels *k, fs_ggml_type type, uint8_t *blocks, size_t size,
                          fs_run *run, fs_error *err);

#endif
