#include <math.h>

#include "ref_math.h"
#include "slots_portable.h"

static void norm_sums(int n, const float *x, const float *add, double *mean, double *squares) {
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++) {
        const float s = add ? x[i] + add[i] : x[i];
        sum += s;
        square += (double)s * s;
    }
    *mean = sum / n;
    *squares = square / n;
}

void fs_layer_norm_f32__portable(int n, const float *x, const float *add, const float *weight, const float *bias,
                                 float epsilon, float *y) {
    double mean, squares, spread = 0;
    norm_sums(n, x, add, &mean, &squares);
    for (int i = 0; i < n; i++) {
        const double d = (add ? x[i] + add[i] : x[i]) - mean;
        spread += d * d;
    }
    for (int i = 0; i < n; i++)
        y[i] = (float)(((add ? x[i] + add[i] : x[i]) - mean) / sqrt(spread / n + epsilon) * weight[i] + bias[i]);
}

void fs_rms_norm_f32__portable(int n, const float *x, const float *add, const float *weight, float epsilon, float *y) {
    double mean, squares;
    norm_sums(n, x, add, &mean, &squares);
    for (int i = 0; i < n; i++) y[i] = (float)((add ? x[i] + add[i] : x[i]) / sqrt(squares + epsilon) * weight[i]);
}

static void attend_row(const fs_attend_args *a, int query, int head) {
    const int seen = FS_MIN(a->first_key_count + query, a->keys), d = a->width;
    const size_t from = (size_t)(head / a->heads_a_key) * (size_t)d;
    const float *q = a->q + (size_t)query * a->q_stride + (size_t)head * (size_t)d;
    float *y = a->y + (size_t)query * a->y_stride + (size_t)head * (size_t)d;
    for (int t = 0; t < seen; t++) {
        double sum = 0;
        for (int i = 0; i < d; i++) sum += (double)q[i] * a->k[(from + (size_t)i) * a->k_stride + (size_t)t];
        a->scores[t] = (float)(sum * a->scale);
    }
    fs_softmax_f32__portable(seen, a->scores, a->scores);
    for (int i = 0; i < d; i++) {
        double sum = 0;
        for (int t = 0; t < seen; t++) sum += (double)a->scores[t] * a->v[(size_t)t * a->v_stride + from + (size_t)i];
        y[i] = (float)sum;
    }
    for (int t = 0; t < seen && a->mean; t++) a->mean[t] += a->scores[t] / (float)a->heads;
}

void fs_attend_f32__portable(const fs_attend_args *a) {
    for (int query = 0; query < a->queries; query++)
        for (int head = 0; head < a->heads; head++) attend_row(a, query, head);
}

void fs_dots_s8__portable(const fs_dots_args *a) {
    for (int j = 0; j < a->count; j++) {
        const int row = a->rows[j];
        const int8_t *w = a->w + (size_t)row * (size_t)a->depth;
        int32_t sum = 0;
        for (int k = 0; k < a->depth; k++) sum += (a->x[k] - 128) * w[k];
        a->y[j] = a->x_scale * a->facts[row].scale * (float)sum + a->facts[row].bias;
    }
}
