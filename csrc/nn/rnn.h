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
} fs_rnn_layer;

/* One step of n sequences. x: n pointers to the input's part (G H); h, c (n, H) are updated; part (n, G H)
 * and scratch (fs_gemm_scratch of every matrix of the layer) are for use inside. `zero`: every h is zero, so
 * its product is known. */
typedef void (*fs_cell_advance)(const fs_rnn_layer *w, int n, int H, const float *const *x, int zero, float *h,
                                float *c, float *part, void *scratch);

/* part (n, N) = h W^T + bias: the state's part of the gates; bias (N) or NULL. Zero states give the bias, which
 * is what the product would give, bit for bit. */
void fs_rnn_state_part(const fs_matrix *m, const float *bias, int n, int zero, const float *h, float *part,
                       void *scratch);

typedef struct fs_cell {
    const char *name;
    int gates;
    int has_cell; /* carries c beside h */
    fs_cell_advance advance;
} fs_cell;

extern const fs_cell fs_cell_tanh, fs_cell_relu, fs_cell_gru, fs_cell_gru_before, fs_cell_lstm, fs_cell_ssru;

typedef struct fs_rnn {
    fs_block block;
    const fs_cell *cell;
    int input, hidden, layers, directions;
    const fs_embedding *rows; /* where a forward pass finds the first layer's rows by their ids, or NULL */
    int feed;              /* F: columns of the first layer's input that come from attention */
    fs_rnn_layer *weights; /* (layers, directions) */
} fs_rnn;

const fs_rnn *fs_rnn_of(const fs_block *b); /* NULL when it is none */

size_t fs_rnn_scratch(const fs_rnn_layer *w, int64_t rows, int64_t input_rows); /* bytes, for any of its products */

void fs_rnn_forward(const fs_block *b, fs_flow *f);
void fs_rnn_step(const fs_block *b, fs_step *s);

#endif
