#include "sublayer.h"

enum { NORM_NONE, NORM_LAYER, NORM_RMS };
static const char *const norms[] = {"none", "layer", "rms", NULL};
static const char *const places[] = {"after", "before", NULL};

fs_status fs_sublayer_init(fs_block *b, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_sublayer *a = &b->around;
    a->k = build->k;
    a->epsilon = 1e-5f;
    FS_TRY(fs_option_int(o, "residual", 0, 1, &a->residual, err));
    FS_TRY(fs_option_choice(o, "norm", norms, &a->norm, err));
    FS_TRY(fs_option_choice(o, "norm_place", places, &a->before, err));
    FS_TRY(fs_option_float(o, "epsilon", &a->epsilon, err));
    if (a->epsilon < 0) return fs_fail(err, FS_ERR_FORMAT, o->where, "negative epsilon", "0 or more|%g", (double)a->epsilon);
    if (a->residual && (!b->in_width || b->in_width != b->out_width))
        return fs_fail(err, FS_ERR_FORMAT, o->where, "a residual connection needs rows of one width", "%d wide|%d",
                       b->in_width, b->out_width);
    a->width = a->before ? b->in_width : b->out_width;
    if (!a->norm) return FS_OK;
    if (!a->width) return fs_fail(err, FS_ERR_FORMAT, o->where, "a norm needs rows", "a block that takes rows|ids");
    FS_TRY(fs_build_vector(build, ".norm.weight", a->width, 0, &a->weight, NULL, err));
    return a->norm == NORM_LAYER ? fs_build_vector(build, ".norm.bias", a->width, 1, &a->bias, NULL, err) : FS_OK;
}

void fs_sublayer_free(fs_block *b) {
    fs_free(b->around.weight);
    fs_free(b->around.bias);
}

/* y = norm(x + add); add may be NULL. All (rows, width); y may be x or add. */
static void norm_rows(const fs_sublayer *a, int64_t rows, const float *x, const float *add, float *y) {
    for (int64_t i = 0; i < rows; i++) {
        const size_t at = (size_t)i * (size_t)a->width;
        const float *other = add ? add + at : NULL;
        if (a->norm == NORM_LAYER)
            a->k->layer_norm_f32(a->width, x + at, other, a->weight, a->bias, a->epsilon, y + at);
        else
            a->k->rms_norm_f32(a->width, x + at, other, a->weight, a->epsilon, y + at);
    }
}

/* What comes out: norm(in + out), in + out or norm(out), at y. */
static void finish_rows(const fs_sublayer *a, int64_t rows, const float *in, const float *out, float *y) {
    if (a->norm && !a->before) {
        norm_rows(a, rows, out, a->residual ? in : NULL, y);
        return;
    }
    for (int64_t i = 0; i < rows * a->width; i++) y[i] = in[i] + out[i];
}

static int finishes(const fs_sublayer *a) { return a->residual || (a->norm && !a->before); }

void fs_sublayer_forward(const fs_block *b, fs_flow *f) {
    const fs_sublayer *a = &b->around;
    const float *in = f->x;
    const size_t mark = fs_arena_mark(f->arena);
    float *normed;
    if (!a->residual && !a->norm) {
        b->ops->forward(b, f);
        return;
    }
    f->last = NULL; /* the block's rows are not yet the last ones */
    if (a->norm && a->before) {
        normed = fs_arena_cut(f->arena, (size_t)f->rows, (size_t)a->width, sizeof(float));
        if (normed) norm_rows(a, f->rows, in, NULL, normed);
        f->x = normed;
    }
    b->ops->forward(b, f);
    if (!finishes(a)) return;
    if (!fs_arena_planning(f->arena)) {
        float *y = (float *)(a->residual ? in : f->x); /* rows between blocks are the flow's own */
        finish_rows(a, f->rows, in, f->x, y);
        f->x = y;
    }
    if (a->residual && b->ops->leaves_rows_only) fs_arena_release(f->arena, mark);
}

void fs_sublayer_step(const fs_block *b, fs_step *s) {
    const fs_sublayer *a = &b->around;
    const float *in = s->x;
    float *y;
    if (a->norm && a->before) {
        y = fs_arena_cut(s->arena, (size_t)s->n, (size_t)a->width, sizeof(float));
        if (y) norm_rows(a, s->n, in, NULL, y);
        s->x = y;
    }
    b->ops->step(b, s);
    if (!finishes(a)) return;
    y = fs_arena_cut(s->arena, (size_t)s->n, (size_t)b->out_width, sizeof(float)); /* s->x may be the block's state */
    if (y) finish_rows(a, s->n, in, s->x, y);
    s->x = y;
}
