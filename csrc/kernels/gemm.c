/* Sharing out a matrix product: blocks of rows by strips of columns. Nothing here changes a result: an
 * element is computed whole by one kernel call, in an order of its own. */
#include "gemm.h"

#include "../base/checked.h"

enum {
    ROW_BLOCK = 256,     /* rows of an item; many, as each item reads its strip of weights once */
    STRIP = 4096,        /* columns of an item: its part of K of the weights stays in a last-level cache */
    FEW_ROWS = 4,        /* up to here reading the weights is the cost, and strips are as long as can be */
    PIECES_A_THREAD = 4, /* items for each thread, so that one held up does not hold up all */
    ROWS_OF_A_READ = 8,  /* reading a weight costs about as much as multiplying it with so many rows */
    QUANTIZE_GRAIN = 16  /* rows */
};
#define COST_OF_A_THREAD ((int64_t)1 << 20) /* multiplications that take longer than waking a thread */

typedef struct sharing {
    fs_gemm_args a; /* of all rows and columns; rows unset */
    void (*kernel)(const fs_gemm_args *);
    size_t x_size;  /* bytes of an element of x */
    int64_t rows;
    int64_t row_block, row_blocks;
    int strip, strips;
} sharing;

static int64_t blocks_of(int64_t n, int64_t block) { return (n + block - 1) / block; }

/* Strips of equal width, a multiple of `panel`, at most `limit` wide and about `wanted` in number. */
static void cut_strips(sharing *s, int columns, int panel, int limit, int64_t wanted) {
    int64_t panels = blocks_of(columns, panel);
    int64_t each = FS_MAX(1, FS_MIN(limit / panel, blocks_of(panels, wanted)));
    s->strip = (int)each * panel;
    s->strips = (int)blocks_of(panels, each);
}

static void plan(sharing *s, const fs_matrix *m, int threads) {
    int panel = m->k->gemm_layout(m->dtype).panel;
    int limit = s->rows <= FEW_ROWS ? FS_MATRIX_SIDE_MAX : STRIP;
    s->row_block = FS_MIN(s->rows, ROW_BLOCK);
    s->row_blocks = blocks_of(s->rows, s->row_block);
    if (threads > 1 && s->row_blocks < threads) { /* fewer rows an item; strips make up the rest */
        s->row_block = FS_MAX(FS_MIN(s->rows, 64), blocks_of(s->rows, threads));
        s->row_blocks = blocks_of(s->rows, s->row_block);
    }
    cut_strips(s, m->columns, panel, limit,
               threads > 1 ? blocks_of((int64_t)threads * PIECES_A_THREAD, s->row_blocks) : 1);
}

/* Neighbouring items share a strip of weights. */
static void multiply_items(void *ctx, int64_t begin, int64_t end, int worker) {
    const sharing *s = ctx;
    (void)worker;
    for (int64_t item = begin; item < end; item++) {
        int64_t row = item % s->row_blocks * s->row_block;
        int strip = (int)(item / s->row_blocks);
        fs_gemm_args a = s->a;
        a.rows = (int)FS_MIN(s->row_block, s->rows - row);
        a.first = strip * s->strip;
        a.last = FS_MIN(s->a.last, a.first + s->strip);
        a.x = (const char *)a.x + (size_t)row * a.x_stride * s->x_size;
        if (a.x_scale) a.x_scale += row;
        a.y += (size_t)row * a.y_stride;
        s->kernel(&a);
    }
}

static void share_out(sharing *s, const fs_matrix *m, fs_run *run) {
    double cost = (double)(s->rows + ROWS_OF_A_READ) * m->columns * m->depth;
    int threads = cost < 2.0 * COST_OF_A_THREAD ? 1 : fs_run_threads(run);
    if (s->rows <= 0) return;
    s->a.depth = m->depth;
    s->a.last = m->columns;
    s->a.packed = m->packed;
    s->a.w_scale = m->scale;
    s->a.w_sum = m->sum;
    plan(s, m, threads);
    if (threads == 1)
        multiply_items(s, 0, s->row_blocks * s->strips, 0);
    else
        fs_parallel_for(run, s->row_blocks * s->strips, 1, multiply_items, s);
}

