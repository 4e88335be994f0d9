/* The weights of one recurrent layer in one direction, and the products with them. */
#include <stdio.h>
#include <string.h>

#include "rnn.h"

static fs_status vector(const fs_build *build, const char *name, const char *tag, int n, int optional, float **out, int *found,
                        fs_error *err) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", name, tag);
    return fs_build_vector(build, full, n, optional, out, found, err);
}

/* Input and state biases: all that can be added beforehand goes to input_bias. */
static fs_status read_biases(fs_rnn_layer *w, const fs_rnn_part *p, const fs_build *build, fs_error *err) {
    const int H = p->hidden, n = p->cell->gates * H, resets = p->cell == &fs_cell_gru;
    int found = 0;
    float *state = NULL;
    FS_TRY(vector(build, ".bias_ih", p->tag, n, !p->bias, &w->input_bias, NULL, err));
    FS_TRY(vector(build, ".bias_hh", p->tag, n, 1, &state, &found, err));
    for (int j = 0; j < n; j++) {
        if (resets && j >= 2 * H) break;
        w->input_bias[j] += state[j];
        state[j] = 0;
    }
    if ((resets && found) || p->gate_norm > 0)
        w->state_bias = state;
    else
        fs_free(state);
    return FS_OK;
}

static fs_status read_norms(fs_rnn_layer *w, const fs_rnn_part *p, const fs_build *build, fs_error *err) {
    const int n = p->cell->gates * p->hidden;
    w->epsilon = p->gate_norm;
    if (p->gate_norm <= 0) return FS_OK;
    if (p->input) FS_TRY(vector(build, ".norm_ih", p->tag, n, 0, &w->input_gain, NULL, err));
    return vector(build, ".norm_hh", p->tag, n, 0, &w->state_gain, NULL, err);
}

static void norm_rows(const fs_kernels *k, int64_t n, int N, const float *gain, const float *bias, float epsilon, float *y) {
    for (int64_t i = 0; i < n; i++)
        k->layer_norm_f32(N, y + (size_t)i * (size_t)N, NULL, gain, bias, epsilon, y + (size_t)i * (size_t)N);
}

/* y (n, N) = x m^T + bias, or with a gain the norm of the product */
static void product(const fs_rnn_layer *w, const fs_matrix *m, const float *gain, const float *bias, int64_t n, const float *x,
                    size_t stride, float *y, void *scratch) {
    fs_gemm(m, n, x, stride, gain ? NULL : bias, y, (size_t)m->columns, 0, scratch, NULL);
    if (gain) norm_rows(w->k, n, m->columns, gain, bias, w->epsilon, y);
}

/* The embedding's rows times the input matrix, biases added: (V, G H). */
static fs_status make_table(fs_rnn_layer *w, const fs_rnn_part *p, const fs_build *build, const char *name, fs_error *err) {
    const fs_embedding *e = p->absorb;
    const int rows = p->cell->gates * p->hidden;
    fs_build exact = *build; /* in float32, whatever the products are held in: the table costs nothing to be exact */
    fs_matrix m = {0};
    float *x = fs_alloc((size_t)e->width * sizeof *x);
    fs_status st = x ? FS_OK : fs_fail_memory(err, name, (uint64_t)e->width * sizeof *x);
    exact.dtype = FS_F32;
    if (st == FS_OK) st = fs_build_matrix(&exact, name, rows, p->input, 0, e->width, &m, err);
    if (st == FS_OK) {
        w->table = fs_alloc((size_t)e->vocabulary * (size_t)rows * sizeof(float));
        if (!w->table) st = fs_fail_memory(err, name, (uint64_t)e->vocabulary * (uint64_t)rows * sizeof(float));
    }
    for (int id = 0; st == FS_OK && id < e->vocabulary; id++) {
        fs_embedding_row(e, id, x);
        product(w, &m, w->input_gain, w->input_bias, 1, x, (size_t)e->width, w->table + (size_t)id * (size_t)rows, NULL);
    }
    fs_matrix_free(&m);
    fs_free(x);
    return st;
}

