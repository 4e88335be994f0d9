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

void fs_attend_f32__portable(const fs_attend_args *a) {
    for (int i = 0; i < a->queries; i++) {
        const int seen = FS_MIN(a->first_key_count + i, a->keys);
        const float *q = a->q + (size_t)i * a->q_stride;
        for (int t = 0; t < seen; t++) {
            double sum = 0;
            for (int d = 0; d < a->width; d++) sum += (double)q[d] * a->k[(size_t)d * a->k_stride + (size_t)t];
            a->scores[t] = (float)(sum * a->scale);
        }
        fs_softmax_f32__portable(seen, a->scores, a->scores);
        for (int d = 0; d < a->width; d++) {
            double sum = 0;
            for (int t = 0; t < seen; t++) sum += (double)a->scores[t] * a->v[(size_t)t * a->v_stride + (size_t)d];
            a->y[(size_t)i * a->y_stride + (size_t)d] = (float)sum;
        }
    }
}

void fs_dots_s8__portable(const fs_dots_args *a) {
    for (int j = 0; j < a->count; j++) {
        const int row = a->rows[j];
        const int8_t *w = a->w + (size_t)row * (size_t)a->depth;
        int32_t sum = 0;
        for (int k = 0; k < a->depth; k++) sum += (a->x[k] - 128) * w[k];
        a->y[j] = a->x_scale * a->w_scale[row] * (float)sum + (a->bias ? a->bias[row] : 0);
    }
}
