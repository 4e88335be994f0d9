/* The interface of a block: what a spec names, made runnable.
 *
 * A block works in one or both of two ways:
 *   forward  whole sequences: a group of B ragged sequences, N rows in all, goes through at once;
 *   step     one token for each of n rows of a decoder, whose state the session keeps between steps.
 *
 * A block never allocates while it runs. It cuts what it needs from an arena, and its code runs twice: once
 * planning (fs_arena_planning: cut, then return), once for real, so the sizes can not disagree.
 *
 * Adding a block: a file, a line in blocks.def, a dataclass in fastseq/models/blocks. */
#ifndef FS_NN_BLOCK_H
#define FS_NN_BLOCK_H

#include "../base/arena.h"
#include "../base/parallel.h"
#include "options.h"
#include "weights.h"

typedef struct fs_block fs_block;

/* sublayer.h */
typedef struct fs_norm {
    float *weight, *bias;
} fs_norm;

typedef struct fs_sublayer {
    const fs_kernels *k;
    int residual, norm, place;
    int parallel; /* takes the rows that the block before it took */
    int forks;    /* the block behind it does */
    int width;    /* of the rows that are normed */
    float epsilon;
    fs_norm first, last; /* of what goes in; of what comes out */
} fs_sublayer;

/* What an encoder leaves for a decoder, for B sequences. */
typedef struct fs_memory {
    int64_t count;          /* B */
    const int64_t *offsets; /* (B + 1) into states; NULL when there are no states */
    const float *states;    /* (N, width) or NULL */
    int width;              /* D */
    const float *hidden;    /* (B, layers, hidden_width): final states, the directions side by side; or NULL */
    const float *cell;      /* the same shape, or NULL */
    int layers, hidden_width;
} fs_memory;

/* Where the rows of a group's sequence i are wanted: from row offsets[to[i]] of `rows` on. */
typedef struct fs_rows_at {
    float *rows;
    const int64_t *offsets, *to;
} fs_rows_at;

/* A group of sequences on its way through the blocks of a graph; one worker's. */
typedef struct fs_flow {
    fs_arena *arena;
    int64_t count;          /* B, at most FS_GROUP_ROWS */
    int64_t rows;           /* N; after a pool B */
    const int64_t *offsets; /* (B + 1), from 0 */
    const int32_t *ids;     /* (N) */
    const float *x;         /* (rows, width), or NULL while the rows are still ids */
    const float *taken;     /* (rows, width): what the block before took, where the next one takes it too; */
    size_t taken_mark;      /* and what the arena held before that block's result */
    int width;
    float *hidden, *cell;   /* (B, L, H) final states of the last recurrent block; NULL when it has none */
    int layers, hidden_width;
    int finals_only;        /* the block at work may leave its rows out: only its final states are used */
    const fs_rows_at *last; /* the block at work is the last and may put its rows there, leaving x NULL; or NULL */
    fs_run *run;
    int worker;
} fs_flow;

enum { FS_GROUP_ROWS = 64 };

/* One step of a decoder: n tokens, those of a row one behind the other. */
typedef struct fs_step {
    fs_arena *arena;
    int n;
    int capacity;             /* R: rows the state has room for */
    const int32_t *tokens;    /* (n) */
    const int32_t *rows;      /* (n): which each is of, rising; without runs token i is of row i */
    const int32_t *places;    /* (n): of the tokens in their sequences, from 0 */
    float *const *const *pages; /* (n): each one's pages (cache.h), or NULL where no block keeps any */
    size_t kept_at;           /* where in a page the block at work keeps its keys, then its values */
    float *open;              /* (workers, open_pages, open_floats): room for pages that are read as float32; or NULL */
    const float **open_table; /* (workers, open_pages) */
    size_t open_pages, open_floats;
    const float *x;           /* (n, width), or NULL while the rows are still ids */
    int owned;                /* x is the step's own: what is added to it may be put over it */
    const float *taken;       /* (n, width): what the block before took, where the next one takes it too */
    int width;
    float *state;             /* of the block at work: state_planes x (R, state_width) */
    float *feed;              /* (R, feed_width): what attention gave at the last step; NULL without feeding */
    const fs_memory *memory;  /* NULL for a language model */
    const float *prepared;    /* what the block at work prepared over memory, or NULL */
    const int64_t *sources;   /* (n): which sequence of memory a row attends to */
    float *attention;         /* (n, longest): the weights of this step, of several blocks the last one's, when asked for; else NULL */
    int64_t attention_stride;
    fs_run *run;              /* whose threads share the work of the step, its count set; NULL: the calling one's alone */
} fs_step;

typedef struct fs_block_ops {
    const char *kind;
    size_t size; /* of the block's own struct, which begins with an fs_block */
    /* `before` is the block whose rows come in, or NULL. Sets in_width and out_width. */
    fs_status (*init)(fs_block *b, const fs_block *before, const fs_options *o, const fs_build *build, fs_error *err);
    void (*free)(fs_block *b);
    size_t (*bytes)(const fs_block *b); /* memory held for weights */
    void (*forward)(const fs_block *b, fs_flow *f);
    /* forward reads final states only, not the rows that come in */
    int (*takes_finals)(const fs_block *b);
    void (*step)(const fs_block *b, fs_step *s);
    /* Of a memory of so many rows and sequences, what steps will need: cut from the arena, and made unless m is NULL */
    float *(*prepare)(const fs_block *b, const fs_memory *m, int64_t rows, int64_t count, fs_arena *arena);
    int leaves_rows_only; /* forward leaves nothing in the arena but its rows */
    int takes_runs;       /* step may be given several tokens of a row */
} fs_block_ops;

struct fs_block {
    const fs_block_ops *ops;
    int in_width;     /* 0 when the block takes ids, or any width */
    int out_width;
    fs_sublayer around;
    int longest;      /* rows of a sequence at most; 0: any number */
    int memory_width; /* of the encoder's rows that it reads; 0: none */
    int state_layers; /* recurrent layers, whose state a bridge may start: h of each, then c of each if they have it */
    int state_planes; /* a row's state between steps: planes of (R, state_width) floats */
    int state_width;
    int kept_width;   /* of the keys, and of the values, that it keeps of every token (cache.h); 0: none */
    size_t kept_floats; /* of a page, for those */
    int kept_closed;    /* they are no floats: steps read them into `open` first */
};

#define FS_BLOCK(kind) extern const fs_block_ops fs_block_##kind;
#include "blocks.def"
#undef FS_BLOCK

/* FS_ERR_FORMAT when the rows that come in are not as wide as the spec says. */
fs_status fs_block_check_input(const fs_block *before, int width, const fs_options *o, fs_error *err);

#endif