static fs_status read_input(fs_rnn_layer *w, const fs_rnn_part *p, const fs_build *build, fs_error *err) {
    const int rows = p->cell->gates * p->hidden;
    char name[64];
    snprintf(name, sizeof name, ".weight_ih%s", p->tag);
    if (p->absorb)
        FS_TRY(make_table(w, p, build, name, err));
    else
        FS_TRY(fs_build_matrix(build, name, rows, p->input, 0, p->plain, &w->input, err));
    if (p->plain == p->input) return FS_OK;
    return fs_build_matrix(build, name, rows, p->input, p->plain, p->input - p->plain, &w->feed, err);
}

/* A GRU with reset before: the gates' matrix, and that of the new state. */
static fs_status read_reset(fs_rnn_layer *w, int H, const fs_build *build, const char *name, fs_error *err) {
    float *all = NULL;
    fs_status st;
    FS_TRY(fs_build_floats(build, name, 3 * H, H, 0, H, &all, err));
    st = fs_matrix_init(&w->state, build->k, build->dtype, 2 * H, H, all, build->store, name, err);
    if (st == FS_OK)
        st = fs_matrix_init(&w->reset, build->k, build->dtype, H, H, all + 2 * (size_t)H * (size_t)H, build->store, name, err);
    fs_free(all);
    return st;
}

fs_status fs_rnn_layer_init(fs_rnn_layer *w, const fs_rnn_part *p, const fs_build *build, fs_error *err) {
    const int H = p->hidden;
    char name[64];
    w->k = build->k;
    FS_TRY(read_biases(w, p, build, err));
    FS_TRY(read_norms(w, p, build, err));
    if (p->input) FS_TRY(read_input(w, p, build, err));
    if (p->cell == &fs_cell_ssru) return FS_OK;
    snprintf(name, sizeof name, ".weight_hh%s", p->tag);
    if (p->cell == &fs_cell_gru_before) return read_reset(w, H, build, name, err);
    return fs_build_matrix(build, name, p->cell->gates * H, H, 0, H, &w->state, err);
}

void fs_rnn_layer_free(fs_rnn_layer *w) {
    fs_matrix_free(&w->input);
    fs_matrix_free(&w->feed);
    fs_matrix_free(&w->state);
    fs_matrix_free(&w->reset);
    fs_free(w->table);
    fs_free(w->input_bias);
    fs_free(w->state_bias);
    fs_free(w->input_gain);
    fs_free(w->state_gain);
}

size_t fs_rnn_layer_bytes(const fs_rnn_layer *w) {
    return fs_matrix_bytes(&w->input) + fs_matrix_bytes(&w->feed) + fs_matrix_bytes(&w->state) + fs_matrix_bytes(&w->reset);
}

size_t fs_rnn_scratch(const fs_rnn_layer *w, int64_t rows, int64_t input_rows) {
    size_t most = w->input.packed ? fs_gemm_scratch(&w->input, input_rows) : 0;
    most = FS_MAX(most, fs_gemm_scratch(&w->state, rows));
    if (w->feed.packed) most = FS_MAX(most, fs_gemm_scratch(&w->feed, rows));
    if (w->reset.packed) most = FS_MAX(most, fs_gemm_scratch(&w->reset, rows));
    return most;
}

void fs_rnn_input_part(const fs_rnn_layer *w, int64_t n, const float *x, size_t stride, float *xg, void *scratch) {
    product(w, &w->input, w->input_gain, w->input_bias, n, x, stride, xg, scratch);
}

void fs_rnn_state_part(const fs_rnn_layer *w, int n, int zero, const float *h, float *part, void *scratch) {
    const size_t N = (size_t)w->state.columns;
    if (!zero) {
        product(w, &w->state, w->state_gain, w->state_bias, n, h, (size_t)w->state.depth, part, scratch);
        return;
    }
    for (int i = 0; i < n; i++) {
        if (w->state_bias)
            memcpy(part + (size_t)i * N, w->state_bias, N * sizeof *part);
        else
            memset(part + (size_t)i * N, 0, N * sizeof *part);
    }
}

void fs_rnn_advance(const fs_cell *cell, const fs_rnn_layer *w, int transitions, int n, int H, const float **x, int zero,
                    float *h, float *c, float *part, void *scratch) {
    cell->advance(w, n, H, x, zero, h, c, part, scratch);
    for (int j = 1; j <= transitions; j++) {
        for (int i = 0; i < n; i++) x[i] = w[j].input_bias;
        cell->advance(&w[j], n, H, x, 0, h, c, part, scratch);
    }
}
