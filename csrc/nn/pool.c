/* One row a sequence from its rows: the final states of a recurrent block, or mean, max, last or first row. */
#include <string.h>

#include "block.h"

enum { POOL_FINAL, POOL_MEAN, POOL_MAX, POOL_LAST, POOL_FIRST };
static const char *const kinds[] = {"final", "mean", "max", "last", "first", NULL};

typedef struct fs_pool {
    fs_block block;
    int kind;
} fs_pool;

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_pool *p = (fs_pool *)b;
    FS_TRY(fs_option_choice(o, "kind", kinds, &p->kind, err));
    if (!before || !before->out_width)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "a pool needs rows", "a block before it|none");
    if (p->kind == POOL_FINAL && before->ops != &fs_block_rnn)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "final states need a recurrent block", "rnn|%s before it",
                       before->ops->kind);
    b->in_width = b->out_width = before->out_width;
    return FS_OK;
}

/* y (width) from `n` rows of x; zeros from none */
static void pool_rows(int kind, int64_t n, int width, const float *x, float *y) {
    memset(y, 0, (size_t)width * sizeof *y);
    if (!n) return;
    if (kind == POOL_LAST || kind == POOL_FIRST) {
        memcpy(y, kind == POOL_LAST ? x + (n - 1) * width : x, (size_t)width * sizeof *y);
        return;
    }
    memcpy(y, x, (size_t)width * sizeof *y);
    for (int64_t i = 1; i < n; i++)
        for (int j = 0; j < width; j++) {
            float v = x[i * width + j];
            y[j] = kind == POOL_MEAN ? y[j] + v : FS_MAX(y[j], v);
        }
    if (kind == POOL_MEAN)
        for (int j = 0; j < width; j++) y[j] /= (float)n;
}

static void forward(const fs_block *b, fs_flow *f) {
    const fs_pool *p = (const fs_pool *)b;
    int width = b->out_width;
    float *y = fs_arena_cut(f->arena, (size_t)f->count, (size_t)width, sizeof(float));
    for (int64_t i = 0; y && i < f->count; i++) {
        if (p->kind == POOL_FINAL) /* of the last layer */
            memcpy(y + i * width, f->hidden + (i * f->layers + f->layers - 1) * f->hidden_width,
                   (size_t)width * sizeof *y);
        else
            pool_rows(p->kind, f->offsets[i + 1] - f->offsets[i], width, f->x + f->offsets[i] * width, y + i * width);
    }
    f->x = y;
    f->rows = f->count;
    f->width = width;
}

static int takes_finals(const fs_block *b) { return ((const fs_pool *)b)->kind == POOL_FINAL; }

const fs_block_ops fs_block_pool = {
    .kind = "pool", .size = sizeof(fs_pool), .init = init, .forward = forward, .takes_finals = takes_finals};
