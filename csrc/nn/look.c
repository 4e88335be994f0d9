#include "look.h"

#include <string.h>

static fs_status init_norms(fs_look *l, const fs_build *build, fs_error *err) {
    if (l->epsilon <= 0) return FS_OK;
    FS_TRY(fs_build_vector(build, ".query.gain", l->inner, 0, &l->query_gain, NULL, err));
    FS_TRY(fs_build_vector(build, ".key.gain", l->inner, 0, &l->key_gain, NULL, err));
    return fs_build_vector(build, ".key.bias", l->inner, 1, &l->key_bias, NULL, err);
}

fs_status fs_look_init(fs_look *l, const fs_build *build, fs_error *err) {
    const int D = l->memory, Q = l->query;
    l->k = build->k;
    if (l->kind == FS_LOOK_GENERAL) return fs_build_matrix(build, ".query.weight", D, Q, 0, Q, &l->query_matrix, err);
    if (l->kind != FS_LOOK_ADDITIVE) return FS_OK;
    FS_TRY(fs_build_matrix(build, ".query.weight", l->inner, Q, 0, Q, &l->query_matrix, err));
    FS_TRY(fs_build_vector(build, ".query.bias", l->inner, 1, &l->query_bias, NULL, err));
    FS_TRY(fs_build_matrix(build, ".key.weight", l->inner, D, 0, D, &l->key_matrix, err));
    FS_TRY(fs_build_floats(build, ".score.weight", 1, l->inner, 0, l->inner, &l->score_vector, err));
    return init_norms(l, build, err);
}

void fs_look_free(fs_look *l) {
    fs_matrix_free(&l->query_matrix);
    fs_matrix_free(&l->key_matrix);
    fs_free(l->query_bias);
    fs_free(l->key_bias);
    fs_free(l->query_gain);
    fs_free(l->key_gain);
    fs_free(l->score_vector);
}

size_t fs_look_bytes(const fs_look *l) { return fs_matrix_bytes(&l->query_matrix) + fs_matrix_bytes(&l->key_matrix); }

/* y (n, N) = x m^T + bias, or with a gain the norm of the product */
static void map_rows(const fs_look *l, const fs_matrix *m, const float *gain, const float *bias, int64_t n, const float *x,
                     float *y, void *scratch) {
    const size_t N = (size_t)m->columns;
    fs_gemm(m, n, x, (size_t)m->depth, gain ? NULL : bias, y, N, 0, scratch, NULL);
    for (int64_t i = 0; i < n && gain; i++)
        l->k->layer_norm_f32(m->columns, y + (size_t)i * N, NULL, gain, bias, l->epsilon, y + (size_t)i * N);
}

float *fs_look_keys(const fs_look *l, const fs_memory *m, int64_t rows, fs_arena *arena) {
    float *keys;
    void *scratch;
    if (l->kind != FS_LOOK_ADDITIVE) return NULL;
    keys = fs_arena_cut(arena, (size_t)rows, (size_t)l->inner, sizeof(float));
    scratch = fs_arena_cut(arena, 1, fs_gemm_scratch(&l->key_matrix, rows), 1);
    if (keys && m && rows) map_rows(l, &l->key_matrix, l->key_gain, l->key_bias, rows, m->states, keys, scratch);
    return keys;
}

void fs_look_cut_room(const fs_look *l, const fs_step *s, fs_look_room *room) {
    const int wide = l->kind == FS_LOOK_ADDITIVE ? l->inner : l->memory;
    const size_t scratch = l->kind == FS_LOOK_DOT ? 0 : fs_gemm_scratch(&l->query_matrix, s->n);
    room->queries = fs_arena_cut(s->arena, (size_t)s->n, (size_t)wide, sizeof(float));
    room->scratch = fs_arena_cut(s->arena, 1, scratch, 1);
}

/* weights (n) of the memory's rows for one query q, and context (D), their weighted sum; zeros when n is 0 */
static void attend(const fs_look *l, int n, const float *q, const float *rows, const float *keys, float *weights,
                   float *context) {
    int D = l->memory, A = l->inner;
    memset(context, 0, (size_t)D * sizeof *context);
    for (int s = 0; s < n; s++)
        weights[s] = l->kind == FS_LOOK_ADDITIVE
                         ? l->k->additive_score_f32(A, q, keys + (size_t)s * A, l->score_vector)
                         : l->k->dot_f32(D, q, rows + (size_t)s * D);
    if (n) l->k->softmax_f32(n, weights, weights);
    for (int s = 0; s < n; s++) l->k->axpy_f32(D, weights[s], rows + (size_t)s * D, context);
}

void fs_look_at(const fs_look *l, const fs_step *s, const float *x, const fs_look_room *room, float *contexts, size_t stride) {
    const fs_memory *m = s->memory;
    const size_t wide = (size_t)(l->kind == FS_LOOK_ADDITIVE ? l->inner : l->memory);
    const float *queries = l->kind == FS_LOOK_DOT ? x : room->queries;
    if (l->kind != FS_LOOK_DOT)
        map_rows(l, &l->query_matrix, l->query_gain, l->query_bias, s->n, x, room->queries, room->scratch);
    for (int i = 0; i < s->n; i++) {
        const int64_t from = m->offsets[s->sources[i]], to = m->offsets[s->sources[i] + 1];
        attend(l, (int)(to - from), queries + (size_t)i * wide, m->states + from * l->memory,
               s->prepared ? s->prepared + from * l->inner : NULL, s->attention + i * s->attention_stride,
               contexts + (size_t)i * stride);
    }
}
