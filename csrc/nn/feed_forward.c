/* Two linear maps with an activation between, row by row (Vaswani et al. 2017, 3.3):
 * y = act(x W1 + b1) W2 + b2. */
#include "block.h"

enum { ROWS = 64 }; /* rows at once, so that the inner ones (ROWS, inner) stay in the cache */

typedef struct fs_feed_forward {
    fs_block block;
    const fs_kernels *k;
    int width, inner, activation;
    fs_matrix up, down; /* (inner, E), (E, inner) */
    float *up_bias, *down_bias;
} fs_feed_forward;

static const char *const activations[] = {"relu", "none", NULL};

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_feed_forward *n = (fs_feed_forward *)b;
    FS_TRY(fs_option_width(o, "width", &n->width, err));
    FS_TRY(fs_option_width(o, "inner", &n->inner, err));
    FS_TRY(fs_option_choice(o, "activation", activations, &n->activation, err));
    FS_TRY(fs_block_check_input(before, n->width, o, err));
    FS_TRY(fs_build_matrix(build, ".up.weight", n->inner, n->width, 0, n->width, &n->up, err));
    FS_TRY(fs_build_vector(build, ".up.bias", n->inner, 1, &n->up_bias, NULL, err));
    FS_TRY(fs_build_matrix(build, ".down.weight", n->width, n->inner, 0, n->inner, &n->down, err));
    FS_TRY(fs_build_vector(build, ".down.bias", n->width, 1, &n->down_bias, NULL, err));
    n->k = build->k;
    b->in_width = b->out_width = n->width;
    return FS_OK;
}

static void release(fs_block *b) {
    fs_feed_forward *n = (fs_feed_forward *)b;
    fs_matrix_free(&n->up);
    fs_matrix_free(&n->down);
    fs_free(n->up_bias);
    fs_free(n->down_bias);
}

static size_t bytes(const fs_block *b) {
    const fs_feed_forward *n = (const fs_feed_forward *)b;
    return fs_matrix_bytes(&n->up) + fs_matrix_bytes(&n->down);
}

static const float *run_rows(const fs_feed_forward *n, fs_arena *arena, int64_t rows, const float *x) {
    const int64_t some = FS_MIN(rows, ROWS);
    const size_t E = (size_t)n->width, I = (size_t)n->inner;
    float *y = fs_arena_cut(arena, (size_t)rows, E, sizeof(float));
    float *inner = fs_arena_cut(arena, (size_t)some, I, sizeof(float));
    void *scratch = fs_arena_cut(arena, 1, FS_MAX(fs_gemm_scratch(&n->up, some), fs_gemm_scratch(&n->down, some)), 1);
    for (int64_t at = 0; y && at < rows; at += some) {
        const int64_t m = FS_MIN(some, rows - at);
        fs_gemm(&n->up, m, x + (size_t)at * E, E, n->up_bias, inner, I, 0, scratch, NULL);
        for (int64_t i = 0; i < m && n->activation == 0; i++)
            n->k->relu_f32(n->inner, inner + (size_t)i * I, inner + (size_t)i * I);
        fs_gemm(&n->down, m, inner, I, n->down_bias, y + (size_t)at * E, E, 0, scratch, NULL);
    }
    return y;
}

static void forward(const fs_block *b, fs_flow *f) {
    f->x = run_rows((const fs_feed_forward *)b, f->arena, f->rows, f->x);
}

static void step(const fs_block *b, fs_step *s) {
    s->x = run_rows((const fs_feed_forward *)b, s->arena, s->n, s->x);
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
