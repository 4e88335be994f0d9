/* The recurrent block: its weights. How they run is in rnn_forward.c and rnn_step.c. */
#include "rnn.h"

#include <stdio.h>
#include <string.h>

#include "../base/checked.h"

enum { MAX_LAYERS = 64 };
static const size_t TABLE_BYTES = (size_t)16 << 20; /* larger tables would not stay in a cache */

static const char *const cells[] = {"tanh", "relu", "gru", "lstm", "ssru", NULL};
static const char *const resets[] = {"after", "before", NULL};

const fs_rnn *fs_rnn_of(const fs_block *b) { return b && b->ops == &fs_block_rnn ? (const fs_rnn *)b : NULL; }

static fs_status read_options(fs_rnn *r, const fs_options *o, fs_error *err) {
    static const fs_cell *const kinds[] = {&fs_cell_tanh, &fs_cell_relu, &fs_cell_gru, &fs_cell_lstm, &fs_cell_ssru};
    int kind = 0, reset = 0, both = 0;
    r->layers = 1;
    FS_TRY(fs_option_choice(o, "cell", cells, &kind, err));
    FS_TRY(fs_option_choice(o, "reset", resets, &reset, err));
    FS_TRY(fs_option_width(o, "input", &r->input, err));
    FS_TRY(fs_option_width(o, "hidden", &r->hidden, err));
    FS_TRY(fs_option_int(o, "layers", 1, MAX_LAYERS, &r->layers, err));
    FS_TRY(fs_option_int(o, "bidirectional", 0, 1, &both, err));
    if (r->hidden > FS_MAX_WIDTH / 8)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "hidden is too large", "at most %d|%d", FS_MAX_WIDTH / 8,
                       r->hidden);
    r->cell = kind == 2 && reset ? &fs_cell_gru_before : kinds[kind];
    r->directions = 1 + both;
    return FS_OK;
}

/* Input and state biases of one layer: all that can be added beforehand goes to input_bias. */
static fs_status read_biases(fs_rnn *r, fs_rnn_layer *w, const fs_build *build, const char *tag, int bias,
                             fs_error *err) {
    int H = r->hidden, n = r->cell->gates * H, found = 0;
    float *state = NULL;
    char name[64];
    snprintf(name, sizeof name, ".bias_ih%s", tag);
    FS_TRY(fs_build_vector(build, name, n, !bias, &w->input_bias, NULL, err));
    snprintf(name, sizeof name, ".bias_hh%s", tag);
    FS_TRY(fs_build_vector(build, name, n, 1, &state, &found, err));
    for (int j = 0; j < n; j++) {
        if (r->cell == &fs_cell_gru && j >= 2 * H) break;
        w->input_bias[j] += state[j];
        state[j] = 0;
    }
    if (r->cell == &fs_cell_gru && found)
        w->state_bias = state;
    else
        fs_free(state);
    return FS_OK;
}

/* The embedding's rows times the input matrix, biases added: (V, G H). */
static fs_status make_table(fs_rnn_layer *w, const fs_embedding *e, const fs_build *build, const char *name, int rows,
                            int input, fs_error *err) {
    fs_build exact = *build; /* in float32, whatever the products are held in: the table costs nothing to be exact */
    fs_matrix m = {0};
    float *x = fs_alloc((size_t)e->width * sizeof *x);
    fs_status st = x ? FS_OK : fs_fail_memory(err, name, (uint64_t)e->width * sizeof *x);
    exact.dtype = FS_F32;
    if (st == FS_OK) st = fs_build_matrix(&exact, name, rows, input, 0, e->width, &m, err);
    if (st == FS_OK) {
        w->table = fs_alloc((size_t)e->vocabulary * (size_t)rows * sizeof(float));
        if (!w->table) st = fs_fail_memory(err, name, (uint64_t)e->vocabulary * (uint64_t)rows * sizeof(float));
    }
    for (int id = 0; st == FS_OK && id < e->vocabulary; id++) {
        fs_embedding_row(e, id, x);
        fs_gemm(&m, 1, x, (size_t)e->width, w->input_bias, w->table + (size_t)id * (size_t)rows, (size_t)rows, 0, NULL,
                NULL);
    }
    fs_matrix_free(&m);
    fs_free(x);
    return st;
}

