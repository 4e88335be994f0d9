#include "sublayer.h"

enum { NORM_NONE, NORM_LAYER, NORM_RMS };
enum { PLACE_AFTER, PLACE_BEFORE, PLACE_INSIDE, PLACE_AROUND };
static const char *const norms[] = {"none", "layer", "rms", NULL};
static const char *const places[] = {"after", "before", "inside", "around", NULL};

static int norms_input(const fs_sublayer *a) { return a->norm && (a->place == PLACE_BEFORE || a->place == PLACE_AROUND); }

static int norms_output(const fs_sublayer *a) { return a->norm && a->place != PLACE_BEFORE; }

static fs_status init_norm(fs_norm *n, const fs_sublayer *a, const char *weight, const char *bias, const fs_build *build,
                           fs_error *err) {
    FS_TRY(fs_build_vector(build, weight, a->width, 0, &n->weight, NULL, err));
    return a->norm == NORM_LAYER ? fs_build_vector(build, bias, a->width, 1, &n->bias, NULL, err) : FS_OK;
}

static fs_status check_widths(const fs_block *b, const fs_options *o, fs_error *err) {
    const fs_sublayer *a = &b->around;
    const int joins = a->residual || a->place >= PLACE_INSIDE;
    if (a->epsilon < 0) return fs_fail(err, FS_ERR_FORMAT, o->where, "negative epsilon", "0 or more|%g", (double)a->epsilon);
    if (joins && (!b->in_width || b->in_width != b->out_width))
        return fs_fail(err, FS_ERR_FORMAT, o->where, "a residual connection needs rows of one width", "%d wide|%d",
                       b->in_width, b->out_width);
    if (a->norm && !a->width) return fs_fail(err, FS_ERR_FORMAT, o->where, "a norm needs rows", "a block that takes rows|ids");
    return FS_OK;
}

/* A parallel block follows one that leaves the rows it took as they are. */
static fs_status join_before(fs_block *b, fs_block *before, const fs_options *o, fs_error *err) {
    if (!b->around.parallel) return FS_OK;
    if (!b->around.residual || !before || !before->around.residual || before->around.parallel ||
        before->in_width != b->in_width || !before->ops->leaves_rows_only)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "a parallel block follows one that it shares its rows with",
                       "residual connections of one width|others");
    before->around.forks = 1;
    return FS_OK;
}

fs_status fs_sublayer_init(fs_block *b, fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_sublayer *a = &b->around;
    a->k = build->k;
    a->epsilon = 1e-5f;
    FS_TRY(fs_option_int(o, "residual", 0, 1, &a->residual, err));
    FS_TRY(fs_option_int(o, "parallel", 0, 1, &a->parallel, err));
    FS_TRY(fs_option_choice(o, "norm", norms, &a->norm, err));
    FS_TRY(fs_option_choice(o, "norm_place", places, &a->place, err));
    FS_TRY(fs_option_float(o, "epsilon", &a->epsilon, err));
    a->width = a->place == PLACE_BEFORE ? b->in_width : b->out_width;
    FS_TRY(check_widths(b, o, err));
    FS_TRY(join_before(b, before, o, err));
    if (norms_input(a)) FS_TRY(init_norm(&a->first, a, ".norm.weight", ".norm.bias", build, err));
    if (a->norm && a->place == PLACE_AROUND) return init_norm(&a->last, a, ".norm_after.weight", ".norm_after.bias", build, err);
    return norms_output(a) ? init_norm(&a->last, a, ".norm.weight", ".norm.bias", build, err) : FS_OK;
}

void fs_sublayer_free(fs_block *b) {
    fs_free(b->around.first.weight);
    fs_free(b->around.first.bias);
    fs_free(b->around.last.weight);
    fs_free(b->around.last.bias);
}

