#include "attention.h"

#include <string.h>

enum { SCORE_DOT, SCORE_GENERAL, SCORE_ADDITIVE };
static const char *const scores[] = {"dot", "general", "additive", NULL};
static const char *const orders[] = {"context_first", "query_first", NULL};
static const char *const activations[] = {"tanh", "none", NULL};

const fs_attention *fs_attention_of(const fs_block *b) {
    return b && b->ops == &fs_block_attention ? (const fs_attention *)b : NULL;
}

static fs_status read_options(fs_attention *a, const fs_options *o, fs_error *err) {
    FS_TRY(fs_option_choice(o, "score", scores, &a->score, err));
    FS_TRY(fs_option_choice(o, "order", orders, &a->query_first, err));
    FS_TRY(fs_option_choice(o, "activation", activations, &a->activation, err));
    FS_TRY(fs_option_int(o, "input_feeding", 0, 1, &a->feeding, err));
    FS_TRY(fs_option_width(o, "query", &a->query, err));
    FS_TRY(fs_option_width(o, "memory", &a->memory, err));
    FS_TRY(fs_option_width(o, "output", &a->output, err));
    if (a->score == SCORE_ADDITIVE) FS_TRY(fs_option_width(o, "inner", &a->inner, err));
    if (a->score == SCORE_DOT && a->query != a->memory)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "dot scores need query and memory of one width", "%d|%d",
                       a->memory, a->query);
    return FS_OK;
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_attention *a = (fs_attention *)b;
    int D, Q;
    FS_TRY(read_options(a, o, err));
    FS_TRY(fs_block_check_input(before, a->query, o, err));
    D = a->memory;
    Q = a->query;
    a->k = build->k;
    if (a->score == SCORE_GENERAL)
        FS_TRY(fs_build_matrix(build, ".query.weight", D, Q, 0, Q, &a->query_matrix, err));
    if (a->score == SCORE_ADDITIVE) {
        FS_TRY(fs_build_matrix(build, ".query.weight", a->inner, Q, 0, Q, &a->query_matrix, err));
        FS_TRY(fs_build_vector(build, ".query.bias", a->inner, 1, &a->query_bias, NULL, err));
        FS_TRY(fs_build_matrix(build, ".key.weight", a->inner, D, 0, D, &a->key_matrix, err));
        FS_TRY(fs_build_floats(build, ".score.weight", 1, a->inner, 0, a->inner, &a->score_vector, err));
    }
    FS_TRY(fs_build_matrix(build, ".output.weight", a->output, D + Q, 0, D + Q, &a->output_matrix, err));
    FS_TRY(fs_build_vector(build, ".output.bias", a->output, 1, &a->output_bias, NULL, err));
    b->in_width = Q;
    b->out_width = a->output;
    b->memory_width = D;
    b->state_planes = a->feeding;
    b->state_width = a->output;
    return FS_OK;
}

static void release(fs_block *b) {
    fs_attention *a = (fs_attention *)b;
    fs_matrix_free(&a->query_matrix);
    fs_matrix_free(&a->key_matrix);
    fs_matrix_free(&a->output_matrix);
    fs_free(a->query_bias);
    fs_free(a->score_vector);
    fs_free(a->output_bias);
}

static size_t bytes(const fs_block *b) {
    const fs_attention *a = (const fs_attention *)b;
    return fs_matrix_bytes(&a->query_matrix) + fs_matrix_bytes(&a->key_matrix) + fs_matrix_bytes(&a->output_matrix);
}

/* keys (N, A) of an additive score from the memory's rows (N, D) */
static float *prepare(const fs_block *b, const fs_memory *m, int64_t rows, int64_t count, fs_arena *arena) {
    const fs_attention *a = (const fs_attention *)b;
    float *keys;
    void *scratch;
    (void)count;
    if (a->score != SCORE_ADDITIVE) return NULL;
    keys = fs_arena_cut(arena, (size_t)rows, (size_t)a->inner, sizeof(float));
    scratch = fs_arena_cut(arena, 1, fs_gemm_scratch(&a->key_matrix, rows), 1);
    if (keys && m && rows)
        fs_gemm(&a->key_matrix, rows, m->states, (size_t)a->memory, NULL, keys, (size_t)a->inner, 0, scratch, NULL);
    return keys;
}

