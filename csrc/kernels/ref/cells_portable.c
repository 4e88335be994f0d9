#include "ref_math.h"
#include "slots_portable.h"

void fs_rnn_tanh_f32__portable(int n, const float *x, const float *h_part, float *h) {
    for (int i = 0; i < n; i++) h[i] = (float)fs_ref_tanh((double)x[i] + h_part[i]);
}

void fs_rnn_relu_f32__portable(int n, const float *x, const float *h_part, float *h) {
    for (int i = 0; i < n; i++) {
        const float sum = x[i] + h_part[i];
        h[i] = sum < 0 ? 0 : sum; /* NaN stays */
    }
}

void fs_lstm_f32__portable(int n, const float *x, const float *h_part, float *c, float *h) {
    for (int i = 0; i < n; i++) {
        const double in = fs_ref_sigmoid((double)x[i] + h_part[i]);
        const double forget = fs_ref_sigmoid((double)x[n + i] + h_part[n + i]);
        const double cell = fs_ref_tanh((double)x[2 * n + i] + h_part[2 * n + i]);
        const double out = fs_ref_sigmoid((double)x[3 * n + i] + h_part[3 * n + i]);
        c[i] = (float)(forget * c[i] + in * cell);
        h[i] = (float)(out * fs_ref_tanh(c[i]));
    }
}

void fs_ssru_f32__portable(int n, const float *x, float *c, float *h) {
    for (int i = 0; i < n; i++) {
        const double forget = fs_ref_sigmoid(x[i]);
        c[i] = (float)(forget * c[i] + (1 - forget) * x[n + i]);
        h[i] = c[i] < 0 ? 0 : c[i];
    }
}

void fs_gru_f32__portable(int n, const float *x, const float *h_part, float *h) {
    for (int i = 0; i < n; i++) {
        const double reset = fs_ref_sigmoid((double)x[i] + h_part[i]);
        const double keep = fs_ref_sigmoid((double)x[n + i] + h_part[n + i]);
        const double fresh = fs_ref_tanh(x[2 * n + i] + reset * h_part[2 * n + i]);
        h[i] = (float)((1 - keep) * fresh + keep * h[i]);
    }
}
