#include "weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/checked.h"
#include "options.h"

static void full_name(const fs_build *b, const char *suffix, char to[160]) {
    snprintf(to, 160, "%s%s", b->prefix, suffix);
}

fs_status fs_build_find(const fs_build *b, const char *suffix, int64_t rows, int64_t columns, int optional,
                        const fs_tensor **out, fs_error *err) {
    char name[160];
    full_name(b, suffix, name);
    *out = NULL;
    for (int i = 0; i < b->weights->count; i++) {
        const fs_tensor *t = &b->weights->tensors[i];
        if (strcmp(t->name, name) != 0) continue;
        if (t->dims != (columns ? 2 : 1) || t->shape[0] != rows || (columns && t->shape[1] != columns))
            return fs_fail(err, FS_ERR_FORMAT, name, "shape contradicts the spec", "(%lld, %lld)|(%lld, %lld)",
                           (long long)rows, (long long)(columns ? columns : 1), (long long)t->shape[0],
                           (long long)t->shape[1]);
        *out = t;
        return FS_OK;
    }
    if (optional) return FS_OK;
    return fs_fail(err, FS_ERR_FORMAT, name, "weight is missing", "a tensor of shape (%lld, %lld)|none",
                   (long long)rows, (long long)(columns ? columns : 1));
}

void fs_tensor_row(const fs_tensor *t, const fs_kernels *k, int64_t row, int first, int columns, float *out) {
    size_t at = (size_t)row * (size_t)t->shape[1] + (size_t)first;
    if (t->dtype == FS_F32) {
        memcpy(out, (const float *)t->data + at, (size_t)columns * sizeof *out);
    } else if (t->dtype == FS_BF16) {
        k->bf16_to_f32(columns, (const uint16_t *)t->data + at, out);
    } else if (t->dtype == FS_BLOCKS) {
        fs_block_row(fs_block_type_of(t->blocks), (const uint8_t *)t->data, row, (int)t->shape[1], first, columns, out);
    } else {
        const int8_t *q = (const int8_t *)t->data + at;
        for (int j = 0; j < columns; j++) out[j] = (float)q[j] * t->scale[row];
    }
}

/* Columns [first, first + columns) of t (rows, total) as float32, every value finite. */
static fs_status copy_floats(const fs_tensor *t, const fs_kernels *k, int first, int columns, float **out,
                             fs_error *err) {
    int64_t rows = t->shape[0];
    size_t bytes = 0;
    float *to = NULL;
    if (fs_size_array((size_t)rows, (size_t)columns, sizeof(float), &bytes)) to = fs_alloc(bytes);
    if (!to) return fs_fail_memory(err, t->name, bytes);
    for (int64_t i = 0; i < rows; i++) {
        float *row = to + (size_t)i * (size_t)columns, sum = 0;
        fs_tensor_row(t, k, i, first, columns, row);
        for (int j = 0; j < columns; j++) sum += row[j] - row[j]; /* not 0 when one is infinite or NaN */
        if (sum == 0) continue;
        fs_free(to);
        return fs_fail(err, FS_ERR_FORMAT, t->name, "weights are not finite", "finite numbers|NaN or infinity in row %lld",
                       (long long)i);
    }
    *out = to;
    return FS_OK;
}

fs_status fs_build_vector(const fs_build *b, const char *suffix, int n, int optional, float **out, int *found,
                          fs_error *err) {
    const fs_tensor *t;
    FS_TRY(fs_build_find(b, suffix, n, 0, optional, &t, err));
    if (found) *found = t != NULL;
    if (t) return copy_floats(t, b->k, 0, 1, out, err);
    *out = fs_alloc((size_t)n * sizeof **out);
    return *out ? FS_OK : fs_fail_memory(err, suffix, (uint64_t)n * sizeof **out);
}

fs_status fs_build_floats(const fs_build *b, const char *suffix, int rows, int total, int first, int columns,
                          float **out, fs_error *err) {
    const fs_tensor *t;
    FS_TRY(fs_build_find(b, suffix, rows, total, 0, &t, err));
    return copy_floats(t, b->k, first, columns, out, err);
}

/* How a build holds matrices that are no blocks. */
static fs_dtype float_dtype(const fs_build *b) { return b->dtype == FS_BLOCKS ? FS_F32 : b->dtype; }

fs_status fs_build_matrix(const fs_build *b, const char *suffix, int rows, int total, int first, int columns,
                          fs_matrix *out, fs_error *err) {
    const fs_tensor *t;
    float *w = NULL;
    fs_status st;
    FS_TRY(fs_build_find(b, suffix, rows, total, 0, &t, err));
    if (t->dtype == FS_BLOCKS && b->dtype == FS_BLOCKS && columns == total) {
        const fs_block_rows all = {t->blocks, rows, t->data, t->size, t->name};
        return fs_matrix_init_blocks(out, b->k, &all, 1, columns, b->store, b->run, err);
    }
    if (t->dtype == FS_S8 && b->dtype == FS_S8 && columns == total)
        return fs_matrix_init_s8(out, b->k, rows, columns, t->data, t->scale, t->multiplier, b->store, t->name, err);
    FS_TRY(copy_floats(t, b->k, first, columns, &w, err));
    st = fs_matrix_init(out, b->k, float_dtype(b), rows, columns, w, b->store, t->name, err);
    fs_free(w);
    return st;
}

