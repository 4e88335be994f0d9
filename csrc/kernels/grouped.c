/* Products with weights that are quantized in groups, in strips over threads. */
#include "grouped.h"

#include <string.h>

#include "../base/checked.h"

enum {
    ROW_BLOCK = 64,      /* rows of an item: their bytes stay in the second-level cache while panels go by */
    PIECES_A_THREAD = 4, /* items for each thread, so that one held up does not hold up all */
    QUANTIZE_GRAIN = 16, /* rows */
    QUANTIZED_AT_ONCE = 32, /* groups of a row */
    LAID_AT_ONCE = 16       /* panels, where products lay them out */
};
#define COST_OF_A_THREAD ((double)((int64_t)1 << 20)) /* multiplications that take longer than waking a thread */

typedef struct sharing {
    fs_grouped_args a; /* of all rows and columns */
    const fs_grouped *m;
    const float *x;    /* to be quantized */
    size_t x_stride;
    uint8_t *quantized;
    int64_t rows, row_blocks;
    int strip; /* columns of an item */
    int panel; /* the first that is laid out for this product; behind the quantized rows there is room for some */
} sharing;

static fs_grouped_facts facts_of(float scale, int32_t sum, int excess) {
    uint32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    bits &= ~(uint32_t)3;
    memcpy(&scale, &bits, sizeof bits);
    return (fs_grouped_facts){scale, scale * (float)sum, -FS_GROUPED_ORIGIN * scale, FS_GROUPED_ORIGIN_BITS - excess * sum};
}

/* n groups of a row, a few at once */
static void quantize_groups(const fs_grouped *m, fs_grouped_layout l, const float *x, int n, uint8_t *to) {
    const int excess = m->k->gemm_grouped_excess(m->form);
    int8_t q[QUANTIZED_AT_ONCE * FS_GROUP_LONGEST];
    float scale[QUANTIZED_AT_ONCE];
    int32_t sum[QUANTIZED_AT_ONCE];
    m->k->quantize_groups_s8(n * l.group, l.group, x, q, scale, sum);
    for (int g = 0; g < n; g++, to += fs_grouped_x_step(l)) {
        const fs_grouped_facts facts = facts_of(scale[g], sum[g], excess);
        memcpy(to, q + g * l.group, (size_t)l.group);
        memcpy(to + l.group, &facts, sizeof facts);
    }
}

static void quantize_rows(void *ctx, int64_t begin, int64_t end, int worker) {
    const sharing *s = ctx;
    const fs_grouped *m = s->m;
    const fs_grouped_layout l = fs_grouped_layout_of(m->form);
    (void)worker;
    for (int64_t row = begin; row < end; row++)
        for (int g = 0; g < m->groups; g += QUANTIZED_AT_ONCE)
            quantize_groups(m, l, s->x + (size_t)row * s->x_stride + (size_t)g * (size_t)l.group,
                            FS_MIN(QUANTIZED_AT_ONCE, m->groups - g),
                            s->quantized + (size_t)row * s->a.x_stride + (size_t)g * fs_grouped_x_step(l));
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
        a.y += (size_t)row * a.y_stride;
        s->m->k->gemm_grouped(&a);
    }
}

/* Bytes of a quantized row: whole lines. */
static size_t row_bytes(const fs_grouped *m) {
    return ((size_t)m->groups * fs_grouped_x_step(fs_grouped_layout_of(m->form)) + 63) & ~(size_t)63;
}

static size_t laid_bytes(const fs_grouped *m) { return (fs_grouped_panel_bytes(m) + 63) & ~(size_t)63; }

size_t fs_grouped_scratch(const fs_grouped *m, int64_t rows) {
    const size_t laid = m->packed ? 0 : LAID_AT_ONCE * laid_bytes(m);
    size_t bytes;
    return fs_size_mul((size_t)rows, row_bytes(m), &bytes) && fs_size_add(bytes, laid, &bytes) ? bytes : SIZE_MAX;
}

