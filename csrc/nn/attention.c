#include "attention.h"

#include <string.h>

static const char *const scores[] = {"dot", "general", "additive", NULL};
static const char *const orders[] = {"context_first", "query_first", NULL};
static const char *const activations[] = {"tanh", "none", NULL};

const fs_attention *fs_attention_of(const fs_block *b) {
    return b && b->ops == &fs_block_attention ? (const fs_attention *)b : NULL;
}

static fs_status read_options(fs_attention *a, const fs_options *o, fs_error *err) {
    fs_look *l = &a->look;
    FS_TRY(fs_option_choice(o, "score", scores, &l->kind, err));
    FS_TRY(fs_option_choice(o, "order", orders, &a->query_first, err));
    FS_TRY(fs_option_choice(o, "activation", activations, &a->activation, err));
    FS_TRY(fs_option_int(o, "input_feeding", 0, 1, &a->feeding, err));
    FS_TRY(fs_option_width(o, "query", &l->query, err));
    FS_TRY(fs_option_width(o, "memory", &l->memory, err));
    FS_TRY(fs_option_width(o, "output", &a->output, err));
    if (l->kind == FS_LOOK_ADDITIVE) FS_TRY(fs_option_width(o, "inner", &l->inner, err));
    if (l->kind == FS_LOOK_DOT && l->query != l->memory)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "dot scores need query and memory of one width", "%d|%d",
                       l->memory, l->query);
    return FS_OK;
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_attention *a = (fs_attention *)b;
    int both;
    FS_TRY(read_options(a, o, err));
    FS_TRY(fs_block_check_input(before, a->look.query, o, err));
    a->k = build->k;
    both = a->look.memory + a->look.query;
    FS_TRY(fs_look_init(&a->look, build, err));
    FS_TRY(fs_build_matrix(build, ".output.weight", a->output, both, 0, both, &a->output_matrix, err));
    FS_TRY(fs_build_vector(build, ".output.bias", a->output, 1, &a->output_bias, NULL, err));
    b->in_width = a->look.query;
    b->out_width = a->output;
    b->memory_width = a->look.memory;
    b->state_planes = a->feeding;
    b->state_width = a->output;
    return FS_OK;
}

static void release(fs_block *b) {
    fs_attention *a = (fs_attention *)b;
    fs_look_free(&a->look);
    fs_matrix_free(&a->output_matrix);
    fs_free(a->output_bias);
}

static size_t bytes(const fs_block *b) {
    const fs_attention *a = (const fs_attention *)b;
    return fs_look_bytes(&a->look) + fs_matrix_bytes(&a->output_matrix);
}

static float *prepare(const fs_block *b, const fs_memory *m, int64_t rows, int64_t count, fs_arena *arena) {
    (void)count;
    return fs_look_keys(&((const fs_attention *)b)->look, m, rows, arena);
}

static void step(const fs_block *b, fs_step *s) {
    const fs_attention *a = (const fs_attention *)b;
    const size_t D = (size_t)a->look.memory, Q = (size_t)a->look.query, n = (size_t)s->n, O = (size_t)a->output;
    float *joined = fs_arena_cut(s->arena, n, D + Q, sizeof(float)); /* context and query side by side */
    float *y = fs_arena_cut(s->arena, n, O, sizeof(float));
    void *scratch = fs_arena_cut(s->arena, 1, fs_gemm_scratch(&a->output_matrix, s->n), 1);
    fs_look_room room;
    fs_look_cut_room(&a->look, s, &room);
    if (y) {
        fs_look_at(&a->look, s, s->x, &room, joined + (a->query_first ? Q : 0), D + Q);
        for (size_t i = 0; i < n; i++) memcpy(joined + i * (D + Q) + (a->query_first ? 0 : D), s->x + i * Q, Q * sizeof *y);
        fs_gemm(&a->output_matrix, s->n, joined, D + Q, a->output_bias, y, O, 0, scratch, NULL);
        for (size_t i = 0; i < n && a->activation == 0; i++) a->k->tanh_f32((int)O, y + i * O, y + i * O);
        if (a->feeding) memcpy(s->state, y, n * O * sizeof *y);
    }
    s->x = y;
    s->width = a->output;
}

const fs_block_ops fs_block_attention = {
    .kind = "attention", .size = sizeof(fs_attention), .init = init, .free = release, .bytes = bytes, .step = step, .prepare = prepare};
