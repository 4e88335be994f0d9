#include <math.h>

#include "ref_math.h"
#include "slots_portable.h"

void fs_exp_f32__portable(int n, const float *x, float *y) {
    for (int i = 0; i < n; i++) y[i] = (float)fs_ref_exp(x[i]);
}

void fs_sigmoid_f32__portable(int n, const float *x, float *y) {
    for (int i = 0; i < n; i++) y[i] = (float)fs_ref_sigmoid(x[i]);
}

void fs_tanh_f32__portable(int n, const float *x, float *y) {
    for (int i = 0; i < n; i++) y[i] = (float)fs_ref_tanh(x[i]);
}

void fs_relu_f32__portable(int n, const float *x, float *y) {
    for (int i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

void fs_silu_f32__portable(int n, const float *x, float *y) {
    for (int i = 0; i < n; i++) y[i] = (float)(x[i] * fs_ref_sigmoid(x[i]));
}

void fs_gelu_f32__portable(int n, const float *x, float *y) {
    for (int i = 0; i < n; i++) y[i] = (float)(0.5 * x[i] * erfc(-0.7071067811865476 * x[i]));
}

void fs_gelu_tanh_f32__portable(int n, const float *x, float *y) {
    for (int i = 0; i < n; i++) {
        const double u = 0.7978845608028654 * (x[i] + 0.044715 * x[i] * x[i] * x[i]);
        y[i] = (float)(x[i] * fs_ref_sigmoid(2 * u));
    }
}

void fs_mul_f32__portable(int n, const float *x, float *y) {
    for (int i = 0; i < n; i++) y[i] *= x[i];
}

float fs_dot_f32__portable(int n, const float *x, const float *y) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)x[i] * y[i];
    return (float)sum;
}

void fs_axpy_f32__portable(int n, float a, const float *x, float *y) {
    for (int i = 0; i < n; i++) y[i] += a * x[i];
}

float fs_additive_score_f32__portable(int n, const float *q, const float *k, const float *v) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += v[i] * fs_ref_tanh(q[i] + k[i]);
    return (float)sum;
}