static fs_status read_layer(fs_rnn *r, int layer, int direction, const fs_embedding *absorb, int own,
                            const fs_build *build, int bias, fs_error *err) {
    fs_rnn_layer *w = &r->weights[layer * r->directions + direction];
    int H = r->hidden, rows = r->cell->gates * H;
    int input = layer ? H * r->directions : r->input;
    int plain = layer ? input : own;
    char tag[32], name[64];
    w->k = build->k;
    snprintf(tag, sizeof tag, "_l%d%s", layer, direction ? "_reverse" : "");
    FS_TRY(read_biases(r, w, build, tag, bias, err));
    snprintf(name, sizeof name, ".weight_ih%s", tag);
    if (!layer && absorb) {
        FS_TRY(make_table(w, absorb, build, name, rows, input, err));
    } else {
        FS_TRY(fs_build_matrix(build, name, rows, input, 0, plain, &w->input, err));
    }
    if (!layer && r->feed) FS_TRY(fs_build_matrix(build, name, rows, input, own, r->feed, &w->feed, err));
    snprintf(name, sizeof name, ".weight_hh%s", tag);
    if (r->cell == &fs_cell_ssru) return FS_OK;
    if (r->cell == &fs_cell_gru_before) {
        fs_status st;
        float *all = NULL;
        FS_TRY(fs_build_floats(build, name, rows, H, 0, H, &all, err));
        st = fs_matrix_init(&w->state, build->k, build->dtype, 2 * H, H, all, name, err);
        if (st == FS_OK)
            st = fs_matrix_init(&w->reset, build->k, build->dtype, H, H, all + 2 * (size_t)H * (size_t)H, name, err);
        fs_free(all);
        return st;
    }
    return fs_build_matrix(build, name, rows, H, 0, H, &w->state, err);
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_rnn *r = (fs_rnn *)b;
    const fs_embedding *absorb = fs_embedding_of(before);
    int bias = 1, own;
    size_t table;
    FS_TRY(read_options(r, o, err));
    FS_TRY(fs_option_int(o, "bias", 0, 1, &bias, err));
    own = before && before->out_width ? before->out_width : r->input;
    r->feed = r->input - own;
    if (r->feed < 0 || (r->feed && !absorb) || !before)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "input width contradicts the block before it",
                       "an embedding or rows %d wide|%d", r->input, before ? before->out_width : 0);
    if (absorb && (!fs_size_array((size_t)absorb->vocabulary, (size_t)(r->cell->gates * r->hidden), sizeof(float), &table) ||
                   table > TABLE_BYTES))
        absorb = NULL;
    r->weights = fs_alloc((size_t)(r->layers * r->directions) * sizeof *r->weights);
    if (!r->weights) return fs_fail_memory(err, o->where, (uint64_t)(r->layers * r->directions) * sizeof *r->weights);
    for (int layer = 0; layer < r->layers; layer++)
        for (int d = 0; d < r->directions; d++) FS_TRY(read_layer(r, layer, d, absorb, own, build, bias, err));
    r->rows = fs_embedding_of(before);
    if (r->rows) ((fs_embedding *)r->rows)->deferred = 1;
    if (absorb) ((fs_embedding *)absorb)->absorbed = 1;
    b->in_width = own;
    b->out_width = r->hidden * r->directions;
    b->state_planes = r->layers * (1 + r->cell->has_cell);
    b->state_width = r->hidden;
    return FS_OK;
}

static void release(fs_block *b) {
    fs_rnn *r = (fs_rnn *)b;
    for (int i = 0; r->weights && i < r->layers * r->directions; i++) {
        fs_rnn_layer *w = &r->weights[i];
        fs_matrix_free(&w->input);
        fs_matrix_free(&w->feed);
        fs_matrix_free(&w->state);
        fs_matrix_free(&w->reset);
        fs_free(w->table);
        fs_free(w->input_bias);
        fs_free(w->state_bias);
    }
    fs_free(r->weights);
}

static size_t bytes(const fs_block *b) {
    const fs_rnn *r = (const fs_rnn *)b;
    size_t sum = 0;
    for (int i = 0; i < r->layers * r->directions; i++) {
        const fs_rnn_layer *w = &r->weights[i];
        sum += fs_matrix_bytes(&w->input) + fs_matrix_bytes(&w->feed) + fs_matrix_bytes(&w->state) +
               fs_matrix_bytes(&w->reset);
    }
    return sum;
}

void fs_rnn_state_part(const fs_matrix *m, const float *bias, int n, int zero, const float *h, float *part,
                       void *scratch) {
    size_t N = (size_t)m->columns;
    if (!zero) {
        fs_gemm(m, n, h, (size_t)m->depth, bias, part, N, 0, scratch, NULL);
        return;
    }
    for (int i = 0; i < n; i++) {
        if (bias)
            memcpy(part + (size_t)i * N, bias, N * sizeof *part);
        else
            memset(part + (size_t)i * N, 0, N * sizeof *part);
    }
}

size_t fs_rnn_scratch(const fs_rnn_layer *w, int64_t rows, int64_t input_rows) {
    size_t most = w->table ? 0 : fs_gemm_scratch(&w->input, input_rows);
    most = FS_MAX(most, fs_gemm_scratch(&w->state, rows));
    if (w->feed.packed) most = FS_MAX(most, fs_gemm_scratch(&w->feed, rows));
    if (w->reset.packed) most = FS_MAX(most, fs_gemm_scratch(&w->reset, rows));
    return most;
}

const fs_block_ops fs_block_rnn = {.kind = "rnn",
                                   .size = sizeof(fs_rnn),
                                   .init = init,
                                   .free = release,
                                   .bytes = bytes,
                                   .forward = fs_rnn_forward,
                                   .step = fs_rnn_step};