/* ---- matrices that share their input ---- */

enum { STACK_MOST = 4 };

static fs_status stack_s8(const fs_build *b, const fs_tensor *const *t, int count, int rows, int columns, fs_matrix *out,
                          fs_error *err) {
    int8_t *q = fs_alloc((size_t)rows * (size_t)columns);
    float *scale = fs_alloc((size_t)rows * sizeof *scale);
    fs_status st = q && scale ? FS_OK : fs_fail_memory(err, t[0]->name, (uint64_t)rows * (uint64_t)columns);
    for (int i = 0, at = 0; st == FS_OK && i < count; at += (int)t[i++]->shape[0]) {
        memcpy(q + (size_t)at * (size_t)columns, t[i]->data, (size_t)t[i]->shape[0] * (size_t)columns);
        memcpy(scale + at, t[i]->scale, (size_t)t[i]->shape[0] * sizeof *scale);
        if (t[i]->multiplier != t[0]->multiplier)
            st = fs_fail(err, FS_ERR_UNSUPPORTED, t[i]->name, "matrices of one input take it by different scales",
                         "%g|%g", (double)t[0]->multiplier, (double)t[i]->multiplier);
    }
    if (st == FS_OK) st = fs_matrix_init_s8(out, b->k, rows, columns, q, scale, t[0]->multiplier, b->store, t[0]->name, err);
    fs_free(q);
    fs_free(scale);
    return st;
}

static fs_status stack_blocks(const fs_build *b, const fs_tensor *const *t, int count, int columns, fs_matrix *out,
                              fs_error *err) {
    fs_block_rows parts[STACK_MOST];
    for (int i = 0; i < count; i++)
        parts[i] = (fs_block_rows){t[i]->blocks, (int)t[i]->shape[0], t[i]->data, t[i]->size, t[i]->name};
    return fs_matrix_init_blocks(out, b->k, parts, count, columns, b->store, b->run, err);
}

static fs_status stack_floats(const fs_build *b, const fs_tensor *const *t, int count, int rows, int columns,
                              fs_matrix *out, fs_error *err) {
    float *all = fs_alloc((size_t)rows * (size_t)columns * sizeof *all), *one;
    fs_status st = all ? FS_OK : fs_fail_memory(err, t[0]->name, (uint64_t)rows * (uint64_t)columns * sizeof *all);
    for (int i = 0, at = 0; st == FS_OK && i < count; at += (int)t[i++]->shape[0]) {
        st = copy_floats(t[i], b->k, 0, columns, &one, err);
        if (st != FS_OK) break;
        memcpy(all + (size_t)at * (size_t)columns, one, (size_t)t[i]->shape[0] * (size_t)columns * sizeof *all);
        fs_free(one);
    }
    if (st == FS_OK) st = fs_matrix_init(out, b->k, float_dtype(b), rows, columns, all, b->store, t[0]->name, err);
    fs_free(all);
    return st;
}

fs_status fs_build_stack(const fs_build *b, const char *const *suffixes, const int *rows, int count, int columns,
                         fs_matrix *out, fs_error *err) {
    const fs_tensor *t[STACK_MOST];
    size_t bytes;
    int bytewise = b->dtype == FS_S8, blockwise = b->dtype == FS_BLOCKS;
    int64_t sum = 0;
    for (int i = 0; i < count; i++) {
        FS_TRY(fs_build_find(b, suffixes[i], rows[i], columns, 0, &t[i], err));
        bytewise = bytewise && t[i]->dtype == FS_S8;
        blockwise = blockwise && t[i]->dtype == FS_BLOCKS;
        sum += rows[i];
    }
    if (sum > FS_MAX_WIDTH || !fs_size_array((size_t)sum, (size_t)columns, sizeof(float), &bytes))
        return fs_fail_memory(err, t[0]->name, UINT64_MAX);
    if (blockwise) return stack_blocks(b, t, count, columns, out, err);
    return (bytewise ? stack_s8 : stack_floats)(b, t, count, (int)sum, columns, out, err);
}

fs_status fs_build_stack_bias(const fs_build *b, const char *const *suffixes, const int *rows, int count, int optional,
                              float **out, fs_error *err) {
    size_t sum = 0, at = 0;
    for (int i = 0; i < count; i++) sum += (size_t)rows[i];
    *out = fs_alloc(sum * sizeof **out);
    if (!*out) return fs_fail_memory(err, suffixes[0], (uint64_t)sum * sizeof **out);
    for (int i = 0; i < count; at += (size_t)rows[i++]) {
        float *one = NULL;
        FS_TRY(fs_build_vector(b, suffixes[i], rows[i], optional, &one, NULL, err));
        memcpy(*out + at, one, (size_t)rows[i] * sizeof *one);
        fs_free(one);
    }
    return FS_OK;
}
