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

/* ---- attention: block by block, as the vector forms do it ---- */

typedef struct attend_state {
    int head, from, seen, place;
    double top, sum, fall; /* the largest score, the weights' sum, and what the last block left of what was before */
    float scores[FS_ATTEND_BLOCK];
} attend_state;

/* Scores of keys [begin, end) to w->scores */
static void attend_score(const fs_attend_args *a, attend_state *w, const float *q, int begin, int end) {
    const size_t at = (size_t)(w->head / a->heads_a_key) * (size_t)a->width;
    for (int t = begin; t < end; t++) {
        const float *k = fs_attend_key(a, t) + at * FS_ATTEND_KEYS;
        const int apart = FS_MIN(FS_MAX(t - w->place, -a->reach), a->reach);
        double sum = 0;
        for (int i = 0; i < a->width; i++) sum += (double)q[i] * k[i * FS_ATTEND_KEYS];
        sum *= a->scale;
        if (a->cap != 0) sum = a->cap * fs_ref_tanh(sum / a->cap);
        if (a->bias) sum += a->bias[(size_t)w->head * a->bias_stride + (size_t)(a->reach + apart)];
        w->scores[t - begin] = (float)sum;
    }
}

/* Scores to weights, y (d) += their share of the values */
static void attend_add(const fs_attend_args *a, attend_state *w, int begin, int end, float *y) {
    const size_t at = (size_t)(w->head / a->heads_a_key) * (size_t)a->width;
    double top = w->top;
    for (int t = 0; t < end - begin; t++) top = w->scores[t] > top ? w->scores[t] : top;
    w->fall = fs_ref_exp(w->top - top);
    w->top = top;
    w->sum *= w->fall;
    for (int t = 0; t < end - begin; t++) {
        w->scores[t] = (float)fs_ref_exp(w->scores[t] - top);
        w->sum += w->scores[t];
    }
    for (int i = 0; i < a->width; i++) {
        double sum = y[i] * w->fall;
        for (int t = begin; t < end; t++) sum += (double)w->scores[t - begin] * fs_attend_value(a, t)[at + (size_t)i];
        y[i] = (float)sum;
    }
}

static void attend_add_mean(const fs_attend_args *a, attend_state *w, const float *q) {
    for (int begin = w->from, end; begin < w->seen; begin = end) {
        end = FS_MIN(begin + FS_ATTEND_BLOCK, w->seen);
        attend_score(a, w, q, begin, end);
        for (int t = begin; t < end; t++)
            a->mean[t] += (float)(fs_ref_exp(w->scores[t - begin] - w->top) / w->sum / a->heads);
    }
}

static void attend_row(const fs_attend_args *a, int query, int head) {
    const size_t at = (size_t)head * (size_t)a->width;
    const float *q = a->q + (size_t)query * a->q_stride + at;
    float *y = a->y + (size_t)query * a->y_stride + at;
    attend_state w = {.head = head, .place = a->place + query, .top = FS_ATTEND_LOWEST};
    w.from = fs_attend_range(a, w.place, &w.seen);
    for (int i = 0; i < a->width; i++) y[i] = 0;
    for (int begin = w.from, end; begin < w.seen; begin = end) {
        end = FS_MIN(begin / FS_ATTEND_BLOCK * FS_ATTEND_BLOCK + FS_ATTEND_BLOCK, w.seen);
        attend_score(a, &w, q, begin, end);
        attend_add(a, &w, begin, end, y);
    }
    for (int i = 0; i < a->width; i++) y[i] = (float)(y[i] / w.sum);
    if (a->mean) attend_add_mean(a, &w, q);
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
