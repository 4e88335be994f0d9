/* Weight matrices made ready for a table's gemm kernels: checked, converted, laid out in panels. */
#include "gemm.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "../base/checked.h"
#include "gemm_bf16.h"

/* Where column `c` of a panel lies among its columns (kernel_types.h: lanes). */
static int place_of(const fs_gemm_layout *l, int c) {
    int in_pair = c % (2 * l->lanes), half = in_pair / l->lanes;
    if (l->lanes < 2) return c;
    return c - in_pair + 2 * (in_pair - half * l->lanes) + half;
}

/* Index of W[column][0] in the packed array; k advances by layout.panel * layout.depth every layout.depth. */
static size_t column_start(const fs_gemm_layout *l, int depth, int column) {
    size_t groups = ((size_t)depth + (size_t)l->depth - 1) / (size_t)l->depth;
    size_t panel = (size_t)(column / l->panel);
    return (panel * groups * (size_t)l->panel + (size_t)place_of(l, column % l->panel)) * (size_t)l->depth;
}

static size_t element_size(fs_dtype dtype) { return dtype == FS_F32 ? 4 : dtype == FS_BF16 ? 2 : 1; }

static fs_status check_side(int n, int limit, const char *side, const char *where, fs_error *err) {
    char what[64] = "bad number of ";
    if (n >= 1 && n <= limit) return FS_OK;
    strcat(what, side);
    return fs_fail(err, FS_ERR_VALUE, where, what, "1 to %d|%d", limit, n);
}

/* Everything but the weights: sizes checked; what fills up panels and groups is zero. */
static fs_status open_matrix(fs_matrix *m, const fs_kernels *k, fs_dtype dtype, int columns, int depth, fs_store *store,
                             const char *where, fs_error *err) {
    fs_gemm_layout l;
    size_t bytes, wide, deep;
    memset(m, 0, sizeof *m);
    FS_TRY(check_side(columns, FS_MATRIX_SIDE_MAX, "columns", where, err));
    FS_TRY(check_side(depth, dtype == FS_S8 ? FS_MATRIX_S8_DEPTH_MAX : FS_MATRIX_SIDE_MAX, "inputs", where, err));
    l = k->gemm_layout(dtype);
    wide = ((size_t)columns + (size_t)l.panel - 1) / (size_t)l.panel * (size_t)l.panel;
    deep = ((size_t)depth + (size_t)l.depth - 1) / (size_t)l.depth * (size_t)l.depth;
    if (!fs_size_array(wide, deep, element_size(dtype), &bytes)) return fs_fail_memory(err, where, UINT64_MAX);
    m->k = k;
    m->dtype = dtype;
    m->columns = columns;
    m->depth = depth;
    m->packed_bytes = bytes;
    m->packed = store ? fs_store_take(store, bytes) : (m->own = fs_alloc(bytes));
    if (m->packed && store && wide * deep > (size_t)columns * (size_t)depth) memset(m->packed, 0, bytes); /* what fills up */
    if (dtype == FS_S8) {
        m->scale = fs_alloc((size_t)columns * sizeof *m->scale);
        m->sum = fs_alloc((size_t)columns * sizeof *m->sum);
    }
    if (m->packed && (dtype != FS_S8 || (m->scale && m->sum))) return FS_OK;
    fs_matrix_free(m);
    return fs_fail_memory(err, where, bytes);
}

static fs_status fail_weight(int column, int k, float found, const char *where, fs_error *err) {
    return fs_fail(err, FS_ERR_VALUE, where, "bad weight", "a finite value of the matrix's type|%g at (%d, %d)",
                   (double)found, column, k);
}

static fs_status pack_column_f32(fs_matrix *m, const fs_gemm_layout *l, int column, const float *w, const char *where,
                                 fs_error *err) {
    float *to = (float *)m->packed + column_start(l, m->depth, column);
    for (int k = 0; k < m->depth; k++) {
        if (!isfinite(w[k])) return fail_weight(column, k, w[k], where, err);
        to[(size_t)k * (size_t)l->panel] = w[k];
    }
    return FS_OK;
}

static fs_status pack_column_bf16(fs_matrix *m, const fs_gemm_layout *l, int column, const float *w,
                                  const char *where, fs_error *err) {
    uint16_t *to = (uint16_t *)m->packed + column_start(l, m->depth, column);
    size_t step = (size_t)l->panel * (size_t)l->depth;
    for (int k = 0; k < m->depth; k++) {
        uint16_t rounded = fs_bf16_round(w[k]);
        if (!isfinite(w[k]) || !isfinite(fs_bf16_expand(rounded))) return fail_weight(column, k, w[k], where, err);
        to[(size_t)(k / l->depth) * step + (size_t)(k % l->depth)] = rounded;
    }
    return FS_OK;
}

static int8_t *column_s8(fs_matrix *m, const fs_gemm_layout *l, int column) {
    return (int8_t *)m->packed + column_start(l, m->depth, column);
}

static void put_s8(int8_t *to, const fs_gemm_layout *l, int k, int q) {
    to[(size_t)(k / l->depth) * (size_t)l->panel * (size_t)l->depth + (size_t)(k % l->depth)] = (int8_t)q;
}

