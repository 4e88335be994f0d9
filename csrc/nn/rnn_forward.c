/* Recurrent layers over a ragged group of whole sequences.
 *
 * The sequences are taken longest first, so those still running at step p are always the first rows of the
 * state: a sequence that ends leaves the product by itself, and nothing is padded. Steps go by chunks: the
 * input's part of a chunk is one product (or table rows), small enough to stay in the cache until its steps
 * have used it.
 *
 *   order        sequences, longest first        len 5  x x x x x
 *   active(p)    how many are longer than p           3  x x x
 *                                                     1  x               active: 3 2 2 1 1            */
#include <string.h>

#include "rnn.h"

enum { CHUNK_ROWS = 256 };

/* What one layer in one direction works with; B sequences. */
typedef struct pass {
    const fs_rnn *r;
    const fs_rnn_layer *w;
    fs_flow *f;
    int reverse, G; /* G: gates times H */
    int width;      /* I, of the rows that come in */
    int stride;     /* between them: they may be columns of wider ones */
    const float *x; /* (N, I) or NULL: ids */
    const float *add; /* (N, D H) or NULL: what a layer that skips adds to its rows */
    const fs_rows_at *into; /* where in `out` sequences begin, or NULL: at the group's offsets */
    const int *order;
    int chunk;      /* rows that a chunk has room for */
    float *xg;      /* (chunk, G H): the input's part */
    float *gather;  /* (chunk, I) */
    float *part;    /* (B, G H) */
    float *h, *c;   /* (B, H), in `order` */
    const float **x_at; /* (B): each running sequence's input part for the step */
    int64_t *base;  /* (B): where a sequence's rows of the chunk start in xg */
    void *scratch;
} pass;

static int64_t length(const fs_flow *f, int64_t i) { return f->offsets[i + 1] - f->offsets[i]; }

/* order (B): longest first, equal ones as they come. B is at most FS_GROUP_ROWS. */
static void sort_by_length(const fs_flow *f, int *order) {
    for (int i = 0; i < (int)f->count; i++) {
        int at = i;
        for (; at > 0 && length(f, order[at - 1]) < length(f, i); at--) order[at] = order[at - 1];
        order[at] = i;
    }
}

static int active_at(const pass *p, int from, int64_t step) {
    while (from > 0 && length(p->f, p->order[from - 1]) <= step) from--;
    return from;
}

/* n rows from row `start` of the layer's input on: to (n, I) */
static void gather_rows(const pass *p, int64_t start, int64_t n, float *to) {
    const size_t row = (size_t)p->width, stride = (size_t)p->stride;
    if (p->x && row == stride) {
        memcpy(to, p->x + (size_t)start * row, (size_t)n * row * sizeof *to);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        if (p->x)
            memcpy(to + (size_t)i * row, p->x + (size_t)(start + i) * stride, row * sizeof *to);
        else
            fs_embedding_row(p->r->rows, p->f->ids[start + i], to + (size_t)i * row);
    }
}

/* Steps [first, last) of every running sequence: its rows lie together in x, so they are copied (or, for a
 * single sequence, used where they are) and multiplied at once. */
static void project_chunk(pass *p, int active, int64_t first, int64_t last) {
    size_t row = (size_t)p->width, stride = row;
    const float *from = p->gather;
    int64_t n = 0;
    for (int s = 0; s < active; s++) {
        int64_t len = length(p->f, p->order[s]), end = FS_MIN(last, len);
        int64_t start = p->f->offsets[p->order[s]] + (p->reverse ? len - end : first);
        p->base[s] = n;
        if (p->x && active == 1) {
            stride = (size_t)p->stride;
            from = p->x + (size_t)start * stride;
        } else {
            gather_rows(p, start, end - first, p->gather + (size_t)n * row);
        }
        n += end - first;
    }
    fs_rnn_input_part(p->w, n, from, stride, p->xg, p->scratch);
}

/* Where the input's part of step t of the s-th sequence is; [first, last) is the chunk. */
static const float *input_part(const pass *p, int s, int64_t t, int64_t first, int64_t last) {
    int64_t len = length(p->f, p->order[s]), end = FS_MIN(last, len);
    if (p->w->table) {
        int64_t at = p->f->offsets[p->order[s]] + (p->reverse ? len - 1 - t : t);
        return p->w->table + (size_t)p->f->ids[at] * (size_t)p->G;
    }
    return p->xg + (size_t)(p->base[s] + (p->reverse ? end - 1 - t : t - first)) * (size_t)p->G;
}

/* out (N, D H), this direction's columns at `column` */
static void write_rows(const pass *p, int active, int64_t t, float *out, int stride, int column) {
    int H = p->r->hidden;
    for (int s = 0; s < active; s++) {
        const int i = p->order[s];
        const int64_t from = p->f->offsets[i], place = p->reverse ? length(p->f, i) - 1 - t : t;
        const int64_t at = (p->into ? p->into->offsets[p->into->to[i]] : from) + place;
        const float *h = p->h + (size_t)s * H;
        float *row = out + (size_t)at * (size_t)stride + column;
        if (p->add) {
            const float *more = p->add + (size_t)(from + place) * (size_t)stride + column;
            for (int j = 0; j < H; j++) row[j] = h[j] + more[j];
        } else {
            memcpy(row, h, (size_t)H * sizeof(float));
        }
    }
}

