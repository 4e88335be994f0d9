/* Making a graph from a spec's blocks, and its facts. How it runs is in forward.c and session.c. */
#include "graph.h"

#include <string.h>

#include "../base/checked.h"
#include "attention.h"
#include "embedding.h"
#include "rnn.h"
#include "sublayer.h"

static const fs_block_ops *const kinds[] = {
#define FS_BLOCK(kind) &fs_block_##kind,
#include "blocks.def"
#undef FS_BLOCK
};

fs_status fs_block_check_input(const fs_block *before, int width, const fs_options *o, fs_error *err) {
    if (!before || before->out_width != width)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "input width contradicts the block before it", "%d|%d", width,
                       before ? before->out_width : 0);
    return FS_OK;
}

static const fs_block_ops *kind_named(const char *name) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->kind, name) == 0) return kinds[i];
    return NULL;
}

static fs_status add_block(fs_graph *g, const fs_block_spec *spec, const fs_build *common, fs_error *err) {
    const fs_block_ops *ops = kind_named(spec->kind);
    fs_build build = *common;
    fs_block *b;
    if (!ops) return fs_fail(err, FS_ERR_UNSUPPORTED, spec->options.where, "unknown block", "a known kind|%.60s", spec->kind);
    b = fs_alloc(ops->size);
    if (!b) return fs_fail_memory(err, spec->options.where, ops->size);
    b->ops = ops;
    g->blocks[g->count++] = b; /* from here on freed with the graph */
    build.prefix = spec->prefix;
    FS_TRY(ops->init(b, g->count > 1 ? g->blocks[g->count - 2] : NULL, &spec->options, &build, err));
    return fs_sublayer_init(b, g->count > 1 ? g->blocks[g->count - 2] : NULL, &spec->options, &build, err);
}

/* What comes out, from the blocks in order. */
static void note_facts(fs_graph *g) {
    for (int i = 0; i < g->count; i++) {
        const fs_embedding *e = fs_embedding_of(g->blocks[i]);
        const fs_rnn *r = fs_rnn_of(g->blocks[i]);
        if (e) {
            g->vocabulary = e->vocabulary;
            g->least = e->blank && !e->absorbed ? -1 : 0;
        }
        if (r) {
            g->layers = r->layers;
            g->hidden_width = r->hidden * r->directions;
            g->has_cell = r->cell->has_cell;
        }
        if (g->blocks[i]->ops == &fs_block_pool) g->pooled = 1;
        g->width = g->blocks[i]->out_width;
        if (g->blocks[i]->longest && (!g->longest || g->blocks[i]->longest < g->longest)) g->longest = g->blocks[i]->longest;
        if (g->blocks[i]->memory_width) g->memory_width = g->blocks[i]->memory_width;
    }
}

/* Input feeding needs both ends: attention that feeds, and a recurrent block as much wider than its embedding. */
static fs_status check_feeding(const fs_graph *g, fs_error *err) {
    const fs_attention *a = fs_attention_of(fs_graph_find(g, &fs_block_attention));
    const fs_rnn *r = fs_rnn_of(fs_graph_find(g, &fs_block_rnn));
    int feeds = a && a->feeding ? a->output : 0, takes = r ? r->feed : 0;
    if (feeds == takes) return FS_OK;
    return fs_fail(err, FS_ERR_FORMAT, "input_feeding", "attention and the recurrent input do not meet",
                   "%d columns beside the embedding|%d", feeds, takes);
}

/* Bytes of all matrices, most of which are laid out, when all are held as `dtype`; 0 where that does not fit. */
static size_t matrix_bytes(const fs_weights *weights, fs_dtype dtype) {
    static const size_t wide[] = {[FS_F32] = 4, [FS_BF16] = 2, [FS_S8] = 1, [FS_BLOCKS] = 4};
    size_t sum = 0, bytes;
    for (int i = 0; i < weights->count; i++) {
        const fs_tensor *t = &weights->tensors[i];
        if (t->dims != 2) continue;
        bytes = t->size;
        if ((t->dtype != FS_BLOCKS || dtype != FS_BLOCKS) &&
            !fs_size_array((size_t)t->shape[0], (size_t)t->shape[1], wide[dtype], &bytes))
            return 0;
        if (!fs_size_add(sum, bytes, &sum)) return 0;
    }
    return sum;
}

fs_status fs_graph_create(const fs_block_spec *specs, int count, const fs_weights *weights, const fs_kernels *k,
                          fs_dtype dtype, int lay_out, fs_kept_kind kept, fs_run *run, fs_graph **out, fs_error *err) {
    fs_build build = {.k = k, .dtype = dtype, .weights = weights, .prefix = "", .kept = kept, .run = run};
    fs_graph *g = fs_alloc(sizeof *g);
    fs_status st = FS_OK;
    if (!g) return fs_fail_memory(err, "graph", sizeof *g);
    g->k = k;
    build.store = lay_out ? &g->store : NULL;
    fs_store_expect(&g->store, matrix_bytes(weights, dtype));
    g->blocks = fs_alloc((size_t)count * sizeof *g->blocks);
    if (!g->blocks) st = fs_fail_memory(err, "graph", (uint64_t)count * sizeof *g->blocks);
    for (int i = 0; st == FS_OK && i < count; i++) st = add_block(g, &specs[i], &build, err);
    if (st == FS_OK) st = check_feeding(g, err);
    if (st == FS_OK) {
        note_facts(g);
        if (!g->vocabulary) st = fs_fail(err, FS_ERR_FORMAT, "graph", "no embedding", "a block that takes ids|none");
    }
    if (st != FS_OK) {
        fs_graph_free(g);
        return st;
    }
    *out = g;
    return FS_OK;
}

void fs_graph_free(fs_graph *g) {
    if (!g) return;
    for (int i = 0; i < g->count; i++) {
        if (g->blocks[i]->ops->free) g->blocks[i]->ops->free(g->blocks[i]);
        fs_sublayer_free(g->blocks[i]);
        fs_free(g->blocks[i]);
    }
    fs_free(g->blocks);
    fs_store_close(&g->store);
    fs_free(g);
}

size_t fs_graph_weight_bytes(const fs_graph *g) {
    size_t sum = 0;
    for (int i = 0; i < g->count; i++)
        if (g->blocks[i]->ops->bytes) sum += g->blocks[i]->ops->bytes(g->blocks[i]);
    return sum;
}

const fs_block *fs_graph_find(const fs_graph *g, const fs_block_ops *ops) {
    for (int i = 0; i < g->count; i++)
        if (g->blocks[i]->ops == ops) return g->blocks[i];
    return NULL;
}
