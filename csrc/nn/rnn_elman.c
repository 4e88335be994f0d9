/* Elman's cell: h = tanh(W x + b + U h), or with relu. Elman 1990, "Finding structure in time". */
#include "rnn.h"

static void advance_tanh(const fs_rnn_layer *w, int n, int H, const float *const *x, int zero, float *h, float *c,
                         float *part, void *scratch) {
    (void)c;
    fs_rnn_state_part(w, n, zero, h, part, scratch);
    for (int i = 0; i < n; i++) w->state.k->rnn_tanh_f32(H, x[i], part + (size_t)i * H, h + (size_t)i * H);
}

static void advance_relu(const fs_rnn_layer *w, int n, int H, const float *const *x, int zero, float *h, float *c,
                         float *part, void *scratch) {
    (void)c;
    fs_rnn_state_part(w, n, zero, h, part, scratch);
    for (int i = 0; i < n; i++) w->state.k->rnn_relu_f32(H, x[i], part + (size_t)i * H, h + (size_t)i * H);
}

const fs_cell fs_cell_tanh = {"tanh", 1, 0, advance_tanh};
const fs_cell fs_cell_relu = {"relu", 1, 0, advance_relu};
