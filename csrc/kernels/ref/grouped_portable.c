/* The product with weights quantized in groups, in plain C: the meaning of the slots. */
#include <math.h>
#include <string.h>

#include "../grouped_slots.h"
#include "../half.h"
#include "slots_portable.h"

/* One group of x as quantize_groups_s8 says. */
static void quantize_group(int n, int group, const float *x, int8_t *q, float *scale, int32_t *sum) {
    float top = 0, inverse;
    int whole = 1;
    for (int i = 0; i < n; i++) {
        whole &= isfinite(x[i]) != 0;
        if (fabsf(x[i]) > top) top = fabsf(x[i]);
    }
    memset(q, 0, (size_t)group);
    *sum = 0;
    *scale = whole ? 0 : NAN;
    if (!whole || top < FS_QUANTIZE_LEAST) return;
    inverse = 127 / top;
    for (int i = 0; i < n; i++) {
        const float shifted = x[i] * inverse + 12582912.0f; /* 1.5 * 2^23: the sum is rounded to an integer */
        uint32_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        q[i] = (int8_t)(uint8_t)(bits & 0xff);
        *sum += q[i];
    }
    *scale = top / 127;
}

void fs_quantize_groups_s8__portable(int n, int group, const float *x, int8_t *q, float *scale, int32_t *sum) {
    for (int i = 0; i < n; i += group) quantize_group(FS_MIN(group, n - i), group, x + i, q + i, scale++, sum++);
}

static float scale_of(const uint8_t *at, int column, int half) {
    uint16_t narrow;
    float wide;
    if (!half) {
        memcpy(&wide, at + (size_t)column * sizeof wide, sizeof wide);
        return wide;
    }
    memcpy(&narrow, at + (size_t)column * sizeof narrow, sizeof narrow);
    return fs_half_expand(narrow);
}

/* The sum of (u - zero) x over a group of a column. */
static int32_t sum_of(const uint8_t *u, int column, const int8_t *x, fs_grouped_layout l) {
    const int part = l.bits == 4 ? l.group / 2 : l.group;
    int32_t sum = 0;
    for (int k = 0; k < part; k++) {
        const int byte = u[(k / 4 * FS_GROUP_PANEL + column) * 4 + k % 4];
        if (l.bits == 4)
            sum += ((byte & 15) - l.zero) * x[k] + ((byte >> 4) - l.zero) * x[part + k];
        else
            sum += (byte - l.zero) * x[k];
    }
    return sum;
}

static float element(const fs_grouped_args *a, fs_grouped_layout l, int row, int column) {
    const size_t scales = (size_t)FS_GROUP_PANEL * (l.half ? 2 : 4), step = fs_grouped_step(l);
    const uint8_t *at = a->packed + (size_t)(column / FS_GROUP_PANEL) * step * (size_t)a->groups;
    const uint8_t *x = a->x + (size_t)row * a->x_stride;
    const int in_panel = column % FS_GROUP_PANEL;
    float total = 0;
    for (int g = 0; g < a->groups; g++, at += step, x += fs_grouped_x_step(l)) {
        const int32_t sum = sum_of(at + scales * (size_t)(1 + l.least), in_panel, (const int8_t *)x, l);
        fs_grouped_facts facts;
        memcpy(&facts, x + l.group, sizeof facts);
        total += (float)sum * facts.scale * scale_of(at, in_panel, l.half);
        if (l.least) total += facts.all * scale_of(at + scales, in_panel, l.half);
    }
    return total;
}

int fs_gemm_grouped_excess__portable(fs_grouped_form form) {
    (void)form;
    return 0;
}

void fs_gemm_grouped__portable(const fs_grouped_args *a) {
    const fs_grouped_layout l = fs_grouped_layout_of(a->form);
    for (int row = 0; row < a->rows; row++)
        for (int column = a->first; column < a->last; column++) {
            float *y = a->y + (size_t)row * a->y_stride + column;
            const float v = element(a, l, row, column) + (a->bias ? a->bias[column] : 0.0f);
            *y = a->accumulate ? *y + v : v;
        }
}
