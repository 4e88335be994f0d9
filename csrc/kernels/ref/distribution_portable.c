#include <math.h>

#include "../heap.h"
#include "ref_math.h"
#include "slots_portable.h"

/* the largest element, NaN passed over; -infinity when there is none */
static double row_max(int n, const float *x) {
    float best = -INFINITY;
    for (int i = 0; i < n; i++) best = x[i] > best ? x[i] : best;
    return best;
}

static double sum_exp(int n, const float *x, double shift) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += fs_ref_exp(x[i] - shift);
    return sum;
}

void fs_softmax_f32__portable(int n, const float *x, float *y) {
    const double shift = row_max(n, x), sum = sum_exp(n, x, shift);
    for (int i = 0; i < n; i++) y[i] = (float)(fs_ref_exp(x[i] - shift) / sum);
}

void fs_log_softmax_f32__portable(int n, const float *x, float *y) {
    const double shift = row_max(n, x), log_sum = log(sum_exp(n, x, shift));
    for (int i = 0; i < n; i++) y[i] = (float)(x[i] - shift - log_sum);
}

float fs_log_sum_exp_f32__portable(int n, const float *x) {
    const double top = row_max(n, x);
    if (isinf(top)) {
        for (int i = 0; i < n; i++)
            if (isnan(x[i])) return NAN;
        return (float)top;
    }
    return (float)(top + log(sum_exp(n, x, top)));
}

int fs_argmax_f32__portable(int n, const float *x) {
    int best = -1;
    for (int i = 0; i < n; i++)
        if (best < 0 ? x[i] == x[i] : x[i] > x[best]) best = i;
    return best;
}

void fs_top_k_f32__portable(int n, const float *x, int k, int32_t *index, float *value) {
    if (k <= 0) return;
    fs_heap_fill(k, x, index, value);
    for (int i = k; i < n; i++) fs_heap_offer(k, i, x[i], index, value);
    fs_heap_sort(k, index, value);
}
