/* The recurrent block: its weights. How they run is in rnn_forward.c and rnn_step.c. */
#include "rnn.h"

#include <stdio.h>
#include <string.h>

#include "../base/checked.h"

enum { MAX_LAYERS = 64, MAX_TRANSITIONS = 16 };
static const size_t TABLE_BYTES = (size_t)16 << 20; /* larger tables would not stay in a cache */

static const char *const cells[] = {"tanh", "relu", "gru", "lstm", "ssru", NULL};
static const char *const resets[] = {"after", "before", NULL};
static const char *const stacks[] = {"joined", "apart", "alternating", NULL};

const fs_rnn *fs_rnn_of(const fs_block *b) { return b && b->ops == &fs_block_rnn ? (const fs_rnn *)b : NULL; }

/* Norms of the gates' products need products of whole gates. */
static fs_status check_norm(const fs_rnn *r, const fs_options *o, fs_error *err) {
    if (r->gate_norm < 0)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "negative gate_norm", "0 or more|%g", (double)r->gate_norm);
    if (r->gate_norm > 0 && (r->cell == &fs_cell_gru_before || r->cell == &fs_cell_ssru))
        return fs_fail(err, FS_ERR_UNSUPPORTED, o->where, "gate_norm of this cell", "tanh, relu, lstm, gru (after)|%s",
                       r->cell->name);
    return FS_OK;
}

fs_status fs_rnn_read_options(fs_rnn *r, const fs_options *o, fs_error *err) {
    static const fs_cell *const kinds[] = {&fs_cell_tanh, &fs_cell_relu, &fs_cell_gru, &fs_cell_lstm, &fs_cell_ssru};
    int kind = 0, reset = 0, both = 0;
    r->layers = 1;
    FS_TRY(fs_option_choice(o, "cell", cells, &kind, err));
    FS_TRY(fs_option_choice(o, "reset", resets, &reset, err));
    FS_TRY(fs_option_choice(o, "stacks", stacks, &r->stacks, err));
    FS_TRY(fs_option_width(o, "input", &r->input, err));
    FS_TRY(fs_option_width(o, "hidden", &r->hidden, err));
    FS_TRY(fs_option_int(o, "layers", 1, MAX_LAYERS, &r->layers, err));
    FS_TRY(fs_option_int(o, "transitions", 0, MAX_TRANSITIONS, &r->transitions, err));
    FS_TRY(fs_option_int(o, "bidirectional", 0, 1, &both, err));
    FS_TRY(fs_option_int(o, "skip", 0, 1, &r->skip, err));
    FS_TRY(fs_option_float(o, "gate_norm", &r->gate_norm, err));
    if (r->hidden > FS_MAX_WIDTH / 8)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "hidden is too large", "at most %d|%d", FS_MAX_WIDTH / 8,
                       r->hidden);
    r->cell = kind == 2 && reset ? &fs_cell_gru_before : kinds[kind];
    r->directions = 1 + both;
    return check_norm(r, o, err);
}

fs_status fs_rnn_read_layer(const fs_rnn *r, int layer, int direction, fs_rnn_part p, const fs_build *build, fs_error *err) {
    fs_rnn_layer *w = &r->weights[(layer * r->directions + direction) * (1 + r->transitions)];
    char tag[32];
    p.cell = r->cell;
    p.hidden = r->hidden;
    p.gate_norm = r->gate_norm;
    p.tag = tag;
    for (int i = 0; i <= r->transitions; i++) {
        const int at = snprintf(tag, sizeof tag, "_l%d%s", layer, direction ? "_reverse" : "");
        if (i) snprintf(tag + at, sizeof tag - (size_t)at, "_t%d", i);
        FS_TRY(fs_rnn_layer_init(&w[i], &p, build, err));
        p.input = p.plain = 0;
        p.absorb = NULL;
    }
    return FS_OK;
}

static fs_status init(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err) {
    fs_rnn *r = (fs_rnn *)b;
    const fs_embedding *absorb = fs_embedding_of(before);
    int bias = 1, own, count;
    size_t table;
    FS_TRY(fs_rnn_read_options(r, o, err));
    FS_TRY(fs_option_int(o, "bias", 0, 1, &bias, err));
    own = before && before->out_width ? before->out_width : r->input;
    r->feed = r->input - own;
    if (r->feed < 0 || (r->feed && (!absorb || r->gate_norm > 0)) || !before)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "input width contradicts the block before it",
                       "an embedding or rows %d wide|%d", r->input, before ? before->out_width : 0);
    if (absorb && (absorb->blank || /* its rows are not all of the table's */
                   !fs_size_array((size_t)absorb->vocabulary, (size_t)(r->cell->gates * r->hidden), sizeof(float), &table) ||
                   table > TABLE_BYTES))
        absorb = NULL;
    count = r->layers * r->directions * (1 + r->transitions);
    r->weights = fs_alloc((size_t)count * sizeof *r->weights);
    if (!r->weights) return fs_fail_memory(err, o->where, (uint64_t)count * sizeof *r->weights);
    for (int layer = 0; layer < r->layers; layer++) {
        fs_rnn_part p = {.input = r->input, .plain = own, .bias = bias, .absorb = absorb};
        if (layer) p = (fs_rnn_part){.input = r->hidden * (r->stacks == FS_STACKS_JOINED ? r->directions : 1), .bias = bias};
        if (layer) p.plain = p.input;
        for (int d = 0; d < r->directions; d++) FS_TRY(fs_rnn_read_layer(r, layer, d, p, build, err));
    }
    r->rows = fs_embedding_of(before);
    if (r->rows) ((fs_embedding *)r->rows)->deferred = 1;
    if (absorb) ((fs_embedding *)absorb)->absorbed = 1;
    b->in_width = own;
    b->out_width = r->hidden * r->directions;
    b->state_layers = r->layers;
    b->state_planes = r->layers * (1 + r->cell->has_cell);
    b->state_width = r->hidden;
    return FS_OK;
}

void fs_rnn_release(fs_rnn *r) {
    const int count = r->layers * r->directions * (1 + r->transitions);
    for (int i = 0; r->weights && i < count; i++) fs_rnn_layer_free(&r->weights[i]);
    fs_free(r->weights);
}

size_t fs_rnn_bytes(const fs_rnn *r) {
    const int count = r->layers * r->directions * (1 + r->transitions);
    size_t sum = 0;
    for (int i = 0; i < count; i++) sum += fs_rnn_layer_bytes(&r->weights[i]);
    return sum;
}

static void release(fs_block *b) { fs_rnn_release((fs_rnn *)b); }

static size_t bytes(const fs_block *b) { return fs_rnn_bytes((const fs_rnn *)b); }

const fs_block_ops fs_block_rnn = {.kind = "rnn",
                                   .size = sizeof(fs_rnn),
                                   .init = init,
                                   .free = release,
                                   .bytes = bytes,
                                   .forward = fs_rnn_forward,
                                   .step = fs_rnn_step};
