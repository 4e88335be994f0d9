/* The inside of a session, for the files that make one up: session.c makes it, session_sources.c makes sources ready,
 * session_rows.c begins, keeps and moves rows, session_step.c takes steps. */
#ifndef FS_NN_SESSION_PARTS_H
#define FS_NN_SESSION_PARTS_H

#include "attention.h"
#include "bridge.h"
#include "cache.h"
#include "linear.h"
#include "rnn.h"
#include "session.h"

struct fs_session {
    fs_stepper stepper; /* first: the stepper is the session */
    const fs_graph *decoder;
    fs_sources sources;
    fs_run *run;
    int worker;
    fs_run within;        /* the threads of one step */
    const fs_bridge *bridge;
    const fs_attention *attention;
    const fs_block *started; /* the first recurrent block, which the bridge starts; or NULL */
    const fs_linear *head;
    int looks;            /* attention leaves its weights */
    fs_memory memory;     /* the prepared sources */
    int64_t first;        /* the source that memory's first sequence is */
    int64_t longest;      /* rows of its longest sequence */
    float **made;         /* (blocks): what each prepared over memory, or NULL */
    float *start;         /* (count, H) of a bridge that projects, or NULL */
    float *weights;       /* (W, longest) of attention, or NULL */
    float *trunk;         /* (W, head input): rows whose logits are wanted */
    float **state, **spare; /* a block's planes x (R, width), and room to reorder them */
    int64_t *row_source;  /* (R + S), and as many to reorder: a row's sequence in memory */
    int32_t *place;       /* (R + S), and as many to reorder: tokens of a row that have gone in */
    fs_cache cache;       /* what blocks keep of those */
    fs_buffer open, open_table; /* room for the pages of the longest row, for each worker, where they are read first */
    size_t open_floats;   /* of such a page; 0: they are used as they are */
    int32_t *places;      /* (W): of a step's tokens, like the next three */
    int32_t *rows;
    float *const **pages;
    int64_t *step_source;
    int32_t *last;        /* (R): a row's last token in the last step */
    fs_buffer listed, list_ends; /* candidates of the prepared sources, one after another (int32_t), and where each ends
                                    (int64_t) */
    fs_choice *choices;   /* (W) */
    uint64_t *seen;       /* fs_shortlist_words */
    fs_arena fixed, step, prepared, encoding; /* lifetimes: session, one step, one prepare, one group */
};

/* What a step shares its work out over: nothing where there is one thread. */
static inline fs_run *fs_session_threads(fs_session *s) { return s->within.threads > 1 ? &s->within : NULL; }

/* The functions of stepper.h, each in the file of its subject. */
fs_status fs_session_prepare(fs_stepper *stepper, int64_t first, int64_t count, fs_error *err);
const int32_t *fs_session_candidates(fs_stepper *stepper, int row, int *count);
void fs_session_begin(fs_stepper *stepper, int row, int64_t source);
void fs_session_reorder(fs_stepper *stepper, int n, const int32_t *from);
void fs_session_fork(fs_stepper *stepper, int row, int from, int count);
size_t fs_session_size(const fs_stepper *stepper, int count);
void fs_session_read(const fs_stepper *stepper, int row, int count, float *to);
fs_status fs_session_write(fs_stepper *stepper, int row, int count, const float *from, fs_error *err);
fs_status fs_session_step(fs_stepper *stepper, int n, const int32_t *tokens, const unsigned char *need, float *logits,
                          fs_error *err);
fs_status fs_session_run(fs_stepper *stepper, int n, const int32_t *counts, const int32_t *tokens, const unsigned char *need,
                         float *logits, fs_error *err);
fs_status fs_session_feed(fs_stepper *stepper, int row, int count, const int32_t *tokens, fs_error *err);
const float *fs_session_attention(fs_stepper *stepper, int row, int64_t *count);

#endif
