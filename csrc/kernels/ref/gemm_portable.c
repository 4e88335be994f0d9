/* The matrix product in plain C: the meaning of the gemm slots. A multiplication and an addition are
 * separate here (no fused step to rely on); the order is that of every table, rising k. */
#include <string.h>

#include "../gemm_bf16.h"
#include "../gemm_slots.h"

enum { PANEL = 16 };

static fs_gemm_layout layout(fs_dtype dtype) {
    fs_gemm_layout l = {PANEL, 1, 1};
    (void)dtype;
    return l;
}

/* sum[j] = what element (row, column + j) starts from */
static void start_sums(const fs_gemm_args *a, int row, int column, int n, float *sum) {
    const float *y = a->y + (size_t)row * a->y_stride + column;
    for (int j = 0; j < PANEL; j++) {
        sum[j] = j < n && a->accumulate ? y[j] : 0.0f;
        if (j < n && a->bias) sum[j] += a->bias[column + j];
    }
}

static void gemm_f32(const fs_gemm_args *a) {
    for (int column = a->first; column < a->last; column += PANEL) {
        const float *w = (const float *)a->packed + (size_t)column * (size_t)a->depth;
        int n = FS_MIN(PANEL, a->last - column);
        for (int row = 0; row < a->rows; row++) {
            const float *x = (const float *)a->x + (size_t)row * a->x_stride;
            float sum[PANEL];
            start_sums(a, row, column, n, sum);
            for (int k = 0; k < a->depth; k++)
                for (int j = 0; j < PANEL; j++) sum[j] += x[k] * w[(size_t)k * PANEL + j];
            memcpy(a->y + (size_t)row * a->y_stride + column, sum, (size_t)n * sizeof *sum);
        }
    }
}

static void gemm_bf16(const fs_gemm_args *a) {
    for (int column = a->first; column < a->last; column += PANEL) {
        const uint16_t *w = (const uint16_t *)a->packed + (size_t)column * (size_t)a->depth;
        int n = FS_MIN(PANEL, a->last - column);
        for (int row = 0; row < a->rows; row++) {
            const float *x = (const float *)a->x + (size_t)row * a->x_stride;
            float sum[PANEL];
            start_sums(a, row, column, n, sum);
            for (int k = 0; k < a->depth; k++)
                for (int j = 0; j < PANEL; j++) sum[j] += x[k] * fs_bf16_expand(w[(size_t)k * PANEL + j]);
            memcpy(a->y + (size_t)row * a->y_stride + column, sum, (size_t)n * sizeof *sum);
        }
    }
}

/* The integer sums of one row and panel. They may pass 2^31 before 128 * sum(w) is taken off again, so they
 * are kept modulo 2^32. */
static void sums_s8(const uint8_t *x, const int8_t *w, int depth, uint32_t *sum) {
    memset(sum, 0, PANEL * sizeof *sum);
    for (int k = 0; k < depth; k++)
        for (int j = 0; j < PANEL; j++) sum[j] += (uint32_t)(x[k] * w[(size_t)k * PANEL + j]);
}

static void gemm_s8(const fs_gemm_args *a) {
    for (int column = a->first; column < a->last; column += PANEL) {
        const int8_t *w = (const int8_t *)a->packed + (size_t)column * (size_t)a->depth;
        int n = FS_MIN(PANEL, a->last - column);
        for (int row = 0; row < a->rows; row++) {
            float *y = a->y + (size_t)row * a->y_stride + column;
            uint32_t sum[PANEL];
            sums_s8((const uint8_t *)a->x + (size_t)row * a->x_stride, w, a->depth, sum);
            for (int j = 0; j < n; j++) {
                int32_t exact = (int32_t)(sum[j] - (uint32_t)a->w_sum[column + j]);
                float v = (a->x_scale[row] * a->w_scale[column + j]) * (float)exact;
                v += a->bias ? a->bias[column + j] : 0.0f;
                y[j] = a->accumulate ? y[j] + v : v;
            }
        }
    }
}

static double limit_f32(int64_t steps, float *sink) {
    float sum[PANEL] = {0};
    for (int64_t s = 0; s < steps; s++)
        for (int j = 0; j < PANEL; j++) sum[j] = sum[j] * 0.5f + 1.0f;
    *sink = sum[0] + sum[PANEL - 1];
    return (double)steps * PANEL;
}

static double limit_s8(int64_t steps, int32_t *sink) {
    uint32_t sum[PANEL] = {1, 2, 3};
    for (int64_t s = 0; s < steps; s++)
        for (int j = 0; j < PANEL; j++) sum[j] = sum[j] * 3 + 1;
    *sink = (int32_t)(sum[0] ^ sum[PANEL - 1]);
    return (double)steps * PANEL;
}

static void limit_read(size_t bytes, const void *p, int32_t *sink) {
    const int32_t *at = p;
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes / sizeof *at; i++) sum += (uint32_t)at[i];
    *sink = (int32_t)sum;
}

void fs_gemm_fill_portable(fs_kernels *k) {
    k->gemm_limit_f32 = limit_f32;
    k->gemm_limit_s8 = limit_s8;
    k->gemm_limit_read = limit_read;
    k->gemm_layout = layout;
    k->gemm_f32 = gemm_f32;
    k->gemm_bf16 = gemm_bf16;
    k->gemm_s8 = gemm_s8;
}
