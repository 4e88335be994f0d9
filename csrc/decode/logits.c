#include "logits.h"

#include <math.h>

const int32_t *fs_logits_allow(fs_stepper *m, const int32_t *never, int nevers, int row, float *logits, int *n) {
    const int32_t *tokens = NULL;
    *n = m->vocabulary;
    if (m->candidates) tokens = m->candidates(m, row, n);
    for (int i = 0, at = 0; i < nevers; i++) { /* both rise */
        const int32_t token = never[i];
        if (!tokens) logits[token] = -INFINITY;
        for (; tokens && at < *n && tokens[at] <= token; at++)
            if (tokens[at] == token) logits[at] = -INFINITY;
    }
    return tokens;
}

int fs_logits_stop(const int32_t *stop, int stops, int32_t token) {
    for (int i = 0; i < stops; i++)
        if (stop[i] == token) return 1;
    return 0;
}

int32_t fs_logits_aligned(fs_stepper *m, const fs_kernels *k, int row) {
    int64_t n = 0;
    const float *weights = m->attention ? m->attention(m, row, &n) : NULL;
    return weights ? k->argmax_f32((int)n, weights) : -1;
}
