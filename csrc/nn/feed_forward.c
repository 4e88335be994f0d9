/* Linear maps with an activation between, row by row (Vaswani et al. 2017, 3.3; gated: Shazeer 2020):
 *
 *     y = act(x W1 + b1) W2 + b2, with `depth` matrices in all
 *     gated, depth 2: y = (act(x Wg + bg) * (x W1 + b1)) W2 + b2, Wg and W1 in one product */
#include "../base/checked.h"
#include "activation.h"
#include "block.h"

enum {
    ROWS = 64,       /* at once, so that the inner ones (ROWS, inner) stay in the cache */
    LEAST_ROWS = 16, /* of a thread, as each goes over the matrices by itself */
    DEPTH_MOST = 8
};

typedef struct fs_feed_forward {
    fs_block block;
    const fs_kernels *k;
    int width, inner, gated, depth;
    fs_activation activation;
    fs_matrix matrix[DEPTH_MOST]; /* (inner, E) or (2 inner, E): gate, then up; (inner, inner) each; (E, inner) */
    float *bias[DEPTH_MOST];
} fs_feed_forward;

static fs_status init_first(fs_feed_forward *n, const fs_build *build, fs_error *err) {
    static const char *const weights[] = {".gate.weight", ".up.weight"}, *const biases[] = {".gate.bias", ".up.bias"};
    const int wide[] = {n->inner, n->inner}, skip = n->gated ? 0 : 1;
    FS_TRY(fs_build_stack(build, weights + skip, wide, 2 - skip, n->width, &n->matrix[0], err));
    return fs_build_stack_bias(build, biases + skip, wide, 2 - skip, 1, &n->bias[0], err);
}

/* inner.1, inner.2, ... */
static fs_status init_between(fs_feed_forward *n, int i, const fs_build *build, fs_error *err) {
    char weight[] = ".inner.0.weight", bias[] = ".inner.0.bias";
    weight[7] = bias[7] = (char)('0' + i);
    FS_TRY(fs_build_matrix(build, weight, n->inner, n->inner, 0, n->inner, &n->matrix[i], err));
    return fs_build_vector(build, bias, n->inner, 1, &n->bias[i], NULL, err);
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_feed_forward *n = (fs_feed_forward *)b;
    n->activation = FS_ACTIVATION_RELU;
    n->depth = 2;
    FS_TRY(fs_option_width(o, "width", &n->width, err));
    FS_TRY(fs_option_width(o, "inner", &n->inner, err));
    FS_TRY(fs_activation_option(o, &n->activation, err));
    FS_TRY(fs_option_int(o, "gated", 0, 1, &n->gated, err));
    FS_TRY(fs_option_int(o, "depth", 2, n->gated ? 2 : DEPTH_MOST, &n->depth, err));
    FS_TRY(fs_block_check_input(before, n->width, o, err));
    FS_TRY(init_first(n, build, err));
    for (int i = 1; i + 1 < n->depth; i++) FS_TRY(init_between(n, i, build, err));
    FS_TRY(fs_build_matrix(build, ".down.weight", n->width, n->inner, 0, n->inner, &n->matrix[n->depth - 1], err));
    FS_TRY(fs_build_vector(build, ".down.bias", n->width, 1, &n->bias[n->depth - 1], NULL, err));
    n->k = build->k;
    b->in_width = b->out_width = n->width;
    return FS_OK;
}

static void release(fs_block *b) {
    fs_feed_forward *n = (fs_feed_forward *)b;
    for (int i = 0; i < n->depth; i++) {
        fs_matrix_free(&n->matrix[i]);
        fs_free(n->bias[i]);
    }
}

static size_t bytes(const fs_block *b) {
    const fs_feed_forward *n = (const fs_feed_forward *)b;
    size_t sum = 0;
    for (int i = 0; i < n->depth; i++) sum += fs_matrix_bytes(&n->matrix[i]);
    return sum;
}

/* inner (rows, I) or, gated, (rows, 2 I): activated, then times the other half */
static void activate(const fs_feed_forward *n, int64_t rows, float *inner) {
    const size_t I = (size_t)n->inner, stride = n->gated ? 2 * I : I;
    for (int64_t i = 0; i < rows; i++, inner += stride) {
        fs_activate(n->k, n->activation, n->inner, inner);
        if (n->gated) n->k->mul_f32(n->inner, inner + I, inner);
    }
}

