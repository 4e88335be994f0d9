/* Weight matrices that are quantized in groups: laid out at load, multiplied in strips over threads. */
#include "grouped.h"

#include <math.h>
#include <string.h>

#include "../base/checked.h"
#include "gemm.h"

/* ---- layout ---- */

typedef struct packing {
    fs_grouped *m;
    const fs_block_type *type;
    const uint8_t *blocks;
    fs_atomic bad; /* column + 1 of a scale that is not finite */
} packing;

static uint16_t half_of(float value) { /* of one that was a float16 */
    uint32_t bits;
    uint16_t sign;
    float magnitude = fabsf(value);
    memcpy(&bits, &value, sizeof bits);
    sign = (uint16_t)(bits >> 16 & 0x8000);
    if (magnitude < 0x1p-14f) return (uint16_t)(sign | (uint16_t)(magnitude * 0x1p24f));
    memcpy(&bits, &magnitude, sizeof bits);
    return (uint16_t)(sign | (uint16_t)((bits >> 13) - (112u << 10)));
}

static void put_scale(uint8_t *at, int column, float value, int half) {
    const uint16_t narrow = half ? half_of(value) : 0;
    if (half)
        memcpy(at + (size_t)column * sizeof narrow, &narrow, sizeof narrow);
    else
        memcpy(at + (size_t)column * sizeof value, &value, sizeof value);
}

/* Group `g` of a column of a panel (its first byte `panel`). */
static void put_group(uint8_t *panel, fs_grouped_layout l, int column, int g, const uint8_t *u, float d, float m) {
    const size_t scales = (size_t)FS_GROUP_PANEL * (l.half ? 2 : 4);
    uint8_t *at = panel + (size_t)g * fs_grouped_step(l);
    const int part = l.bits == 4 ? l.group / 2 : l.group;
    put_scale(at, column, d, l.half);
    if (l.least) put_scale(at + scales, column, m, l.half);
    at += scales * (size_t)(1 + l.least) + (size_t)column * 4;
    for (int k = 0; k < part; k++)
        at[k / 4 * FS_GROUP_PANEL * 4 + k % 4] = (uint8_t)(l.bits == 4 ? u[k] | u[part + k] << 4 : u[k]);
}

/* One column's blocks; 0 when a scale of them is not finite. */
static int pack_column(const packing *p, int column) {
    const fs_grouped *m = p->m;
    const fs_grouped_layout l = fs_grouped_layout_of(m->form);
    const int blocks = m->depth / p->type->size, each = p->type->size / l.group;
    const uint8_t *block = p->blocks + (size_t)column * (size_t)blocks * (size_t)p->type->bytes;
    uint8_t *panel = m->packed + (size_t)(column / FS_GROUP_PANEL) * fs_grouped_step(l) * (size_t)m->groups;
    fs_block_values v;
    memset(&v, 0, sizeof v);
    for (int b = 0; b < blocks; b++, block += p->type->bytes) {
        p->type->read(block, &v);
        for (int i = 0; i < each; i++) {
            if (!isfinite(v.d[i]) || !isfinite(v.m[i])) return 0;
            put_group(panel, l, column % FS_GROUP_PANEL, b * each + i, v.u + i * l.group, v.d[i], v.m[i]);
        }
    }
    return 1;
}

static void pack_columns(void *ctx, int64_t begin, int64_t end, int worker) {
    packing *p = ctx;
    (void)worker;
    for (int64_t column = begin; column < end; column++)
        if (!pack_column(p, (int)column)) fs_atomic_store(&p->bad, column + 1);
}

fs_status fs_grouped_init(fs_grouped *m, const fs_kernels *k, fs_ggml_type type, int columns, int depth,
                          const uint8_t *blocks, size_t size, fs_run *run, const char *where, fs_error *err) {
    packing p = {m, fs_block_type_of((int)type), blocks, 0};
    const size_t panels = ((size_t)columns + FS_GROUP_PANEL - 1) / FS_GROUP_PANEL;
    fs_grouped_layout l;
    memset(m, 0, sizeof *m);
    FS_TRY(fs_block_check((int)type, columns, depth, size, where, err));
    l = fs_grouped_layout_of(p.type->form);
    m->k = k;
    m->form = p.type->form;
    m->columns = columns;
    m->depth = depth;
    m->groups = depth / l.group;
    if (!fs_size_array(panels, (size_t)m->groups, fs_grouped_step(l), &m->packed_bytes))
        return fs_fail_memory(err, where, UINT64_MAX);
    m->packed = fs_alloc_table(m->packed_bytes);
    if (!m->packed) return fs_fail_memory(err, where, m->packed_bytes);
    if (run)
        fs_parallel_for(run, columns, 64, pack_columns, &p);
    else
        pack_columns(&p, 0, columns, 0);
    if (!fs_atomic_load(&p.bad)) return FS_OK;
    columns = (int)fs_atomic_load(&p.bad) - 1;
    fs_grouped_free(m);
    return fs_fail(err, FS_ERR_VALUE, where, "bad scale", "finite values|NaN or infinity in row %d", columns);
}