/* y = norm(x + add); add may be NULL. All (rows, width); y may be x or add. */
static void norm_rows(const fs_sublayer *a, const fs_norm *n, int64_t rows, const float *x, const float *add, float *y) {
    for (int64_t i = 0; i < rows; i++) {
        const size_t at = (size_t)i * (size_t)a->width;
        const float *other = add ? add + at : NULL;
        if (a->norm == NORM_LAYER)
            a->k->layer_norm_f32(a->width, x + at, other, n->weight, n->bias, a->epsilon, y + at);
        else
            a->k->rms_norm_f32(a->width, x + at, other, n->weight, a->epsilon, y + at);
    }
}

/* What comes out at y, from the rows it is added to and the block's own. y may be `old`; `out` is then overwritten. */
static void finish_rows(const fs_sublayer *a, int64_t rows, const float *old, const float *out, float *y) {
    if (norms_output(a) && (a->place == PLACE_AFTER || !a->residual)) {
        norm_rows(a, &a->last, rows, out, a->residual ? old : NULL, y);
        return;
    }
    if (norms_output(a)) {
        float *const normed = y == old ? (float *)out : y;
        norm_rows(a, &a->last, rows, out, NULL, normed);
        out = normed;
    }
    for (int64_t i = 0; i < rows * a->width; i++) y[i] = old[i] + out[i];
}

static int finishes(const fs_sublayer *a) { return a->residual || norms_output(a); }

/* Rows (n, width) that the block takes: normed ones are cut from the arena. */
static const float *begin_rows(const fs_sublayer *a, int64_t n, const float *in, fs_arena *arena) {
    float *normed;
    if (!norms_input(a)) return in;
    normed = fs_arena_cut(arena, (size_t)n, (size_t)a->width, sizeof(float));
    if (normed) norm_rows(a, &a->first, n, in, NULL, normed);
    return normed;
}

void fs_sublayer_forward(const fs_block *b, fs_flow *f) {
    const fs_sublayer *a = &b->around;
    const float *old = f->x, *in = a->parallel ? f->taken : f->x;
    float *y = (float *)(a->parallel ? in : old); /* rows between blocks are the flow's own */
    size_t mark = fs_arena_mark(f->arena);
    if (!a->residual && !a->norm) {
        b->ops->forward(b, f);
        return;
    }
    if (a->parallel) mark = f->taken_mark;
    if (a->forks) {
        f->taken_mark = mark;
        y = fs_arena_cut(f->arena, (size_t)f->rows, (size_t)b->out_width, sizeof(float));
        mark = fs_arena_mark(f->arena);
    }
    f->last = NULL; /* the block's rows are not yet the last ones */
    f->taken = in;
    f->x = begin_rows(a, f->rows, in, f->arena);
    b->ops->forward(b, f);
    if (!finishes(a)) return;
    if (!fs_arena_planning(f->arena)) {
        if (!a->residual) y = (float *)f->x;
        finish_rows(a, f->rows, old, f->x, y);
        f->x = y;
    }
    if (a->residual && b->ops->leaves_rows_only) fs_arena_release(f->arena, mark);
}

/* Where a step's rows come out, if that is known before the block runs: over those it is added to where nobody else needs
 * them, so that all blocks of a step share the same memory. */
static float *step_rows(const fs_block *b, const fs_step *s) {
    if (!b->around.residual || !b->ops->leaves_rows_only) return NULL;
    if (s->owned && !b->around.forks) return (float *)s->x;
    return fs_arena_cut(s->arena, (size_t)s->n, (size_t)b->out_width, sizeof(float));
}

void fs_sublayer_step(const fs_block *b, fs_step *s) {
    const fs_sublayer *a = &b->around;
    const float *old = s->x, *in = a->parallel ? s->taken : s->x;
    float *y = step_rows(b, s);
    const size_t mark = fs_arena_mark(s->arena);
    const int shares = a->residual && b->ops->leaves_rows_only;
    s->taken = in;
    s->x = begin_rows(a, s->n, in, s->arena);
    b->ops->step(b, s);
    s->owned = finishes(a);
    if (!s->owned) return;
    if (!shares) y = fs_arena_cut(s->arena, (size_t)s->n, (size_t)b->out_width, sizeof(float)); /* s->x may be the block's state */
    if (y) finish_rows(a, s->n, old, s->x, y);
    s->x = y;
    if (shares) fs_arena_release(s->arena, mark);
}
