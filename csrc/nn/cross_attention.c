/* A decoder's attention over the encoder's rows. Keys and values of the memory are made once, when its sources are
 * prepared:
 *
 *     values (N, KH d)       rows as projected
 *     keys                   each sequence's blocks; those of sequence i begin at place offsets[i] + PAD i */
#include <string.h>

#include "heads.h"

enum { PAD = FS_ATTEND_KEYS - 1 }; /* places that rounding up may add to a sequence */

typedef struct fs_cross_attention {
    fs_block block;
    fs_heads heads;
    int width, memory;
    fs_matrix query, source, out; /* (H d, E), (2 KH d, D), (E, H d) */
    float *query_bias, *source_bias, *out_bias;
} fs_cross_attention;

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    static const char *const weights[] = {".key.weight", ".value.weight"}, *const biases[] = {".key.bias", ".value.bias"};
    fs_cross_attention *a = (fs_cross_attention *)b;
    int Q, wide[2];
    FS_TRY(fs_option_width(o, "width", &a->width, err));
    FS_TRY(fs_option_width(o, "memory", &a->memory, err));
    FS_TRY(fs_heads_init(&a->heads, o, build->k, a->width, err));
    FS_TRY(fs_block_check_input(before, a->width, o, err));
    Q = a->heads.heads * a->heads.width;
    wide[0] = wide[1] = a->heads.key_heads * a->heads.width;
    FS_TRY(fs_build_matrix(build, ".query.weight", Q, a->width, 0, a->width, &a->query, err));
    FS_TRY(fs_build_vector(build, ".query.bias", Q, 1, &a->query_bias, NULL, err));
    FS_TRY(fs_build_stack(build, weights, wide, 2, a->memory, &a->source, err));
    FS_TRY(fs_build_stack_bias(build, biases, wide, 2, 1, &a->source_bias, err));
    FS_TRY(fs_build_matrix(build, ".output.weight", a->width, Q, 0, Q, &a->out, err));
    FS_TRY(fs_build_vector(build, ".output.bias", a->width, 1, &a->out_bias, NULL, err));
    b->in_width = b->out_width = a->width;
    b->memory_width = a->memory;
    return FS_OK;
}

static void release(fs_block *b) {
    fs_cross_attention *a = (fs_cross_attention *)b;
    fs_matrix_free(&a->query);
    fs_matrix_free(&a->source);
    fs_matrix_free(&a->out);
    fs_free(a->query_bias);
    fs_free(a->source_bias);
    fs_free(a->out_bias);
}

static size_t bytes(const fs_block *b) {
    const fs_cross_attention *a = (const fs_cross_attention *)b;
    return fs_matrix_bytes(&a->query) + fs_matrix_bytes(&a->source) + fs_matrix_bytes(&a->out);
}

/* Projected rows (N, 2 KH d), then the blocks of keys; both for as many sequences as there are. */
static float *prepare(const fs_block *b, const fs_memory *m, int64_t rows, int64_t count, fs_arena *arena) {
    const fs_cross_attention *a = (const fs_cross_attention *)b;
    const size_t W = fs_heads_key_width(&a->heads), places = (size_t)rows + (size_t)count * PAD;
    float *both = fs_arena_cut(arena, (size_t)rows * 2 + places, W, sizeof(float)), *keys;
    void *scratch = fs_arena_cut(arena, 1, fs_gemm_scratch(&a->source, rows), 1);
    if (!both || !m || !rows) return both;
    keys = both + (size_t)rows * 2 * W;
    fs_gemm(&a->source, rows, m->states, (size_t)a->memory, a->source_bias, both, 2 * W, 0, scratch, NULL);
    for (int64_t i = 0; i < count; i++) {
        const size_t first = (size_t)m->offsets[i];
        fs_heads_turn(&a->heads, m->offsets[i + 1] - m->offsets[i], both + first * 2 * W, 2 * W,
                      keys + (first + (size_t)i * PAD) * W);
    }
    return both;
}

/* The keys and values of the next row's source are brought nearer meanwhile. */
static void look_ahead(const fs_memory *m, int64_t source, int64_t next, size_t width, fs_attend_args *call) {
    const ptrdiff_t rows = (ptrdiff_t)(m->offsets[next] - m->offsets[source]);
    call->ahead_k = (rows + (ptrdiff_t)(next - source) * PAD) * (ptrdiff_t)width;
    call->ahead_v = rows * 2 * (ptrdiff_t)width;
}

/* mixed (n, H d) from queries (n, H d) */
static void attend(const fs_cross_attention *a, const fs_step *s, const float *queries, float *mixed) {
    const fs_memory *m = s->memory;
    const size_t W = fs_heads_key_width(&a->heads), Q = (size_t)a->query.columns;
    const float *keys = s->prepared + (size_t)m->offsets[m->count] * 2 * W;
    for (int i = 0; i < s->n; i++) {
        const int64_t source = s->sources[i], first = m->offsets[source], rows = m->offsets[source + 1] - first;
        fs_attend_args call = fs_heads_call(&a->heads, 1, rows);
        call.q = queries + (size_t)i * Q;
        call.k = keys + (size_t)(first + source * PAD) * W;
        call.v = s->prepared + (size_t)first * 2 * W + W;
        call.v_stride = 2 * W;
        if (i + 1 < s->n) look_ahead(m, source, s->sources[i + 1], W, &call);
        call.y = mixed + (size_t)i * Q;
        if (s->attention) call.mean = memset(s->attention + (size_t)i * (size_t)s->attention_stride, 0, (size_t)rows * sizeof(float));
        if (rows)
            a->heads.k->attend_f32(&call);
        else
            memset(call.y, 0, Q * sizeof *call.y);
    }
}

static void step(const fs_block *b, fs_step *s) {
    const fs_cross_attention *a = (const fs_cross_attention *)b;
    const size_t n = (size_t)s->n, E = (size_t)a->width, Q = (size_t)a->query.columns;
    float *y = fs_arena_cut(s->arena, n, E, sizeof(float));
    float *queries = fs_arena_cut(s->arena, n, Q, sizeof(float));
    float *mixed = fs_arena_cut(s->arena, n, Q, sizeof(float));
    void *scratch = fs_arena_cut(s->arena, 1, FS_MAX(fs_gemm_scratch(&a->query, s->n), fs_gemm_scratch(&a->out, s->n)), 1);
    if (y) {
        fs_gemm(&a->query, s->n, s->x, E, a->query_bias, queries, Q, 0, scratch, NULL);
        attend(a, s, queries, mixed);
        fs_gemm(&a->out, s->n, mixed, Q, a->out_bias, y, E, 0, scratch, NULL);
    }
    s->x = y;
    s->width = a->width;
}

const fs_block_ops fs_block_cross_attention = {.kind = "cross_attention",
                                               .size = sizeof(fs_cross_attention),
                                               .init = init,
                                               .free = release,
                                               .bytes = bytes,
                                               .leaves_rows_only = 1,
                                               .takes_runs = 1,
                                               .prepare = prepare,
                                               .step = step};
