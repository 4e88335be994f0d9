/* Self-attention over ragged sequences: every row looks at all rows of its sequence, or, causal, at those up to itself.
 *
 *     [q k v] = x W + b     one product      (N, H d + 2 KH d)
 *     y = softmax(q k / sqrt(d)) v, head by head, then W_o and b_o */
#include "heads.h"

typedef struct fs_self_attention {
    fs_block block;
    fs_heads heads;
    int width, causal;
    fs_matrix in, out; /* (H d + 2 KH d, E), (E, H d) */
    float *in_bias, *out_bias;
} fs_self_attention;

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    static const char *const weights[] = {".query.weight", ".key.weight", ".value.weight"};
    static const char *const biases[] = {".query.bias", ".key.bias", ".value.bias"};
    fs_self_attention *a = (fs_self_attention *)b;
    int wide[3];
    FS_TRY(fs_option_width(o, "width", &a->width, err));
    FS_TRY(fs_option_int(o, "causal", 0, 1, &a->causal, err));
    FS_TRY(fs_heads_init(&a->heads, o, build->k, a->width, err));
    FS_TRY(fs_block_check_input(before, a->width, o, err));
    wide[0] = a->heads.heads * a->heads.width;
    wide[1] = wide[2] = a->heads.key_heads * a->heads.width;
    FS_TRY(fs_build_stack(build, weights, wide, 3, a->width, &a->in, err));
    FS_TRY(fs_build_stack_bias(build, biases, wide, 3, 1, &a->in_bias, err));
    FS_TRY(fs_build_matrix(build, ".output.weight", a->width, wide[0], 0, wide[0], &a->out, err));
    FS_TRY(fs_build_vector(build, ".output.bias", a->width, 1, &a->out_bias, NULL, err));
    b->in_width = b->out_width = a->width;
    return FS_OK;
}

static void release(fs_block *b) {
    fs_self_attention *a = (fs_self_attention *)b;
    fs_matrix_free(&a->in);
    fs_matrix_free(&a->out);
    fs_free(a->in_bias);
    fs_free(a->out_bias);
}

static size_t bytes(const fs_block *b) {
    const fs_self_attention *a = (const fs_self_attention *)b;
    return fs_matrix_bytes(&a->in) + fs_matrix_bytes(&a->out);
}

/* Rows of the longest sequence; while planning, of one that has them all. */
static int64_t longest_of(const fs_flow *f) {
    int64_t longest = 1;
    if (fs_arena_planning(f->arena)) return FS_MAX(f->rows, 1);
    for (int64_t i = 0; i < f->count; i++) longest = FS_MAX(longest, f->offsets[i + 1] - f->offsets[i]);
    return longest;
}

/* mixed (N, H d) from projected (N, H d + 2 KH d); keys, scores: scratch of the longest sequence */
static void attend(const fs_self_attention *a, const fs_flow *f, const float *projected, float *keys, float *scores,
                   float *mixed) {
    const size_t stride = (size_t)a->in.columns, Q = (size_t)(a->heads.heads * a->heads.width);
    const size_t K = (size_t)(a->heads.key_heads * a->heads.width);
    for (int64_t i = 0; i < f->count && !fs_run_stopped(f->run, f->worker); i++) {
        const int64_t first = f->offsets[i], rows = f->offsets[i + 1] - first;
        const float *at = projected + (size_t)first * stride;
        fs_attend_args call = fs_heads_call(&a->heads, rows, rows);
        if (!rows) continue;
        if (a->causal) call.first_key_count = 1;
        call.q = at;
        call.k = keys;
        call.v = at + Q + K;
        call.q_stride = call.v_stride = stride;
        call.y = mixed + (size_t)first * Q;
        call.y_stride = Q;
        call.scores = scores;
        fs_heads_transpose(&a->heads, rows, at + Q, stride, keys);
        a->heads.k->attend_f32(&call);
    }
}

static void forward(const fs_block *b, fs_flow *f) {
    const fs_self_attention *a = (const fs_self_attention *)b;
    const size_t rows = (size_t)f->rows, E = (size_t)a->width, Q = (size_t)a->out.depth;
    const size_t columns = (size_t)fs_heads_columns(longest_of(f));
    float *y = fs_arena_cut(f->arena, rows, E, sizeof(float));
    float *projected = fs_arena_cut(f->arena, rows, (size_t)a->in.columns, sizeof(float));
    float *mixed = fs_arena_cut(f->arena, rows, Q, sizeof(float));
    float *keys = fs_arena_cut(f->arena, (size_t)(a->heads.key_heads * a->heads.width), columns, sizeof(float));
    float *scores = fs_arena_cut(f->arena, FS_ATTEND_ROWS, columns, sizeof(float));
    void *scratch = fs_arena_cut(f->arena, 1, FS_MAX(fs_gemm_scratch(&a->in, f->rows), fs_gemm_scratch(&a->out, f->rows)), 1);
    if (y) {
        fs_gemm(&a->in, f->rows, f->x, E, a->in_bias, projected, (size_t)a->in.columns, 0, scratch, NULL);
        attend(a, f, projected, keys, scores, mixed);
        fs_gemm(&a->out, f->rows, mixed, Q, a->out_bias, y, E, 0, scratch, NULL);
    }
    f->x = y;
}

const fs_block_ops fs_block_self_attention = {.kind = "self_attention",
                                              .size = sizeof(fs_self_attention),
                                              .init = init,
                                              .free = release,
                                              .bytes = bytes,
                                              .leaves_rows_only = 1,
                                              .forward = forward};
