/* Adds to each row a vector of its place in the sequence: sines and cosines (Vaswani et al. 2017, 3.5, with all sines first,
 * then all cosines) or rows of a table.
 *
 *     sinusoidal   sin(p r_i) at i, cos(p r_i) at E/2 + i, r_i = 10000^(-i / steps), 0 <= i < E/2
 *
 * The place of a sequence's first row is 0. */
#include <math.h>

#include "embedding.h"

enum { KEPT = 256 }; /* places whose vectors are made at load */
enum { KIND_SINUSOIDAL, KIND_LEARNED };
static const char *const kinds[] = {"sinusoidal", "learned", NULL};

typedef struct fs_position {
    fs_block block;
    const fs_kernels *k;
    int kind, width;
    int length, offset; /* learned: rows of the table, and the row of place 0 */
    fs_tensor table;    /* (length, E), borrowed */
    double *rates;      /* (E / 2) */
    float *kept;        /* (KEPT, E) */
} fs_position;

static void make_sinusoid(const fs_position *p, int64_t place, float *to) {
    const int half = p->width / 2;
    for (int i = 0; i < half; i++) {
        const double angle = (double)place * p->rates[i];
        to[i] = (float)sin(angle);
        to[half + i] = (float)cos(angle);
    }
}

static fs_status init_sinusoidal(fs_position *p, const fs_options *o, fs_error *err) {
    const int half = p->width / 2;
    float steps = (float)half;
    FS_TRY(fs_option_float(o, "steps", &steps, err));
    if (p->width % 2 || !(steps > 0))
        return fs_fail(err, FS_ERR_FORMAT, o->where, "not a width for sines and cosines", "an even width, steps above 0|%d, %g",
                       p->width, (double)steps);
    p->rates = fs_alloc((size_t)half * sizeof *p->rates);
    p->kept = fs_alloc((size_t)KEPT * (size_t)p->width * sizeof *p->kept);
    if (!p->rates || !p->kept) return fs_fail_memory(err, o->where, (uint64_t)KEPT * (uint64_t)p->width * sizeof *p->kept);
    for (int i = 0; i < half; i++) p->rates[i] = exp(-i * log(10000.0) / steps);
    for (int place = 0; place < KEPT; place++) make_sinusoid(p, place, p->kept + (size_t)place * (size_t)p->width);
    return FS_OK;
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_position *p = (fs_position *)b;
    const fs_tensor *table;
    FS_TRY(fs_option_width(o, "width", &p->width, err));
    FS_TRY(fs_option_choice(o, "kind", kinds, &p->kind, err));
    if (!fs_embedding_of(before))
        return fs_fail(err, FS_ERR_FORMAT, o->where, "positions are added to an embedding", "one before it|none");
    FS_TRY(fs_block_check_input(before, p->width, o, err));
    p->k = build->k;
    b->in_width = b->out_width = p->width;
    if (p->kind == KIND_SINUSOIDAL) return init_sinusoidal(p, o, err);
    FS_TRY(fs_option_width(o, "length", &p->length, err));
    FS_TRY(fs_option_int(o, "offset", 0, p->length - 1, &p->offset, err));
    FS_TRY(fs_build_find(build, ".weight", p->length, p->width, 0, &table, err));
    p->table = *table;
    b->longest = p->length - p->offset;
    return FS_OK;
}

static void release(fs_block *b) {
    fs_position *p = (fs_position *)b;
    fs_free(p->rates);
    fs_free(p->kept);
}

/* row (E) += the vector of the place; spare (E) */
static void add_place(const fs_position *p, int64_t place, float *row, float *spare) {
    const float *at = spare;
    if (p->kind == KIND_LEARNED) /* a decoder that goes past the last place stays there */
        fs_tensor_row(&p->table, p->k, FS_MIN(place + p->offset, p->length - 1), 0, p->width, spare);
    else if (place < KEPT)
        at = p->kept + (size_t)place * (size_t)p->width;
    else
        make_sinusoid(p, place, spare);
    for (int j = 0; j < p->width; j++) row[j] += at[j];
}

static void forward(const fs_block *b, fs_flow *f) {
    const fs_position *p = (const fs_position *)b;
    float *rows = (float *)f->x, *spare = fs_arena_cut(f->arena, (size_t)p->width, 1, sizeof(float));
    for (int64_t i = 0; spare && i < f->count; i++)
        for (int64_t at = f->offsets[i]; at < f->offsets[i + 1]; at++)
            add_place(p, at - f->offsets[i], rows + (size_t)at * (size_t)p->width, spare);
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
