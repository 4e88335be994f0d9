/* A recurrent decoder that looks at the memory in the middle of a step (Sennrich et al. 2017, "Nematus", 2): a first cell
 * takes the token's row, its state looks at the memory, and a second cell goes on from that state with the context.
 *
 *   x (E) -> cell -> h -> look -> context (D)
 *                    |               |
 *                    +-> cell <------+   and transitions, which take the state alone -> layers above
 *
 * What comes out is the deep output, y = tanh(A h + B x + C context + b), h the last layer's row (Pascanu et al. 2014). */
#include <stdio.h>

#include "look.h"
#include "rnn.h"

enum { FS_OUTPUT_PARTS = 3 }; /* of the state, the token's row and the context */

typedef struct fs_conditional {
    fs_rnn rnn; /* first: the first cell is its first layer; the layers above it */
    fs_look look;
    int transitions;      /* T, behind the second cell */
    fs_rnn_layer *second; /* (1 + T) */
    int output;           /* O */
    fs_matrix parts[FS_OUTPUT_PARTS];   /* (O, H), (O, E), (O, D) */
    float *bias[FS_OUTPUT_PARTS], *gain[FS_OUTPUT_PARTS]; /* (O); gains with norms: each product's own */
} fs_conditional;

static const char *const parts[FS_OUTPUT_PARTS] = {"state", "input", "context"};

static fs_status read_options(fs_conditional *c, const fs_options *o, fs_error *err) {
    FS_TRY(fs_rnn_read_options(&c->rnn, o, err));
    FS_TRY(fs_option_width(o, "memory", &c->look.memory, err));
    FS_TRY(fs_option_width(o, "inner", &c->look.inner, err));
    FS_TRY(fs_option_width(o, "output", &c->output, err));
    FS_TRY(fs_option_int(o, "first_transitions", 0, 16, &c->transitions, err));
    c->look.kind = FS_LOOK_ADDITIVE;
    c->look.query = c->rnn.hidden;
    c->look.epsilon = c->rnn.gate_norm;
    if (c->rnn.directions == 1) return FS_OK;
    return fs_fail(err, FS_ERR_FORMAT, o->where, "a decoder reads forwards", "one direction|two");
}

/* The first cell alone in the first layer; transitions are those of the layers above. */
static fs_status read_layers(fs_conditional *c, const fs_build *build, const char *where, fs_error *err) {
    fs_rnn *r = &c->rnn;
    const int count = r->layers * (1 + r->transitions);
    fs_rnn_part p = {r->cell, r->hidden, r->input, r->input, 1, r->gate_norm, NULL, "_l0"};
    r->weights = fs_alloc((size_t)count * sizeof *r->weights);
    if (!r->weights) return fs_fail_memory(err, where, (uint64_t)count * sizeof *r->weights);
    FS_TRY(fs_rnn_layer_init(&r->weights[0], &p, build, err));
    p.input = p.plain = r->hidden;
    for (int layer = 1; layer < r->layers; layer++) FS_TRY(fs_rnn_read_layer(r, layer, 0, p, build, err));
    return FS_OK;
}

static fs_status read_second(fs_conditional *c, const fs_build *build, const char *where, fs_error *err) {
    const fs_rnn *r = &c->rnn;
    char tag[32];
    fs_rnn_part p = {r->cell, r->hidden, c->look.memory, c->look.memory, 1, r->gate_norm, NULL, tag};
    c->second = fs_alloc((size_t)(1 + c->transitions) * sizeof *c->second);
    if (!c->second) return fs_fail_memory(err, where, (uint64_t)(1 + c->transitions) * sizeof *c->second);
    for (int i = 0; i <= c->transitions; i++) {
        snprintf(tag, sizeof tag, i ? "_second_t%d" : "_second", i);
        FS_TRY(fs_rnn_layer_init(&c->second[i], &p, build, err));
        p.input = p.plain = 0;
    }
    return FS_OK;
}

static fs_status read_output(fs_conditional *c, const fs_build *build, fs_error *err) {
    const int widths[FS_OUTPUT_PARTS] = {c->rnn.hidden, c->rnn.input, c->look.memory};
    char name[64];
    for (int i = 0; i < FS_OUTPUT_PARTS; i++) {
        snprintf(name, sizeof name, ".output.%s.weight", parts[i]);
        FS_TRY(fs_build_matrix(build, name, c->output, widths[i], 0, widths[i], &c->parts[i], err));
        snprintf(name, sizeof name, ".output.%s.bias", parts[i]);
        FS_TRY(fs_build_vector(build, name, c->output, 1, &c->bias[i], NULL, err));
        snprintf(name, sizeof name, ".output.%s.gain", parts[i]);
        if (c->rnn.gate_norm > 0) FS_TRY(fs_build_vector(build, name, c->output, 0, &c->gain[i], NULL, err));
    }
    for (int j = 0; j < c->output && c->rnn.gate_norm <= 0; j++) c->bias[0][j] += c->bias[1][j] + c->bias[2][j];
    return FS_OK;
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_conditional *c = (fs_conditional *)b;
    FS_TRY(read_options(c, o, err));
    FS_TRY(fs_block_check_input(before, c->rnn.input, o, err));
    FS_TRY(read_layers(c, build, o->where, err));
    FS_TRY(read_second(c, build, o->where, err));
    FS_TRY(fs_look_init(&c->look, build, err));
    FS_TRY(read_output(c, build, err));
    b->in_width = c->rnn.input;
    b->out_width = c->output;
    b->memory_width = c->look.memory;
    b->state_layers = c->rnn.layers;
    b->state_planes = c->rnn.layers * (1 + c->rnn.cell->has_cell);
    b->state_width = c->rnn.hidden;
    return FS_OK;
}