static fs_status pack_column_s8(fs_matrix *m, const fs_gemm_layout *l, int column, const float *w, const char *where,
                                fs_error *err) {
    int8_t *to = column_s8(m, l, column);
    float largest = 0;
    int sum = 0;
    for (int k = 0; k < m->depth; k++) {
        if (!isfinite(w[k])) return fail_weight(column, k, w[k], where, err);
        largest = FS_MAX(largest, fabsf(w[k]));
    }
    m->scale[column] = largest / 127.0f;
    if (m->scale[column] == 0) return FS_OK; /* all zero, or too small for a scale: packed as zeros */
    for (int k = 0; k < m->depth; k++) {
        float q = rintf(w[k] / m->scale[column]);
        int clamped = (int)FS_MIN(FS_MAX(q, -127.0f), 127.0f); /* a subnormal scale is inexact */
        put_s8(to, l, k, clamped);
        sum += clamped;
    }
    m->sum[column] = 128 * sum;
    return FS_OK;
}

static void pack_column_quantized(fs_matrix *m, const fs_gemm_layout *l, int column, const int8_t *q) {
    int8_t *to = column_s8(m, l, column);
    const size_t step = (size_t)l->panel * (size_t)l->depth;
    int sum = 0, k = 0;
    if (l->depth == 4) /* the usual group, in one move */
        for (; k + 4 <= m->depth; k += 4) memcpy(to + (size_t)(k / 4) * step, q + k, 4);
    for (; k < m->depth; k++) put_s8(to, l, k, q[k]);
    for (k = 0; k < m->depth; k++) sum += q[k];
    m->sum[column] = 128 * sum;
}

fs_status fs_matrix_init(fs_matrix *m, const fs_kernels *k, fs_dtype dtype, int columns, int depth, const float *w,
                         fs_store *store, const char *where, fs_error *err) {
    fs_gemm_layout l;
    fs_status st;
    FS_TRY(open_matrix(m, k, dtype, columns, depth, store, where, err));
    l = k->gemm_layout(dtype);
    for (int column = 0; column < columns; column++) {
        const float *row = w + (size_t)column * (size_t)depth;
        if (dtype == FS_F32)
            st = pack_column_f32(m, &l, column, row, where, err);
        else if (dtype == FS_BF16)
            st = pack_column_bf16(m, &l, column, row, where, err);
        else
            st = pack_column_s8(m, &l, column, row, where, err);
        if (st != FS_OK) {
            fs_matrix_free(m);
            return st;
        }
    }
    return FS_OK;
}

fs_status fs_matrix_init_s8(fs_matrix *m, const fs_kernels *k, int columns, int depth, const int8_t *q,
                            const float *scale, float multiplier, fs_store *store, const char *where, fs_error *err) {
    fs_gemm_layout l;
    if (!(multiplier >= 0 && multiplier < INFINITY))
        return fs_fail(err, FS_ERR_VALUE, where, "bad multiplier of activations", "a positive number|%g",
                       (double)multiplier);
    FS_TRY(open_matrix(m, k, FS_S8, columns, depth, store, where, err));
    m->multiplier = multiplier;
    l = k->gemm_layout(FS_S8);
    for (int column = 0; column < columns; column++) {
        if (!isfinite(scale[column])) {
            fs_matrix_free(m);
            return fs_fail(err, FS_ERR_VALUE, where, "bad scale", "a finite value|%g in row %d",
                           (double)scale[column], column);
        }
        m->scale[column] = scale[column];
        pack_column_quantized(m, &l, column, q + (size_t)column * (size_t)depth);
    }
    return FS_OK;
}

/* How many parts from the first on are of its form. */
static int alike(const fs_block_rows *parts, int count) {
    const fs_block_type *first = fs_block_type_of(parts[0].type);
    int n = 1;
    for (; n < count; n++) {
        const fs_block_type *next = fs_block_type_of(parts[n].type);
        if (!first || !next || next->form != first->form) break;
    }
    return n;
}

fs_status fs_matrix_init_blocks(fs_matrix *m, const fs_kernels *k, const fs_block_rows *parts, int count, int depth,
                                fs_store *store, fs_run *run, fs_error *err) {
    int64_t columns = 0;
    memset(m, 0, sizeof *m);
    for (int i = 0; i < count; i++) columns += parts[i].rows;
    FS_TRY(check_side((int)FS_MIN(columns, INT_MAX), FS_MATRIX_SIDE_MAX, "columns", parts[0].name, err));
    m->k = k;
    m->dtype = FS_BLOCKS;
    m->columns = (int)columns;
    m->depth = depth;
    m->parts = fs_alloc((size_t)count * sizeof *m->parts);
    if (!m->parts) return fs_fail_memory(err, parts[0].name, (uint64_t)count * sizeof *m->parts);
    if (!store) {
        m->lying = fs_alloc((size_t)count * sizeof *m->lying);
        if (!m->lying) {
            fs_matrix_free(m);
            return fs_fail_memory(err, parts[0].name, (uint64_t)count * sizeof *m->lying);
        }
        memcpy(m->lying, parts, (size_t)count * sizeof *parts);
        parts = m->lying;
    }
    for (int i = 0, n; i < count; i += n) {
        fs_grouped *part = &m->parts[m->part_count];
        fs_status st;
        n = alike(parts + i, count - i);
        st = fs_grouped_init(part, k, parts + i, n, depth, store, run, err);
        if (st != FS_OK) {
            fs_matrix_free(m);
            return st;
        }
        m->packed_bytes += part->packed_bytes;
        m->part_count++;
    }
    return FS_OK;
}

void fs_matrix_free(fs_matrix *m) {
    if (!m) return;
    fs_free(m->parts);
    fs_free(m->lying);
    fs_free(m->own);
    fs_free(m->scale);
    fs_free(m->sum);
    memset(m, 0, sizeof *m);
}

size_t fs_matrix_bytes(const fs_matrix *m) {
    return m->packed_bytes + (m->scale ? (size_t)m->columns * (sizeof *m->scale + sizeof *m->sum) : 0);
}
