/* Linear maps with an activation between, row by row (Vaswani et al. 2017, 3.3; gated: Shazeer 2020):
 *
 *     y = act(x W1 + b1) W2 + b2, with `depth` matrices in all
 *     gated, depth 2: y = (act(x Wg + bg) * (x W1 + b1)) W2 + b2, Wg and W1 in one product */
#include "activation.h"
#include "block.h"

enum { ROWS = 64, DEPTH_MOST = 8 }; /* rows at once, so that the inner ones (ROWS, inner) stay in the cache */

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

/* Rows x (rows, E) to y (rows, E); inner and other: room for (rows, columns of the first matrix) */
static void run_some(const fs_feed_forward *n, int64_t rows, const float *x, float *inner, float *other, float *y,
                     void *scratch) {
    size_t stride = (size_t)n->matrix[0].columns;
    fs_gemm(&n->matrix[0], rows, x, (size_t)n->width, n->bias[0], inner, stride, 0, scratch, NULL);
    activate(n, rows, inner);
    for (int i = 1; i + 1 < n->depth; i++) {
        float *const next = other;
        fs_gemm(&n->matrix[i], rows, inner, stride, n->bias[i], next, stride, 0, scratch, NULL);
        activate(n, rows, next);
        other = inner;
        inner = next;
    }
    fs_gemm(&n->matrix[n->depth - 1], rows, inner, stride, n->bias[n->depth - 1], y, (size_t)n->width, 0, scratch, NULL);
}

static const float *run_rows(const fs_feed_forward *n, fs_arena *arena, int64_t rows, const float *x, fs_run *run,
                             int worker) {
    const int64_t some = FS_MIN(rows, ROWS);
    const size_t E = (size_t)n->width, I = (size_t)n->matrix[0].columns;
    size_t need = 0;
    float *y = fs_arena_cut(arena, (size_t)rows, E, sizeof(float)), *inner, *other;
    void *scratch;
    for (int i = 0; i < n->depth; i++) need = FS_MAX(need, fs_gemm_scratch(&n->matrix[i], some));
    inner = fs_arena_cut(arena, (size_t)some, I, sizeof(float));
    other = n->depth > 2 ? fs_arena_cut(arena, (size_t)some, I, sizeof(float)) : NULL;
    scratch = fs_arena_cut(arena, 1, need, 1);
    for (int64_t at = 0; y && at < rows && !fs_run_stopped(run, worker); at += some)
        run_some(n, FS_MIN(some, rows - at), x + (size_t)at * E, inner, other, y + (size_t)at * E, scratch);
    return y;
}

static void forward(const fs_block *b, fs_flow *f) {
    f->x = run_rows((const fs_feed_forward *)b, f->arena, f->rows, f->x, f->run, f->worker);
}

static void step(const fs_block *b, fs_step *s) {
    s->x = run_rows((const fs_feed_forward *)b, s->arena, s->n, s->x, NULL, 0);
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
