#include "rounding.h"

enum { AT_ONCE = 256, ROWS = 64 }; /* numbers of a row read together; rows that a thread takes */

typedef struct rounding {
    const fs_tensor *from;
    const fs_kernels *k;
    const fs_block_type *type;
    uint8_t *blocks;
    fs_atomic bad; /* row + 1 of a number that does not fit */
} rounding;

static void round_rows(void *ctx, int64_t begin, int64_t end, int worker) {
    rounding *r = ctx;
    const int columns = (int)r->from->shape[1], size = r->type->size, bytes = r->type->bytes;
    uint8_t *to = r->blocks + (size_t)begin * (size_t)(columns / size) * (size_t)bytes;
    float x[AT_ONCE];
    (void)worker;
    for (int64_t row = begin; row < end; row++)
        for (int at = 0, n; at < columns; at += n) {
            n = FS_MIN(AT_ONCE, columns - at);
            fs_tensor_row(r->from, r->k, row, at, n, x);
            if (!fs_block_round(r->type->type, n, x, to)) fs_atomic_store(&r->bad, row + 1);
            to += (size_t)(n / size) * (size_t)bytes;
        }
}

fs_status fs_tensor_round(const fs_tensor *t, const fs_kernels *k, fs_ggml_type type, uint8_t *blocks, size_t size,
                          fs_run *run, fs_error *err) {
    rounding r = {.from = t, .k = k, .type = fs_block_type_of((int)type), .blocks = blocks};
    if (t->dims != 2) return fs_fail(err, FS_ERR_VALUE, t->name, "not a matrix", "2 dimensions|%d", t->dims);
    if (type != FS_GGML_Q4_0 && type != FS_GGML_Q8_0)
        return fs_fail(err, FS_ERR_VALUE, t->name, "nothing is rounded to this type", "2 or 8|%d", (int)type);
    FS_TRY(fs_block_check((int)type, t->shape[0], t->shape[1], size, t->name, err));
    fs_parallel_for(run, t->shape[0], ROWS, round_rows, &r);
    FS_TRY(fs_run_status(run, err));
    if (!fs_atomic_load(&r.bad)) return FS_OK;
    return fs_fail(err, FS_ERR_FORMAT, t->name, "weights that no block can hold", "finite numbers of a usual size|"
                   "NaN, infinity or too large in row %lld",
                   (long long)fs_atomic_load(&r.bad) - 1);
}
