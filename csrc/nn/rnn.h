/* Stacked recurrent layers, one or both directions, over ragged groups; a cell is a file of its own.
 *
 *   G gates (1, 3 or 4), H units, I the layer's input width
 *
 * The state's part of the gates depends on the step before, so it is one small product a step over the rows
 * that are still running. The input's part does not: it is one large product for a run of steps, or, when the
 * input is an embedding of a small vocabulary, a table of its products, made once at load. */
#ifndef FS_NN_RNN_H
#define FS_NN_RNN_H

#include "embedding.h"

/* One layer in one direction. */
typedef struct fs_rnn_layer {
    const fs_kernels *k;
    fs_matrix input;   /* (G H, I); empty when `table` stands for it */
    fs_matrix feed;    /* (G H, F): the columns that input feeding uses, in the first layer of a decoder */
    fs_matrix state;   /* (G H, H); (2 H, H) for a GRU with reset before */
    fs_matrix reset;   /* (H, H): a GRU with reset before */
    float *table;      /* (V, G H): the embedding's rows times `input`, its bias added; or NULL */
    float *input_bias; /* (G H): every bias that can be added beforehand */
    float *state_bias; /* (G H) or NULL: a GRU's, inside the product with the reset gate */
    float *input_gain, *state_gain; /* (G H) or NULL: each product is layer-normed over all gates, then biases are added */
    float epsilon;     /* under the root of those norms */
} fs_rnn_layer;

/* One step of n sequences. x: n pointers to the input's part (G H); h, c (n, H) are updated; part (n, G H)
 * and scratch (fs_gemm_scratch of every matrix of the layer) are for use inside. `zero`: every h is zero, so
 * its product is known. */
typedef void (*fs_cell_advance)(const fs_rnn_layer *w, int n, int H, const float *const *x, int zero, float *h,
                                float *c, float *part, void *scratch);

/* part (n, N) = h W^T + bias: the state's part of the gates. Zero states give the bias, which is what the product
 * (and a norm of it) would give, bit for bit. */
void fs_rnn_state_part(const fs_rnn_layer *w, int n, int zero, const float *h, float *part, void *scratch);

/* xg (n, G H) = x W^T + bias: the input's part of the gates, of rows x (n, I) that lie `stride` apart. */
void fs_rnn_input_part(const fs_rnn_layer *w, int64_t n, const float *x, size_t stride, float *xg, void *scratch);

typedef struct fs_cell {
    const char *name;
    int gates;
    int has_cell; /* carries c beside h */
    fs_cell_advance advance;
} fs_cell;

extern const fs_cell fs_cell_tanh, fs_cell_relu, fs_cell_gru, fs_cell_gru_before, fs_cell_lstm, fs_cell_ssru;

/* What a layer's weights are made from: their names end in `tag`. */
typedef struct fs_rnn_part {
    const fs_cell *cell;
    int hidden, input;          /* H, I; an input of 0: a transition, which takes the state alone */
    int plain;                  /* columns of the input that do not come from attention */
    int bias;                   /* the input's is there */
    float gate_norm;            /* epsilon of the products' norms; 0: none */
    const fs_embedding *absorb; /* its rows' products become a table, or NULL */
    const char *tag;
} fs_rnn_part;

fs_status fs_rnn_layer_init(fs_rnn_layer *w, const fs_rnn_part *p, const fs_build *build, fs_error *err);
void fs_rnn_layer_free(fs_rnn_layer *w);
size_t fs_rnn_layer_bytes(const fs_rnn_layer *w);
size_t fs_rnn_scratch(const fs_rnn_layer *w, int64_t rows, int64_t input_rows); /* bytes, for any of its products */

/* One step of a layer and of the transitions behind it, w (1 + transitions): each takes the state that the one before left.
 * x (n) is overwritten. */
void fs_rnn_advance(const fs_cell *cell, const fs_rnn_layer *w, int transitions, int n, int H, const float **x, int zero,
                    float *h, float *c, float *part, void *scratch);

/* How the two directions of a stack meet. */
enum { FS_STACKS_JOINED, FS_STACKS_APART, FS_STACKS_ALTERNATING };

typedef struct fs_rnn {
    fs_block block;
    const fs_cell *cell;
    int input, hidden, layers, directions;
    int stacks;            /* joined: a layer reads both directions of the one before; else its own alone */
    int transitions;       /* T: cells of a layer behind its first one */
    int skip;              /* layers above the first add what goes in to what comes out */
    float gate_norm;
    const fs_embedding *rows; /* where a forward pass finds the first layer's rows by their ids, or NULL */
    int feed;              /* F: columns of the first layer's input that come from attention */
    fs_rnn_layer *weights; /* (layers, directions, 1 + T) */
} fs_rnn;

const fs_rnn *fs_rnn_of(const fs_block *b); /* NULL when it is none */

/* Cell, widths and depth, from a block's options. */
fs_status fs_rnn_read_options(fs_rnn *r, const fs_options *o, fs_error *err);
/* The layer's cells, of which there are 1 + T; `p` has what is the first one's own. */
fs_status fs_rnn_read_layer(const fs_rnn *r, int layer, int direction, fs_rnn_part p, const fs_build *build, fs_error *err);
void fs_rnn_release(fs_rnn *r);
size_t fs_rnn_bytes(const fs_rnn *r);

/* Room for a step of the layers. */
typedef struct fs_rnn_room {
    float *xg, *part;   /* (n, G H) */
    float *rows;        /* (n, H), of a stack that skips */
    const float **x_at; /* (n) */
    void *scratch;
} fs_rnn_room;

void fs_rnn_cut_room(const fs_rnn *r, fs_step *s, fs_rnn_room *room);
/* Layers above the first, from the state that it has left: gives the last one's rows (n, H). */
const float *fs_rnn_step_above(const fs_rnn *r, fs_step *s, const fs_rnn_room *room);

void fs_rnn_forward(const fs_block *b, fs_flow *f);
void fs_rnn_step(const fs_block *b, fs_step *s);

#endif