/* Over how many threads a product is worth sharing out. */
static int threads_for(const fs_grouped *m, int64_t rows, fs_run *run) {
    const double cost = (double)(rows + 8) * m->columns * m->depth;
    return run && cost >= 2 * COST_OF_A_THREAD ? fs_run_threads(run) : 1;
}

static void quantize(sharing *s, const fs_grouped *m, void *scratch, fs_run *run) {
    s->m = m;
    s->a.x_stride = row_bytes(m);
    s->a.x = s->quantized = scratch;
    if (threads_for(m, s->rows, run) == 1)
        quantize_rows(s, 0, s->rows, 0);
    else
        fs_parallel_for(run, s->rows, QUANTIZE_GRAIN, quantize_rows, s);
}

/* Panels panel + [begin, end), laid out and multiplied */
static void multiply_panels(void *ctx, int64_t begin, int64_t end, int worker) {
    const sharing *s = ctx;
    const fs_grouped *m = s->m;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        const int panel = s->panel + (int)i, first = panel * FS_GROUP_PANEL;
        uint8_t *const laid = s->quantized + (size_t)s->rows * s->a.x_stride + (size_t)i * laid_bytes(m);
        fs_grouped_args a = s->a;
        (void)fs_grouped_lay_panel(m, panel, laid); /* its scales were looked at when the matrix was made */
        a.rows = (int)s->rows;
        a.packed = laid;
        a.first = 0;
        a.last = FS_MIN(FS_GROUP_PANEL, m->columns - first);
        a.y += first;
        if (a.bias) a.bias += first;
        m->k->gemm_grouped(&a);
    }
}

/* As `multiply`, of blocks as they lie. */
static void multiply_lying(sharing *s, const fs_grouped *m, int threads, fs_run *run) {
    const int panels = (m->columns + FS_GROUP_PANEL - 1) / FS_GROUP_PANEL;
    for (s->panel = 0; s->panel < panels; s->panel += LAID_AT_ONCE) {
        const int some = FS_MIN(LAID_AT_ONCE, panels - s->panel);
        if (threads == 1)
            multiply_panels(s, 0, some, 0);
        else
            fs_parallel_for(run, some, 1, multiply_panels, s);
    }
}

static void multiply(sharing *s, const fs_grouped *m, fs_run *run) {
    const int threads = threads_for(m, s->rows, run), panels = (m->columns + FS_GROUP_PANEL - 1) / FS_GROUP_PANEL;
    int64_t strips;
    s->m = m;
    s->a.form = m->form;
    s->a.groups = m->groups;
    s->a.packed = m->packed;
    if (!m->packed) {
        multiply_lying(s, m, threads, run);
        return;
    }
    s->row_blocks = (s->rows + ROW_BLOCK - 1) / ROW_BLOCK;
    strips = FS_MAX(1, (threads * PIECES_A_THREAD + s->row_blocks - 1) / s->row_blocks);
    s->strip = threads == 1 ? m->columns : (int)((panels + strips - 1) / strips) * FS_GROUP_PANEL;
    strips = (m->columns + s->strip - 1) / s->strip;
    if (threads == 1)
        multiply_items(s, 0, s->row_blocks * strips, 0);
    else
        fs_parallel_for(run, s->row_blocks * strips, 1, multiply_items, s);
}

void fs_grouped_multiply(const fs_grouped *parts, int count, int64_t rows, const float *x, size_t x_stride, const float *bias,
                         float *y, size_t y_stride, int accumulate, void *scratch, fs_run *run) {
    sharing s;
    if (rows <= 0) return;
    memset(&s, 0, sizeof s);
    s.rows = rows;
    s.x = x;
    s.x_stride = x_stride;
    s.a.bias = bias;
    s.a.y = y;
    s.a.y_stride = y_stride;
    s.a.accumulate = accumulate;
    for (int i = 0; i < count; i++) {
        if (!i || parts[i].form != parts[i - 1].form) quantize(&s, &parts[i], scratch, run);
        multiply(&s, &parts[i], run);
        s.a.y += parts[i].columns;
        if (bias) s.a.bias += parts[i].columns;
    }
}