/* All rows of a call, in items of some; each worker has buffers of its own. */
typedef struct passing {
    const fs_feed_forward *n;
    int64_t rows, some;
    const float *x; /* (rows, E) */
    float *y;       /* (rows, E) */
    float *inner, *other; /* (workers, some, columns of the first matrix) */
    unsigned char *scratch;
    size_t scratch_each;
    fs_run *within; /* threads of one item's products, or NULL */
} passing;

static void run_item(const passing *p, int64_t first, int worker) {
    const fs_feed_forward *n = p->n;
    const int64_t rows = FS_MIN(p->some, p->rows - first);
    const size_t stride = (size_t)n->matrix[0].columns, E = (size_t)n->width, at = (size_t)worker * (size_t)p->some * stride;
    float *inner = p->inner + at, *other = n->depth > 2 ? p->other + at : NULL;
    void *scratch = p->scratch + (size_t)worker * p->scratch_each;
    fs_gemm(&n->matrix[0], rows, p->x + (size_t)first * E, E, n->bias[0], inner, stride, 0, scratch, p->within);
    activate(n, rows, inner);
    for (int i = 1; i + 1 < n->depth; i++) {
        float *const next = other;
        fs_gemm(&n->matrix[i], rows, inner, stride, n->bias[i], next, stride, 0, scratch, p->within);
        activate(n, rows, next);
        other = inner;
        inner = next;
    }
    fs_gemm(&n->matrix[n->depth - 1], rows, inner, stride, n->bias[n->depth - 1], p->y + (size_t)first * E, E, 0, scratch,
            p->within);
}

static void run_items(void *ctx, int64_t begin, int64_t end, int worker) {
    const passing *p = ctx;
    for (int64_t item = begin; item < end; item++) run_item(p, item * p->some, worker);
}

/* threads: those that share the items, or the products of the only one; NULL: the calling one's alone */
static const float *run_rows(const fs_feed_forward *n, fs_arena *arena, int64_t rows, const float *x, fs_run *threads,
                             fs_run *run, int worker) {
    const int64_t workers = threads ? fs_run_threads(threads) : 1;
    const int64_t each = FS_MIN(ROWS, FS_MAX(LEAST_ROWS, (rows + workers - 1) / workers));
    const int64_t some = FS_MAX(FS_MIN(rows, each), 1); /* a call of empty texts has no rows */
    const int64_t items = (rows + some - 1) / some, at_once = FS_MIN(workers, items);
    const size_t E = (size_t)n->width, I = (size_t)n->matrix[0].columns;
    passing p = {.n = n, .rows = rows, .some = some, .x = x, .within = items == 1 ? threads : NULL};
    for (int i = 0; i < n->depth; i++) p.scratch_each = FS_MAX(p.scratch_each, fs_gemm_scratch(&n->matrix[i], some));
    if (!fs_size_round(p.scratch_each, FS_ALIGNMENT, &p.scratch_each)) p.scratch_each = SIZE_MAX;
    p.y = fs_arena_cut(arena, (size_t)rows, E, sizeof(float));
    p.inner = fs_arena_cut(arena, (size_t)(at_once * some), I, sizeof(float));
    p.other = n->depth > 2 ? fs_arena_cut(arena, (size_t)(at_once * some), I, sizeof(float)) : NULL;
    p.scratch = fs_arena_cut(arena, (size_t)at_once, p.scratch_each, 1);
    if (!p.y) return NULL;
    if (at_once > 1)
        fs_parallel_for(threads, items, 1, run_items, &p);
    else
        for (int64_t i = 0; i < items && !fs_run_stopped(run, worker); i++) run_item(&p, i * some, 0);
    return p.y;
}

static void forward(const fs_block *b, fs_flow *f) {
    f->x = run_rows((const fs_feed_forward *)b, f->arena, f->rows, f->x, NULL, f->run, f->worker);
}

static void step(const fs_block *b, fs_step *s) {
    s->x = run_rows((const fs_feed_forward *)b, s->arena, s->n, s->x, s->run, NULL, 0);
}

const fs_block_ops fs_block_feed_forward = {.kind = "feed_forward",
                                            .size = sizeof(fs_feed_forward),
                                            .init = init,
                                            .free = release,
                                            .bytes = bytes,
                                            .leaves_rows_only = 1,
                                            .forward = forward,
                                            .step = step,
                                            .takes_runs = 1};