/* ---- int8 ---- */

typedef struct quantizing {
    const fs_matrix *m;
    const float *x;
    size_t x_stride;
    uint8_t *q;
    size_t q_stride;
    float *scale;
} quantizing;

static void quantize_items(void *ctx, int64_t begin, int64_t end, int worker) {
    const quantizing *z = ctx;
    const fs_kernels *k = z->m->k;
    const int depth = z->m->depth;
    (void)worker;
    for (int64_t row = begin; row < end; row++) {
        const float *x = z->x + (size_t)row * z->x_stride;
        uint8_t *q = z->q + (size_t)row * z->q_stride;
        if (z->m->multiplier > 0) {
            k->quantize_by_u8(depth, x, z->m->multiplier, q);
            z->scale[row] = 1.0f / z->m->multiplier;
        } else {
            z->scale[row] = k->quantize_u8(depth, x, q);
        }
    }
}

void fs_quantize_rows(const fs_matrix *m, int64_t rows, const float *x, size_t x_stride, uint8_t *q, size_t q_stride,
                      float *scale, fs_run *run) {
    quantizing z = {m, x, x_stride, q, q_stride, scale};
    if ((double)rows * m->depth < (double)COST_OF_A_THREAD)
        quantize_items(&z, 0, rows, 0);
    else
        fs_parallel_for(run, rows, QUANTIZE_GRAIN, quantize_items, &z);
}

size_t fs_quantized_stride(int depth) { return ((size_t)depth + 63) & ~(size_t)63; }

/* Scratch of an int8 product: q (rows, stride), then scale (rows). */
size_t fs_gemm_scratch(const fs_matrix *m, int64_t rows) {
    size_t q, scales, bytes = 0;
    for (int i = 0; i < m->part_count; i++) bytes = FS_MAX(bytes, fs_grouped_scratch(&m->parts[i], rows));
    if (m->dtype != FS_S8) return bytes;
    if (!fs_size_mul((size_t)rows, fs_quantized_stride(m->depth), &q) ||
        !fs_size_mul((size_t)rows, sizeof(float), &scales) || !fs_size_add(q, scales, &bytes))
        return SIZE_MAX;
    return bytes;
}

void fs_gemm_quantized(const fs_matrix *m, int64_t rows, const uint8_t *q, size_t q_stride, const float *scale,
                       const float *bias, float *y, size_t y_stride, int accumulate, fs_run *run) {
    sharing s = {0};
    s.kernel = m->k->gemm_s8;
    s.rows = rows;
    s.x_size = sizeof *q;
    s.a.x = q;
    s.a.x_stride = q_stride;
    s.a.x_scale = scale;
    s.a.bias = bias;
    s.a.y = y;
    s.a.y_stride = y_stride;
    s.a.accumulate = accumulate;
    share_out(&s, m, run);
}

/* ---- all types ---- */

void fs_gemm(const fs_matrix *m, int64_t rows, const float *x, size_t x_stride, const float *bias, float *y,
             size_t y_stride, int accumulate, void *scratch, fs_run *run) {
    sharing s = {0};
    if (m->dtype == FS_S8) {
        size_t stride = fs_quantized_stride(m->depth);
        uint8_t *q = scratch;
        float *scale = (float *)(q + (size_t)rows * stride);
        fs_quantize_rows(m, rows, x, x_stride, q, stride, scale, run);
        fs_gemm_quantized(m, rows, q, stride, scale, bias, y, y_stride, accumulate, run);
        return;
    }
    if (m->dtype == FS_BLOCKS) {
        fs_grouped_multiply(m->parts, m->part_count, rows, x, x_stride, bias, y, y_stride, accumulate, scratch, run);
        return;
    }
    s.kernel = m->dtype == FS_F32 ? m->k->gemm_f32 : m->k->gemm_bf16;
    s.rows = rows;
    s.x_size = sizeof *x;
    s.a.x = x;
    s.a.x_stride = x_stride;
    s.a.bias = bias;
    s.a.y = y;
    s.a.y_stride = y_stride;
    s.a.accumulate = accumulate;
    share_out(&s, m, run);
}
