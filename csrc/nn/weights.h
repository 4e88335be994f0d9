/* Named weights as a file holds them, and how blocks take them: checked against the shape the spec asks for. */
#ifndef FS_NN_WEIGHTS_H
#define FS_NN_WEIGHTS_H

#include "../kernels/gemm.h"

typedef struct fs_tensor {
    const char *name;
    fs_dtype dtype;
    int dims;         /* 1 or 2 */
    int64_t shape[2]; /* (rows, columns); a vector is (n, 1) */
    const void *data; /* row-major, contiguous, borrowed */
    const float *scale; /* (rows): int8 only, borrowed */
    int blocks;         /* blocks only: fs_ggml_type */
    size_t size;        /* blocks only: bytes */
    float multiplier;   /* int8 only: what turns the rows it is multiplied with into 8 bits; 0: each row's own */
} fs_tensor;

typedef struct fs_weights {
    const fs_tensor *tensors;
    int count;
} fs_weights;

typedef enum fs_kept_kind { FS_KEPT_F32, FS_KEPT_F16, FS_KEPT_S8 } fs_kept_kind; /* kept.h */

/* What a block is built from: kernels, how matrices are held, the weights, the prefix of their names, where matrices in
 * blocks are laid out and by which threads. */
typedef struct fs_build {
    const fs_kernels *k;
    fs_dtype dtype;
    const fs_weights *weights;
    const char *prefix;
    fs_kept_kind kept; /* how keys and values of a decoder are */
    fs_store *store; /* NULL: blocks are read as they lie */
    fs_run *run;
} fs_build;

/* The tensor "prefix.suffix" of shape (rows, columns), columns 0 for a vector. A missing one is an error
 * unless `optional`, when *out is NULL. */
fs_status fs_build_find(const fs_build *b, const char *suffix, int64_t rows, int64_t columns, int optional,
                        const fs_tensor **out, fs_error *err);

/* A vector (n) as float32 in memory of its own; zeros when optional and missing (*found tells, may be NULL). */
fs_status fs_build_vector(const fs_build *b, const char *suffix, int n, int optional, float **out, int *found,
                          fs_error *err);

/* Columns [first, first + columns) of the matrix `suffix` (rows, total) as float32 in memory of its own. */
fs_status fs_build_floats(const fs_build *b, const char *suffix, int rows, int total, int first, int columns,
                          float **out, fs_error *err);

/* The same columns packed for products. int8 tensors are used as they are when the build holds int8 and the
 * columns are all of them; blocks as well when it holds blocks, where tensors of other types are held as float32. */
fs_status fs_build_matrix(const fs_build *b, const char *suffix, int rows, int total, int first, int columns,
                          fs_matrix *out, fs_error *err);

/* Several matrices of one input, (rows[i], columns) each, packed as one under the other; and their biases, zeros
 * where one is missing. int8 ones have to take their input by one multiplier. */
fs_status fs_build_stack(const fs_build *b, const char *const *suffixes, const int *rows, int count, int columns,
                         fs_matrix *out, fs_error *err);
fs_status fs_build_stack_bias(const fs_build *b, const char *const *suffixes, const int *rows, int count, int optional,
                              float **out, fs_error *err);

/* Row `row` of a two-dimensional tensor as float32. */
void fs_tensor_row(const fs_tensor *t, const fs_kernels *k, int64_t row, int first, int columns, float *out);

#endif
