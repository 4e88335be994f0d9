/* Recurrent layers one token a step, for the rows of a decoder.
 *
 * State planes, each (R, H): h of layer 0, 1, ...; then, for cells that have it, c of layer 0, 1, ... */
#include <string.h>

#include "rnn.h"

/* The first layer's input part from a table and, with input feeding, what attention gave. */
static void first_input(const fs_rnn *r, const fs_rnn_layer *w, fs_step *s, float *xg, const float **x_at, void *scratch) {
    int G = r->cell->gates * r->hidden;
    if (!w->table) fs_gemm(&w->input, s->n, s->x, (size_t)s->width, w->input_bias, xg, (size_t)G, 0, scratch, NULL);
    for (int i = 0; i < s->n; i++) {
        const float *row = w->table ? w->table + (size_t)s->tokens[i] * (size_t)G : xg + (size_t)i * G;
        x_at[i] = row;
        if (!w->table || !r->feed) continue;
        memcpy(xg + (size_t)i * G, row, (size_t)G * sizeof *xg);
        x_at[i] = xg + (size_t)i * G;
    }
    if (r->feed) fs_gemm(&w->feed, s->n, s->feed, (size_t)r->feed, NULL, xg, (size_t)G, 1, scratch, NULL);
}

void fs_rnn_step(const fs_block *b, fs_step *s) {
    const fs_rnn *r = (const fs_rnn *)b;
    int H = r->hidden, G = r->cell->gates * H;
    size_t plane = (size_t)s->capacity * (size_t)H, scratch_bytes = 0;
    float *xg = fs_arena_cut(s->arena, (size_t)s->n, (size_t)G, sizeof(float));
    float *part = fs_arena_cut(s->arena, (size_t)s->n, (size_t)G, sizeof(float));
    const float **x_at = fs_arena_cut(s->arena, (size_t)s->n, 1, sizeof *x_at);
    void *scratch;
    for (int layer = 0; layer < r->layers; layer++)
        scratch_bytes = FS_MAX(scratch_bytes, fs_rnn_scratch(&r->weights[layer], s->n, s->n));
    scratch = fs_arena_cut(s->arena, 1, scratch_bytes, 1);
    for (int layer = 0; layer < r->layers && xg; layer++) {
        const fs_rnn_layer *w = &r->weights[layer];
        float *h = s->state + (size_t)layer * plane;
        float *c = r->cell->has_cell ? s->state + (size_t)(r->layers + layer) * plane : NULL;
        if (layer == 0) {
            first_input(r, w, s, xg, x_at, scratch);
        } else {
            fs_gemm(&w->input, s->n, h - plane, (size_t)H, w->input_bias, xg, (size_t)G, 0, scratch, NULL);
            for (int i = 0; i < s->n; i++) x_at[i] = xg + (size_t)i * G;
        }
        r->cell->advance(w, s->n, H, x_at, 0, h, c, part, scratch);
    }
    s->x = s->state ? s->state + (size_t)(r->layers - 1) * plane : NULL;
    s->width = H;
}
