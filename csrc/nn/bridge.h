/* How a decoder starts from an encoder's final states. */
#ifndef FS_NN_BRIDGE_H
#define FS_NN_BRIDGE_H

#include "block.h"

enum { FS_BRIDGE_ZERO, FS_BRIDGE_COPY, FS_BRIDGE_CONCAT, FS_BRIDGE_LINEAR, FS_BRIDGE_MEAN };

typedef struct fs_bridge {
    fs_block block;
    int kind, input, output; /* F, H: linear and mean, which project */
    float gate_norm;         /* epsilon of a layer norm of the product; 0: none */
    fs_matrix matrix;        /* (H, F) */
    float *bias, *gain;      /* (H), the gain with a norm */
} fs_bridge;

const fs_bridge *fs_bridge_of(const fs_block *b); /* NULL when it is none */

/* Whether these final states can start L layers of H units. */
fs_status fs_bridge_check(const fs_bridge *b, const fs_memory *m, int layers, int hidden, int needs_cell, fs_error *err);

/* Whether fs_bridge_project makes the start. */
int fs_bridge_projects(const fs_bridge *b);
size_t fs_bridge_scratch(const fs_bridge *b, int64_t count); /* bytes for fs_bridge_project */

/* start (count, H) = tanh(W f + b) of sequences [0, count). f: linear, the last layer's final states; mean, the mean of
 * the rows. */
void fs_bridge_project(const fs_bridge *b, const fs_memory *m, float *start, void *scratch);

#endif
