/* Adds to each row a vector of its place in the sequence: sines and cosines (Vaswani et al. 2017, 3.5, with all sines first,
 * then all cosines) or rows of a table.
 *
 *     sinusoidal   sin(p r_i) at i, cos(p r_i) at E/2 + i, r_i = 10000^(-i / steps), 0 <= i < E/2
 *
 * The place of a sequence's first row is `offset`. */
#include <math.h>

#include "embedding.h"
#include "linear.h"
#include "waves.h"

enum { KIND_SINUSOIDAL, KIND_LEARNED };
static const char *const kinds[] = {"sinusoidal", "learned", NULL};

typedef struct fs_position {
    fs_block block;
    const fs_kernels *k;
    int kind, width;
    int length, offset; /* learned: rows of the table; the place that the first row counts as */
    fs_tensor table;    /* (length, E), borrowed */
    fs_waves waves;     /* sinusoidal */
} fs_position;

static fs_status init_sinusoidal(fs_position *p, const fs_options *o, fs_error *err) {
    const int half = p->width / 2;
    float steps = (float)half;
    FS_TRY(fs_option_float(o, "steps", &steps, err));
    if (p->width % 2 || !(steps > 0))
        return fs_fail(err, FS_ERR_FORMAT, o->where, "not a width for sines and cosines", "an even width, steps above 0|%d, %g",
                       p->width, (double)steps);
    FS_TRY(fs_waves_init(&p->waves, half, o->where, err));
    for (int i = 0; i < half; i++) p->waves.rates[i] = exp(-i * log(10000.0) / steps);
    fs_waves_keep(&p->waves);
    return FS_OK;
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_position *p = (fs_position *)b;
    const fs_tensor *table;
    FS_TRY(fs_option_width(o, "width", &p->width, err));
    FS_TRY(fs_option_choice(o, "kind", kinds, &p->kind, err));
    if (!fs_embedding_of(before) && !fs_linear_of(before))
        return fs_fail(err, FS_ERR_FORMAT, o->where, "positions are added to an embedding", "one before it, or its projection|none");
    FS_TRY(fs_block_check_input(before, p->width, o, err));
    p->k = build->k;
    b->in_width = b->out_width = p->width;
    p->length = FS_MAX_WIDTH;
    if (p->kind == KIND_LEARNED) FS_TRY(fs_option_width(o, "length", &p->length, err));
    FS_TRY(fs_option_int(o, "offset", 0, p->length - 1, &p->offset, err));
    if (p->kind == KIND_SINUSOIDAL) return init_sinusoidal(p, o, err);
    FS_TRY(fs_build_find(build, ".weight", p->length, p->width, 0, &table, err));
    p->table = *table;
    b->longest = p->length - p->offset;
    return FS_OK;
}

static void release(fs_block *b) { fs_waves_free(&((fs_position *)b)->waves); }

/* row (E) += the vector of the place; spare (E) */
static void add_place(const fs_position *p, int place, float *row, float *spare) {
    const float *at = spare;
    if (p->kind == KIND_LEARNED) /* a decoder that goes past the last place stays there */
        fs_tensor_row(&p->table, p->k, FS_MIN(place, p->length - 1 - p->offset) + p->offset, 0, p->width, spare);
    else
        at = fs_waves_at(&p->waves, place + p->offset, spare);
    for (int j = 0; j < p->width; j++) row[j] += at[j];
}

static void forward(const fs_block *b, fs_flow *f) {
    const fs_position *p = (const fs_position *)b;
    float *rows = (float *)f->x, *spare = fs_arena_cut(f->arena, (size_t)p->width, 1, sizeof(float));
    for (int64_t i = 0; spare && i < f->count; i++)
        for (int64_t at = f->offsets[i]; at < f->offsets[i + 1]; at++)
            add_place(p, (int)(at - f->offsets[i]), rows + (size_t)at * (size_t)p->width, spare);
}

static void step(const fs_block *b, fs_step *s) {
    const fs_position *p = (const fs_position *)b;
    float *rows = (float *)s->x, *spare = fs_arena_cut(s->arena, (size_t)p->width, 1, sizeof(float));
    for (int i = 0; spare && i < s->n; i++) add_place(p, s->places[i], rows + (size_t)i * (size_t)p->width, spare);
}

const fs_block_ops fs_block_position = {.kind = "position",
                                        .size = sizeof(fs_position),
                                        .init = init,
                                        .free = release,
                                        .forward = forward,
                                        .step = step,
                                        .takes_runs = 1};
