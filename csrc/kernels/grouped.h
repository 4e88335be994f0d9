/* Product of ragged rows with a weight matrix that is quantized in groups along K: y = x W^T + bias.
 *
 *   x (M, K) float32     W (N, K) in blocks of ggml's     y (M, N) float32
 *
 * W is laid out anew once, at load (grouped_types.h); its numbers stay those of the file. Activations are quantized a
 * group at a time (symmetric, 8 bits; from 2^111 on they give NaN), sums over a group are exact, and y is one chain of
 * additions over rising groups: a row has the same bits whatever M, the other rows or the thread count. */
#ifndef FS_GROUPED_H
#define FS_GROUPED_H

#include "../base/arena.h"
#include "../base/parallel.h"
#include "../base/store.h"
#include "kernels.h"

#define FS_MATRIX_SIDE_MAX (1 << 24) /* N and K at most */

/* Types of ggml, by its numbers. */
typedef enum fs_ggml_type {
    FS_GGML_Q4_0 = 2,
    FS_GGML_Q4_1 = 3,
    FS_GGML_Q5_0 = 6,
    FS_GGML_Q5_1 = 7,
    FS_GGML_Q8_0 = 8,
    FS_GGML_Q4_K = 12,
    FS_GGML_Q5_K = 13,
    FS_GGML_Q6_K = 14,
    FS_GGML_IQ4_NL = 20
} fs_ggml_type;

/* Rows of a matrix in blocks of a type of ggml's. */
typedef struct fs_block_rows {
    int type;            /* fs_ggml_type */
    int rows;
    const uint8_t *data; /* row by row */
    size_t size;         /* bytes */
    const char *name;
} fs_block_rows;

typedef struct fs_grouped {
    const fs_kernels *k;
    fs_grouped_form form;
    int columns; /* N */
    int depth;   /* K */
    int groups;
    const uint8_t *packed; /* the store's; NULL where each product lays the panels out for itself */
    size_t packed_bytes;
    const fs_block_rows *parts; /* as they lie, borrowed */
} fs_grouped;

/* Rows of K numbers, the parts one under the other; all are of one form. store NULL: blocks are read as they lie, more
 * slowly, with the same results; they and `parts` then have to outlive *m. FS_ERR_VALUE for a type that is not known, a row
 * that is not whole blocks, a size that contradicts the rows, or a scale that is not finite; *m is then empty. */
fs_status fs_grouped_init(fs_grouped *m, const fs_kernels *k, const fs_block_rows *parts, int count, int depth,
                          fs_store *store, fs_run *run, fs_error *err);

/* Panel `panel` of what is not laid out, to its bytes; 0 where a scale is not finite. */
size_t fs_grouped_panel_bytes(const fs_grouped *m);
int fs_grouped_lay_panel(const fs_grouped *m, int panel, uint8_t *to);

/* Bytes of scratch that fs_grouped_multiply needs for `rows` rows; SIZE_MAX when it does not fit. */
size_t fs_grouped_scratch(const fs_grouped *m, int64_t rows);

/* y (rows, N) = x (rows, K) W^T + bias, or += when accumulate; as fs_gemm. W is `count` matrices of one depth, one under
 * the other. scratch: the most that one of them needs. */
void fs_grouped_multiply(const fs_grouped *parts, int count, int64_t rows, const float *x, size_t x_stride, const float *bias,
                         float *y, size_t y_stride, int accumulate, void *scratch, fs_run *run);

/* ---- blocks of ggml, for fs_grouped_init ---- */

/* One row's worth of a block: u as the form has it (0 to 15, or 128 above the value), d and m a group. */
typedef struct fs_block_values {
    uint8_t u[256];
    float d[16], m[16];
} fs_block_values;

typedef struct fs_block_type {
    fs_ggml_type type;
    fs_grouped_form form;
    int size, bytes; /* numbers and bytes of a block */
    void (*read)(const uint8_t *block, fs_block_values *to);
} fs_block_type;

const fs_block_type *fs_block_type_of(int type); /* NULL: none of these */

/* That a matrix is of whole blocks of a type there is, `size` bytes in all; else FS_ERR_VALUE. */
fs_status fs_block_check(int type, int64_t rows, int64_t columns, size_t size, const char *where, fs_error *err);

/* Columns [first, first + columns) of row `row` of blocks, `depth` numbers a row, as ggml computes them. */
void fs_block_row(const fs_block_type *type, const uint8_t *blocks, int64_t row, int depth, int first, int columns,
                  float *out);

/* x (n) as blocks of Q4_0 or Q8_0, n a multiple of 32. Q8_0: d = max |x| / 127, as ggml has it; Q4_0: of some d near
 * -(largest) / 8 the one whose whole numbers leave the least squared error. 0 where a scale does not come out finite. */
int fs_block_round(fs_ggml_type type, int n, const float *x, uint8_t *blocks);

#endif
