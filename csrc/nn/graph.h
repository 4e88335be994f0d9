/* A spec's block list made runnable: an encoder, a classifier, a language model or a decoder. Read-only once
 * made, so any number of threads may run it; what changes lives in flows and sessions. */
#ifndef FS_NN_GRAPH_H
#define FS_NN_GRAPH_H

#include "block.h"

typedef struct fs_block_spec {
    const char *kind;
    const char *prefix; /* of its weights' names */
    fs_options options;
} fs_block_spec;

typedef struct fs_graph {
    const fs_kernels *k;
    fs_block **blocks;
    int count;
    int vocabulary; /* V of the embedding: ids are below it */
    int least;      /* lowest id: 0, or -1 where an embedding takes it for no token */
    int width;      /* of the rows that come out */
    int pooled;     /* one row a sequence, not one a token */
    int layers, hidden_width, has_cell; /* of the final states; 0 without */
    int longest;    /* tokens of a sequence at most, where learned positions end; 0: any number */
    int memory_width; /* of the encoder's rows that a block attends to; 0: none does */
    fs_store store; /* where blocks have laid out their matrices, in the order they are read */
} fs_graph;

/* Ragged ids: sequence i is ids[offsets[i] .. offsets[i + 1]). */
typedef struct fs_batch {
    const int32_t *ids;
    const int64_t *offsets; /* (count + 1), from 0 */
    int64_t count;
} fs_batch;

/* Where a graph's results go. Any pointer may be NULL. */
typedef struct fs_rows_out {
    float *rows;            /* (N, width), or (B, width) when pooled */
    const int64_t *offsets; /* (B + 1) into rows; not read when pooled */
    float *hidden, *cell;   /* (B, L, H) */
} fs_rows_out;

/* The tensors' data is borrowed and must outlive the graph. lay_out: matrices in blocks are laid out anew, for speed, by
 * the threads of `run`, which may be NULL. kept: how a decoder's keys and values are. */
fs_status fs_graph_create(const fs_block_spec *specs, int count, const fs_weights *weights, const fs_kernels *k,
                          fs_dtype dtype, int lay_out, fs_kept_kind kept, fs_run *run, fs_graph **out, fs_error *err);
void fs_graph_free(fs_graph *g);
size_t fs_graph_weight_bytes(const fs_graph *g);

/* The block of that kind, or NULL. */
const fs_block *fs_graph_find(const fs_graph *g, const fs_block_ops *ops);

/* FS_ERR_VALUE when offsets do not rise from 0 to `total`, or an id is below `least` or not below V. */
fs_status fs_batch_check(const fs_batch *b, int64_t total, int least, int vocabulary, fs_error *err);

/* Sequence indices, longest first, ties in order: order (count). Sequences of like length go together. */
fs_status fs_batch_order(const fs_batch *b, int64_t *order, fs_error *err);

/* Runs blocks [0, blocks) over the sequences which[0 .. n), n <= FS_GROUP_ROWS; the i-th goes to place to[i]
 * of `out`. One thread; scratch in `arena`. */
fs_status fs_graph_run_group(const fs_graph *g, int blocks, const fs_batch *batch, const int64_t *which,
                             const int64_t *to, int n, const fs_rows_out *out, fs_arena *arena, fs_run *run,
                             int worker, fs_error *err);

/* Every sequence of the batch, shared out over threads. */
fs_status fs_graph_forward(const fs_graph *g, fs_run *run, const fs_batch *batch, const fs_rows_out *out,
                           fs_error *err);

/* logprobs (N): log-probability of each token after starts[its sequence] and those before it in the sequence. */
fs_status fs_graph_log_probs(const fs_graph *g, fs_run *run, const fs_batch *batch, const int32_t *starts, float *logprobs,
                             fs_error *err);

#endif
