/* Simpler simple recurrent unit (Kim et al. 2019, "From research to production and back", 3): f = sigmoid(W_f x + b),
 * c = f c + (1 - f) W x, h = relu(c). The state has no matrix of its own. */
#include "rnn.h"

static void advance(const fs_rnn_layer *w, int n, int H, const float *const *x, int zero, float *h, float *c,
                    float *part, void *scratch) {
    (void)zero, (void)part, (void)scratch;
    for (int i = 0; i < n; i++) w->k->ssru_f32(H, x[i], c + (size_t)i * H, h + (size_t)i * H);
}

const fs_cell fs_cell_ssru = {"ssru", 2, 1, advance};
