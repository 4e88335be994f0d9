/* y = act(x W^T + b): torch.nn.Linear, with an activation after it, and a soft cap. */
#include "linear.h"

enum { STRETCH_BYTES = 1 << 19 }; /* of a matrix: what a second-level cache holds with room to spare */

/* For fs_linear_choose. */
static fs_status note_facts(fs_linear *l, fs_error *err) {
    l->facts = fs_alloc((size_t)l->output * sizeof *l->facts);
    if (!l->facts) return fs_fail_memory(err, l->rows.name, (uint64_t)l->output * sizeof *l->facts);
    for (int j = 0; j < l->output; j++)
        l->facts[j] = (fs_dots_row){l->matrix.scale[j], l->bias ? l->bias[j] : 0, l->matrix.sum[j]};
    return FS_OK;
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_linear *l = (fs_linear *)b;
    const fs_tensor *rows;
    int bias = 1;
    FS_TRY(fs_option_width(o, "input", &l->input, err));
    FS_TRY(fs_option_width(o, "output", &l->output, err));
    FS_TRY(fs_option_int(o, "bias", 0, 1, &bias, err));
    FS_TRY(fs_activation_option(o, &l->activation, err));
    FS_TRY(fs_option_float(o, "cap", &l->cap, err));
    if (l->cap < 0) return fs_fail(err, FS_ERR_FORMAT, o->where, "negative cap", "0 or more|%g", (double)l->cap);
    FS_TRY(fs_block_check_input(before, l->input, o, err));
    FS_TRY(fs_build_find(build, ".weight", l->output, l->input, 0, &rows, err));
    l->rows = *rows;
    FS_TRY(fs_build_matrix(build, ".weight", l->output, l->input, 0, l->input, &l->matrix, err));
    if (bias) FS_TRY(fs_build_vector(build, ".bias", l->output, 0, &l->bias, NULL, err));
    b->in_width = l->input;
    b->out_width = l->output;
    return l->matrix.dtype == FS_S8 && l->rows.dtype == FS_S8 ? note_facts(l, err) : FS_OK;
}

static void release(fs_block *b) {
    fs_linear *l = (fs_linear *)b;
    fs_matrix_free(&l->matrix);
    fs_free(l->facts);
    fs_free(l->bias);
}

static size_t bytes(const fs_block *b) { return fs_matrix_bytes(&((const fs_linear *)b)->matrix); }

const fs_linear *fs_linear_of(const fs_block *b) {
    return b && b->ops == &fs_block_linear ? (const fs_linear *)b : NULL;
}

/* y (n) in place */
static void finish(const fs_linear *l, int n, float *y) {
    const fs_kernels *k = l->matrix.k;
    if (l->activation) fs_activate(k, l->activation, n, y);
    if (l->cap == 0) return;
    for (int j = 0; j < n; j++) y[j] /= l->cap;
    k->tanh_f32(n, y, y);
    for (int j = 0; j < n; j++) y[j] *= l->cap;
}

void fs_linear_apply(const fs_linear *l, int64_t rows, const float *x, size_t stride, float *y, void *scratch,
                     fs_run *run) {
    const int n = l->output;
    fs_gemm(&l->matrix, rows, x, stride, l->bias, y, (size_t)n, 0, scratch, run);
    for (int64_t i = 0; i < rows && (l->activation || l->cap != 0); i++) finish(l, n, y + i * n);
}

/* Panels of the packed matrix that hold the columns, each to its own place in y; then the columns are moved together. */
static void choose_from_panels(const fs_linear *l, const float *x, const fs_choice *c) {
    const fs_matrix *m = &l->matrix;
    const int panel = m->k->gemm_layout(m->dtype).panel;
    fs_gemm_args a = {.rows = 1, .depth = m->depth, .x = x, .x_stride = (size_t)m->depth, .packed = m->packed,
                      .bias = l->bias, .y = c->y, .y_stride = (size_t)m->columns};
    for (int i = 0, done = 0; i < c->count; i++) {
        if (c->columns[i] < done) continue;
        a.first = c->columns[i] / panel * panel;
        a.last = done = FS_MIN(a.first + panel, m->columns);
        (m->dtype == FS_F32 ? m->k->gemm_f32 : m->k->gemm_bf16)(&a);
    }
    for (int i = 0; i < c->count; i++) c->y[i] = c->y[c->columns[i]];
}

