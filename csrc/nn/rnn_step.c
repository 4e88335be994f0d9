/* Recurrent layers one token a step, for the rows of a decoder.
 *
 * State planes, each (R, H): h of layer 0, 1, ...; then, for cells that have it, c of layer 0, 1, ... */
#include <string.h>

#include "rnn.h"

/* The first layer's input part from a table and, with input feeding, what attention gave. */
static void first_input(const fs_rnn *r, const fs_rnn_layer *w, fs_step *s, const fs_rnn_room *room) {
    int G = r->cell->gates * r->hidden;
    float *xg = room->xg;
    if (!w->table) fs_rnn_input_part(w, s->n, s->x, (size_t)s->width, xg, room->scratch);
    for (int i = 0; i < s->n; i++) {
        const float *row = w->table ? w->table + (size_t)s->tokens[i] * (size_t)G : xg + (size_t)i * G;
        room->x_at[i] = row;
        if (!w->table || !r->feed) continue;
        memcpy(xg + (size_t)i * G, row, (size_t)G * sizeof *xg);
        room->x_at[i] = xg + (size_t)i * G;
    }
    if (r->feed) fs_gemm(&w->feed, s->n, s->feed, (size_t)r->feed, NULL, xg, (size_t)G, 1, room->scratch, NULL);
}

void fs_rnn_cut_room(const fs_rnn *r, fs_step *s, fs_rnn_room *room) {
    const size_t n = (size_t)s->n, G = (size_t)r->cell->gates * (size_t)r->hidden;
    const int count = r->layers * (1 + r->transitions);
    size_t scratch = 0;
    for (int i = 0; i < count; i++) scratch = FS_MAX(scratch, fs_rnn_scratch(&r->weights[i], s->n, s->n));
    room->xg = fs_arena_cut(s->arena, n, G, sizeof(float));
    room->part = fs_arena_cut(s->arena, n, G, sizeof(float));
    room->rows = r->skip ? fs_arena_cut(s->arena, n, (size_t)r->hidden, sizeof(float)) : NULL;
    room->x_at = fs_arena_cut(s->arena, n, 1, sizeof *room->x_at);
    room->scratch = fs_arena_cut(s->arena, 1, scratch, 1);
}

const float *fs_rnn_step_above(const fs_rnn *r, fs_step *s, const fs_rnn_room *room) {
    const int H = r->hidden, G = r->cell->gates * H;
    const size_t plane = (size_t)s->capacity * (size_t)H, all = (size_t)s->n * (size_t)H;
    const float *x = s->state;
    for (int layer = 1; layer < r->layers; layer++) {
        const fs_rnn_layer *w = &r->weights[layer * (1 + r->transitions)];
        float *h = s->state + (size_t)layer * plane;
        float *c = r->cell->has_cell ? s->state + (size_t)(r->layers + layer) * plane : NULL;
        fs_rnn_input_part(w, s->n, x, (size_t)H, room->xg, room->scratch);
        for (int i = 0; i < s->n; i++) room->x_at[i] = room->xg + (size_t)i * G;
        fs_rnn_advance(r->cell, w, r->transitions, s->n, H, room->x_at, 0, h, c, room->part, room->scratch);
        if (r->skip) {
            for (size_t j = 0; j < all; j++) room->rows[j] = x[j] + h[j];
            x = room->rows;
        } else {
            x = h;
        }
    }
    return x;
}

void fs_rnn_step(const fs_block *b, fs_step *s) {
    const fs_rnn *r = (const fs_rnn *)b;
    const size_t plane = (size_t)s->capacity * (size_t)r->hidden;
    fs_rnn_room room;
    fs_rnn_cut_room(r, s, &room);
    if (room.xg) {
        float *c = r->cell->has_cell ? s->state + (size_t)r->layers * plane : NULL;
        first_input(r, r->weights, s, &room);
        fs_rnn_advance(r->cell, r->weights, r->transitions, s->n, r->hidden, room.x_at, 0, s->state, c, room.part,
                       room.scratch);
        s->x = fs_rnn_step_above(r, s, &room);
    }
    s->width = r->hidden;
}