static void run_direction(pass *p, float *out, int stride, int column) {
    int H = p->r->hidden, active = (int)p->f->count;
    int64_t first = 0;
    memset(p->h, 0, (size_t)p->f->count * (size_t)H * sizeof(float));
    memset(p->c, 0, (size_t)p->f->count * (size_t)H * sizeof(float));
    while ((active = active_at(p, active, first)) > 0 && !fs_run_stopped(p->f->run, p->f->worker)) {
        int64_t last = FS_MIN(first + FS_MAX(1, p->chunk / active), length(p->f, p->order[0]));
        if (!p->w->table) project_chunk(p, active, first, last);
        for (int64_t t = first; t < last; t++) {
            active = active_at(p, active, t);
            for (int s = 0; s < active; s++) p->x_at[s] = input_part(p, s, t, first, last);
            fs_rnn_advance(p->r->cell, p->w, p->r->transitions, active, H, p->x_at, t == 0, p->h, p->c, p->part, p->scratch);
            if (out) write_rows(p, active, t, out, stride, column);
        }
        first = last;
    }
}

/* The final states of this layer and direction, from `order` back to the group's order. */
static void write_finals(const pass *p, int layer, int column) {
    fs_flow *f = p->f;
    size_t H = (size_t)p->r->hidden;
    for (int s = 0; s < (int)f->count; s++) {
        size_t at = ((size_t)p->order[s] * (size_t)f->layers + (size_t)layer) * (size_t)f->hidden_width + (size_t)column;
        memcpy(f->hidden + at, p->h + (size_t)s * H, H * sizeof(float));
        if (f->cell) memcpy(f->cell + at, p->c + (size_t)s * H, H * sizeof(float));
    }
}

/* The widest layer decides the sizes, so one set of regions serves all. */
static void cut_regions(pass *p, fs_arena *a, int64_t B, int64_t rows) {
    const fs_rnn *r = p->r;
    int wide = FS_MAX(r->input, r->hidden * r->directions);
    size_t scratch = 0, G = (size_t)p->G;
    p->chunk = (int)FS_MIN((int64_t)FS_MAX((int64_t)CHUNK_ROWS, B), FS_MAX(rows, 1));
    for (int i = 0; i < r->layers * r->directions * (1 + r->transitions); i++)
        scratch = FS_MAX(scratch, fs_rnn_scratch(&r->weights[i], B, p->chunk));
    p->xg = fs_arena_cut(a, (size_t)p->chunk, G, sizeof(float));
    p->gather = fs_arena_cut(a, (size_t)p->chunk, (size_t)wide, sizeof(float));
    p->part = fs_arena_cut(a, (size_t)B, G, sizeof(float));
    p->h = fs_arena_cut(a, (size_t)B, (size_t)r->hidden, sizeof(float));
    p->c = fs_arena_cut(a, (size_t)B, (size_t)r->hidden, sizeof(float));
    p->x_at = fs_arena_cut(a, (size_t)B, 1, sizeof *p->x_at);
    p->base = fs_arena_cut(a, (size_t)B, 1, sizeof *p->base);
    p->order = fs_arena_cut(a, (size_t)B, 1, sizeof *p->order);
    p->scratch = fs_arena_cut(a, 1, scratch, 1);
}

/* Which rows a layer takes: those of the layer before it, x (N, D H), or its own direction's columns of them. */
static void take_rows(pass *p, const float *x, int layer, int d) {
    const fs_rnn *r = p->r;
    const int apart = layer && r->stacks != FS_STACKS_JOINED;
    p->w = &r->weights[(layer * r->directions + d) * (1 + r->transitions)];
    p->reverse = r->stacks == FS_STACKS_ALTERNATING ? d ^ (layer & 1) : d;
    p->add = layer && r->skip ? x : NULL;
    if (!layer) return;
    p->stride = r->directions * r->hidden;
    p->width = apart ? r->hidden : p->stride;
    p->x = x + (apart ? d * r->hidden : 0);
}

void fs_rnn_forward(const fs_block *b, fs_flow *f) {
    const fs_rnn *r = (const fs_rnn *)b;
    int H = r->hidden, D = r->directions;
    const float *x = f->x;
    pass p = {.r = r, .f = f, .G = r->cell->gates * H, .x = x, .width = f->width, .stride = f->width};
    f->layers = r->layers;
    f->hidden_width = D * H;
    f->hidden = fs_arena_cut(f->arena, (size_t)f->count, (size_t)(r->layers * D * H), sizeof(float));
    f->cell = r->cell->has_cell ? fs_arena_cut(f->arena, (size_t)f->count, (size_t)(r->layers * D * H), sizeof(float)) : NULL;
    cut_regions(&p, f->arena, f->count, f->rows);
    if (!fs_arena_planning(f->arena)) sort_by_length(f, (int *)p.order);
    for (int layer = 0; layer < r->layers; layer++) {
        int wanted = layer + 1 < r->layers || !f->finals_only;
        float *out = NULL;
        p.into = layer + 1 < r->layers ? NULL : f->last;
        if (p.into)
            out = p.into->rows;
        else if (wanted)
            out = fs_arena_cut(f->arena, (size_t)f->rows, (size_t)(D * H), sizeof(float));
        for (int d = 0; d < D && !fs_arena_planning(f->arena); d++) {
            take_rows(&p, x, layer, d);
            run_direction(&p, out, D * H, d * H);
            write_finals(&p, layer, d * H);
        }
        x = out;
    }
    f->x = p.into ? NULL : x;
    f->width = D * H;
}
