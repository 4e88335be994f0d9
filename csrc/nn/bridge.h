/* How a decoder starts from an encoder's final states. */
#ifndef FS_NN_BRIDGE_H
#define FS_NN_BRIDGE_H

#include "block.h"

enum { FS_BRIDGE_ZERO, FS_BRIDGE_COPY, FS_BRIDGE_CONCAT, FS_BRIDGE_LINEAR };

typedef struct fs_bridge {
    fs_block block;
    int kind, input, output; /* F, H: linear */
    fs_matrix matrix;        /* (H, F) */
    float *bias;             /* (H) */
} fs_bridge;

const fs_bridge *fs_bridge_of(const fs_block *b); /* NULL when it is none */

/* Whether these final states can start L layers of H units. */
fs_status fs_bridge_check(const fs_bridge *b, const fs_memory *m, int layers, int hidden, int needs_cell, fs_error *err);

/* linear: start (count, H) = tanh(W f + b), f the last layer's final states of sequences [0, count). */
void fs_bridge_project(const fs_bridge *b, const fs_memory *m, float *start, void *scratch);

#endif
