/* Long short-term memory: gates i, f, g, o; c = f c + i g; h = o tanh(c).
 * Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000; torch.nn.LSTM's order. */
#include "rnn.h"

static void advance(const fs_rnn_layer *w, int n, int H, const float *const *x, int zero, float *h, float *c,
                    float *part, void *scratch) {
    size_t gates = 4 * (size_t)H;
    fs_rnn_state_part(w, n, zero, h, part, scratch);
    for (int i = 0; i < n; i++)
        w->state.k->lstm_f32(H, x[i], part + (size_t)i * gates, c + (size_t)i * H, h + (size_t)i * H);
}

const fs_cell fs_cell_lstm = {"lstm", 4, 1, advance};
