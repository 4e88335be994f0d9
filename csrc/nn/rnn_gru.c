/* Gated recurrent unit, gates r, z, n: h = (1 - z) n + z h, in its two forms:
 *   after   n = tanh(W x + b + r (U h + c))   torch, cuDNN: the reset gate multiplies the product
 *   before  n = tanh(W x + b + U (r h))       Cho et al. 2014: it multiplies the state */
#include "rnn.h"

static void advance_after(const fs_rnn_layer *w, int n, int H, const float *const *x, int zero, float *h, float *c,
                          float *part, void *scratch) {
    size_t gates = 3 * (size_t)H;
    (void)c;
    fs_rnn_state_part(w, n, zero, h, part, scratch);
    for (int i = 0; i < n; i++) w->state.k->gru_f32(H, x[i], part + (size_t)i * gates, h + (size_t)i * H);
}

/* part holds r and z (n, 2 H), then r h and the new state's part (n, H) in its last third */
static void advance_before(const fs_rnn_layer *w, int n, int H, const float *const *x, int zero, float *h, float *c,
                           float *part, void *scratch) {
    const fs_kernels *k = w->state.k;
    size_t gates = 2 * (size_t)H;
    float *reset = part + (size_t)n * gates; /* (n, H) */
    (void)c;
    fs_rnn_state_part(w, n, zero, h, part, scratch);
    for (int i = 0; i < n; i++) {
        float *rz = part + (size_t)i * gates;
        for (int j = 0; j < 2 * H; j++) rz[j] += x[i][j];
        k->sigmoid_f32(2 * H, rz, rz);
        for (int j = 0; j < H; j++) {
            reset[(size_t)i * H + j] = rz[j] * h[(size_t)i * H + j];
            rz[j] = x[i][2 * H + j]; /* r is done with: its place takes the input's part of n */
        }
    }
    fs_gemm(&w->reset, n, reset, (size_t)H, NULL, part, gates, 1, scratch, NULL);
    for (int i = 0; i < n; i++) {
        float *new_state = part + (size_t)i * gates, *z = new_state + H, *row = h + (size_t)i * H;
        k->tanh_f32(H, new_state, new_state);
        for (int j = 0; j < H; j++) row[j] = (1 - z[j]) * new_state[j] + z[j] * row[j];
    }
}

const fs_cell fs_cell_gru = {"gru", 3, 0, advance_after};
const fs_cell fs_cell_gru_before = {"gru", 3, 0, advance_before};