/* How many of a row's columns that are left are below `end`. */
static int count_below(const fs_choice *c, int end) {
    int n = c->done;
    while (n < c->count && c->columns[n] < end) n++;
    return n - c->done;
}

/* The next of a row's columns that are below `end`; those up to `far` come after them. */
static void choose_below(const fs_linear *l, const uint8_t *q, float scale, int end, int far, fs_choice *c) {
    const fs_matrix *m = &l->matrix;
    fs_dots_args a = {.depth = m->depth, .x = q, .x_scale = scale, .w = l->rows.data, .facts = l->facts,
                      .rows = c->columns + c->done, .y = c->y + c->done};
    a.count = count_below(c, end);
    c->done += a.count;
    a.ahead = count_below(c, far);
    if (a.count || a.ahead) m->k->dots_s8(&a);
}

/* A stretch of the matrix at a time, by all rows: it is then read from afar once, not once a row. */
static void choose_bytes(const fs_linear *l, int n, const float *x, fs_choice *choices, void *scratch) {
    const fs_matrix *m = &l->matrix;
    const size_t stride = fs_quantized_stride(m->depth);
    const int step = (int)FS_MAX(STRETCH_BYTES / m->depth, 1);
    uint8_t *q = scratch;
    float *scale = (float *)(q + (size_t)n * stride);
    fs_quantize_rows(m, n, x, (size_t)m->depth, q, stride, scale, NULL);
    for (int end = step; end < m->columns + step; end += step)
        for (int i = 0; i < n; i++) choose_below(l, q + (size_t)i * stride, scale[i], end, end + step, &choices[i]);
}

/* All outputs, of which the chosen are moved together. */
static void choose_from_all(const fs_linear *l, const float *x, const fs_choice *c, void *scratch) {
    fs_gemm(&l->matrix, 1, x, (size_t)l->input, l->bias, c->y, (size_t)l->output, 0, scratch, NULL);
    for (int i = 0; i < c->count; i++) c->y[i] = c->y[c->columns[i]];
}

void fs_linear_choose(const fs_linear *l, int n, const float *x, fs_choice *choices, void *scratch) {
    if (l->matrix.dtype == FS_BLOCKS)
        for (int i = 0; i < n; i++) choose_from_all(l, x + (size_t)i * (size_t)l->input, &choices[i], scratch);
    else if (l->facts)
        choose_bytes(l, n, x, choices, scratch);
    else
        for (int i = 0; i < n; i++) choose_from_panels(l, x + (size_t)i * (size_t)l->input, &choices[i]);
    for (int i = 0; i < n && (l->activation || l->cap != 0); i++) finish(l, choices[i].count, choices[i].y);
}

static const float *run_rows(const fs_linear *l, fs_arena *arena, int64_t rows, const float *x, fs_run *run) {
    float *y = fs_arena_cut(arena, (size_t)rows, (size_t)l->output, sizeof(float));
    void *scratch = fs_arena_cut(arena, 1, fs_gemm_scratch(&l->matrix, rows), 1);
    if (y) fs_linear_apply(l, rows, x, (size_t)l->input, y, scratch, run);
    return y;
}

static void forward(const fs_block *b, fs_flow *f) {
    const fs_linear *l = (const fs_linear *)b;
    f->x = run_rows(l, f->arena, f->rows, f->x, NULL);
    f->width = l->output;
}

static void step(const fs_block *b, fs_step *s) {
    const fs_linear *l = (const fs_linear *)b;
    s->x = run_rows(l, s->arena, s->n, s->x, s->run);
    s->width = l->output;
}

const fs_block_ops fs_block_linear = {.kind = "linear",
                                      .size = sizeof(fs_linear),
                                      .init = init,
                                      .free = release,
                                      .bytes = bytes,
                                      .forward = forward,
                                      .step = step,
                                      .takes_runs = 1};