void fs_grouped_free(fs_grouped *m) {
    if (!m) return;
    fs_free(m->packed);
    memset(m, 0, sizeof *m);
}

/* ---- product ---- */

enum {
    ROW_BLOCK = 64,      /* rows of an item: their bytes stay in the second-level cache while panels go by */
    PIECES_A_THREAD = 4, /* items for each thread, so that one held up does not hold up all */
    QUANTIZE_GRAIN = 16  /* rows */
};
#define COST_OF_A_THREAD ((double)((int64_t)1 << 20)) /* multiplications that take longer than waking a thread */

typedef struct sharing {
    fs_grouped_args a; /* of all rows and columns */
    const fs_grouped *m;
    const float *x;    /* to be quantized */
    size_t x_stride;
    int8_t *q;
    float *scale;
    int32_t *sum;
    int64_t rows, row_blocks;
    int strip; /* columns of an item */
} sharing;

static void quantize_rows(void *ctx, int64_t begin, int64_t end, int worker) {
    const sharing *s = ctx;
    const int group = fs_grouped_layout_of(s->m->form).group;
    (void)worker;
    for (int64_t row = begin; row < end; row++)
        s->m->k->quantize_groups_s8(s->m->depth, group, s->x + (size_t)row * s->x_stride, s->q + (size_t)row * s->a.x_stride,
                                    s->scale + (size_t)row * s->a.scale_stride, s->sum + (size_t)row * s->a.scale_stride);
}

static void multiply_items(void *ctx, int64_t begin, int64_t end, int worker) {
    const sharing *s = ctx;
    (void)worker;
    for (int64_t item = begin; item < end; item++) {
        const int64_t row = item % s->row_blocks * ROW_BLOCK;
        fs_grouped_args a = s->a;
        a.rows = (int)FS_MIN(ROW_BLOCK, s->rows - row);
        a.first = (int)(item / s->row_blocks) * s->strip;
        a.last = FS_MIN(s->m->columns, a.first + s->strip);
        a.x += (size_t)row * a.x_stride;
        a.x_scale += (size_t)row * a.scale_stride;
        a.x_sum += (size_t)row * a.scale_stride;
        a.y += (size_t)row * a.y_stride;
        s->m->k->gemm_grouped(&a);
    }
}

static size_t padded(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

size_t fs_grouped_scratch(const fs_grouped *m, int64_t rows) {
    size_t each;
    const size_t row = padded((size_t)m->depth) + padded((size_t)m->groups * 4) * 2;
    return fs_size_mul((size_t)rows, row, &each) ? each : SIZE_MAX;
}

static void share_out(sharing *s, fs_run *run) {
    const fs_grouped *m = s->m;
    const double cost = (double)(s->rows + 8) * m->columns * m->depth;
    const int threads = run && cost >= 2 * COST_OF_A_THREAD ? fs_run_threads(run) : 1;
    const int panels = (m->columns + FS_GROUP_PANEL - 1) / FS_GROUP_PANEL;
    int64_t strips;
    s->row_blocks = (s->rows + ROW_BLOCK - 1) / ROW_BLOCK;
    strips = FS_MAX(1, (threads * PIECES_A_THREAD + s->row_blocks - 1) / s->row_blocks);
    s->strip = threads == 1 ? m->columns : (int)((panels + strips - 1) / strips) * FS_GROUP_PANEL;
    strips = (m->columns + s->strip - 1) / s->strip;
    if (threads == 1) {
        quantize_rows(s, 0, s->rows, 0);
        multiply_items(s, 0, s->row_blocks * strips, 0);
        return;
    }
    fs_parallel_for(run, s->rows, QUANTIZE_GRAIN, quantize_rows, s);
    fs_parallel_for(run, s->row_blocks * strips, 1, multiply_items, s);
}

void fs_grouped_multiply(const fs_grouped *m, int64_t rows, const float *x, size_t x_stride, const float *bias, float *y,
                         size_t y_stride, int accumulate, void *scratch, fs_run *run) {
    sharing s;
    if (rows <= 0) return;
    memset(&s, 0, sizeof s);
    s.m = m;
    s.rows = rows;
    s.x = x;
    s.x_stride = x_stride;
    s.a.form = m->form;
    s.a.groups = m->groups;
    s.a.packed = m->packed;
    s.a.x_stride = padded((size_t)m->depth);
    s.a.scale_stride = padded((size_t)m->groups * 4) / 4;
    s.q = scratch;
    s.scale = (float *)(void *)(s.q + (size_t)rows * s.a.x_stride);
    s.sum = (int32_t *)(void *)(s.scale + (size_t)rows * s.a.scale_stride);
    s.a.x = s.q;
    s.a.x_scale = s.scale;
    s.a.x_sum = s.sum;
    s.a.bias = bias;
    s.a.y = y;
    s.a.y_stride = y_stride;
    s.a.accumulate = accumulate;
    share_out(&s, run);
}