/* weights (n) of the memory's rows for one query q, and context (D), their weighted sum; zeros when n is 0 */
static void attend(const fs_attention *a, int n, const float *q, const float *rows, const float *keys, float *weights,
                   float *context) {
    int D = a->memory, A = a->inner;
    memset(context, 0, (size_t)D * sizeof *context);
    for (int s = 0; s < n; s++)
        weights[s] = a->score == SCORE_ADDITIVE
                         ? a->k->additive_score_f32(A, q, keys + (size_t)s * A, a->score_vector)
                         : a->k->dot_f32(D, q, rows + (size_t)s * D);
    if (n) a->k->softmax_f32(n, weights, weights);
    for (int s = 0; s < n; s++) a->k->axpy_f32(D, weights[s], rows + (size_t)s * D, context);
}

/* joined (n, D + Q): context and query side by side */
static void join_contexts(const fs_attention *a, const fs_step *s, const float *queries, float *joined) {
    int D = a->memory, Q = a->query, wide = a->score == SCORE_ADDITIVE ? a->inner : D;
    for (int i = 0; i < s->n; i++) {
        const fs_memory *m = s->memory;
        int64_t from = m->offsets[s->sources[i]], to = m->offsets[s->sources[i] + 1];
        float *row = joined + (size_t)i * (size_t)(D + Q);
        const float *keys = s->prepared ? s->prepared + from * a->inner : NULL;
        attend(a, (int)(to - from), queries + (size_t)i * (size_t)wide, m->states + from * D, keys,
               s->attention + i * s->attention_stride, row + (a->query_first ? Q : 0));
        memcpy(row + (a->query_first ? 0 : D), s->x + (size_t)i * (size_t)Q, (size_t)Q * sizeof *row);
    }
}

static void step(const fs_block *b, fs_step *s) {
    const fs_attention *a = (const fs_attention *)b;
    int D = a->memory, Q = a->query, wide = a->score == SCORE_ADDITIVE ? a->inner : D;
    size_t n = (size_t)s->n, O = (size_t)a->output, scratch_bytes = fs_gemm_scratch(&a->output_matrix, s->n);
    float *queries = fs_arena_cut(s->arena, n, (size_t)wide, sizeof(float));
    float *joined = fs_arena_cut(s->arena, n, (size_t)(D + Q), sizeof(float));
    float *y = fs_arena_cut(s->arena, n, O, sizeof(float));
    void *scratch;
    if (a->score != SCORE_DOT) scratch_bytes = FS_MAX(scratch_bytes, fs_gemm_scratch(&a->query_matrix, s->n));
    scratch = fs_arena_cut(s->arena, 1, scratch_bytes, 1);
    if (y) {
        if (a->score != SCORE_DOT)
            fs_gemm(&a->query_matrix, s->n, s->x, (size_t)Q, a->query_bias, queries, (size_t)wide, 0, scratch, NULL);
        join_contexts(a, s, a->score == SCORE_DOT ? s->x : queries, joined);
        fs_gemm(&a->output_matrix, s->n, joined, (size_t)(D + Q), a->output_bias, y, O, 0, scratch, NULL);
        for (size_t i = 0; i < n && a->activation == 0; i++) a->k->tanh_f32((int)O, y + i * O, y + i * O);
        if (a->feeding) memcpy(s->state, y, n * O * sizeof *y);
    }
    s->x = y;
    s->width = a->output;
}

const fs_block_ops fs_block_attention = {
    .kind = "attention", .size = sizeof(fs_attention), .init = init, .free = release, .bytes = bytes, .step = step, .prepare = prepare};