static void release(fs_block *b) {
    fs_conditional *c = (fs_conditional *)b;
    fs_rnn_release(&c->rnn);
    for (int i = 0; c->second && i <= c->transitions; i++) fs_rnn_layer_free(&c->second[i]);
    fs_free(c->second);
    fs_look_free(&c->look);
    for (int i = 0; i < FS_OUTPUT_PARTS; i++) {
        fs_matrix_free(&c->parts[i]);
        fs_free(c->bias[i]);
        fs_free(c->gain[i]);
    }
}

static size_t bytes(const fs_block *b) {
    const fs_conditional *c = (const fs_conditional *)b;
    size_t sum = fs_rnn_bytes(&c->rnn) + fs_look_bytes(&c->look);
    for (int i = 0; i <= c->transitions; i++) sum += fs_rnn_layer_bytes(&c->second[i]);
    for (int i = 0; i < FS_OUTPUT_PARTS; i++) sum += fs_matrix_bytes(&c->parts[i]);
    return sum;
}

static float *prepare(const fs_block *b, const fs_memory *m, int64_t rows, int64_t count, fs_arena *arena) {
    (void)count;
    return fs_look_keys(&((const fs_conditional *)b)->look, m, rows, arena);
}

/* xg (n, G H), the input's part of x (n, stride), goes into the cells w. */
static void run_cells(const fs_conditional *c, const fs_rnn_layer *w, int transitions, fs_step *s, const float *x, size_t stride,
                      const fs_rnn_room *room) {
    const fs_rnn *r = &c->rnn;
    const size_t G = (size_t)r->cell->gates * (size_t)r->hidden, plane = (size_t)s->capacity * (size_t)r->hidden;
    float *cells = r->cell->has_cell ? s->state + (size_t)r->layers * plane : NULL;
    fs_rnn_input_part(w, s->n, x, stride, room->xg, room->scratch);
    for (int i = 0; i < s->n; i++) room->x_at[i] = room->xg + (size_t)i * G;
    fs_rnn_advance(r->cell, w, transitions, s->n, r->hidden, room->x_at, 0, s->state, cells, room->part, room->scratch);
}

/* y (n, O), with `part` (n, O) for a product that is normed by itself */
static void deep_output(const fs_conditional *c, int n, const float *const rows[FS_OUTPUT_PARTS], float *y, float *part,
                        void *scratch) {
    const fs_kernels *k = c->look.k;
    const size_t O = (size_t)c->output;
    for (int i = 0; i < FS_OUTPUT_PARTS; i++) {
        const fs_matrix *m = &c->parts[i];
        if (!c->gain[i]) {
            fs_gemm(m, n, rows[i], (size_t)m->depth, i ? NULL : c->bias[0], y, O, i > 0, scratch, NULL);
            continue;
        }
        fs_gemm(m, n, rows[i], (size_t)m->depth, NULL, i ? part : y, O, 0, scratch, NULL);
        for (size_t j = 0; j < (size_t)n; j++) {
            float *row = (i ? part : y) + j * O;
            k->layer_norm_f32(c->output, row, NULL, c->gain[i], c->bias[i], c->rnn.gate_norm, row);
            if (i) k->axpy_f32(c->output, 1, row, y + j * O);
        }
    }
    for (size_t j = 0; j < (size_t)n; j++) k->tanh_f32(c->output, y + j * O, y + j * O);
}

/* Scratch of all products that are not the layers'. */
static void *cut_scratch(const fs_conditional *c, const fs_step *s) {
    size_t most = 0;
    for (int i = 0; i <= c->transitions; i++) most = FS_MAX(most, fs_rnn_scratch(&c->second[i], s->n, s->n));
    for (int i = 0; i < FS_OUTPUT_PARTS; i++) most = FS_MAX(most, fs_gemm_scratch(&c->parts[i], s->n));
    return fs_arena_cut(s->arena, 1, most, 1);
}

static void step(const fs_block *b, fs_step *s) {
    const fs_conditional *c = (const fs_conditional *)b;
    const size_t n = (size_t)s->n, D = (size_t)c->look.memory, O = (size_t)c->output;
    float *contexts = fs_arena_cut(s->arena, n, D, sizeof(float));
    float *y = fs_arena_cut(s->arena, n, O, sizeof(float));
    float *part = fs_arena_cut(s->arena, n, O, sizeof(float));
    void *scratch = cut_scratch(c, s);
    fs_look_room look;
    fs_rnn_room room, second;
    fs_look_cut_room(&c->look, s, &look);
    fs_rnn_cut_room(&c->rnn, s, &room);
    if (y) {
        const float *rows[FS_OUTPUT_PARTS] = {NULL, s->x, contexts};
        run_cells(c, c->rnn.weights, 0, s, s->x, (size_t)s->width, &room);
        fs_look_at(&c->look, s, s->state, &look, contexts, D);
        second = room;
        second.scratch = scratch;
        run_cells(c, c->second, c->transitions, s, contexts, D, &second);
        rows[0] = fs_rnn_step_above(&c->rnn, s, &room);
        deep_output(c, s->n, rows, y, part, scratch);
    }
    s->x = y;
    s->width = c->output;
}

const fs_block_ops fs_block_conditional = {.kind = "conditional",
                                           .size = sizeof(fs_conditional),
                                           .init = init,
                                           .free = release,
                                           .bytes = bytes,
                                           .step = step,
                                           .prepare = prepare};
