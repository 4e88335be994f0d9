/* All that a search needs of a model: begin a sequence, take a step, keep or move rows.
 *
 * A search works on rows 0 .. n - 1; each is one hypothesis of one source. A stepper serves one thread.
 * Tests drive searches with a stepper of their own (a table of probabilities). */
#ifndef FS_NN_STEPPER_H
#define FS_NN_STEPPER_H

#include <stddef.h>

#include "../base/status.h"

typedef struct fs_stepper fs_stepper;

struct fs_stepper {
    int rows;       /* R: most rows at once */
    int shelf;      /* S: rows [R, R + S) keep beginnings; of all functions only `fork` names and changes them */
    int alike;      /* sources make no difference: what a row is depends on its tokens alone */
    int widest;     /* W: most tokens of a step or a run, R at least */
    int vocabulary; /* V */
    /* Makes sources [first, first + count) ready to begin; those before are done with. */
    fs_status (*prepare)(fs_stepper *s, int64_t first, int64_t count, fs_error *err);
    /* `row` becomes a new hypothesis of `source`, one of those prepared. */
    void (*begin)(fs_stepper *s, int row, int64_t source);
    /* A long step or run whose work is to stop gives it up: FS_ERR_INTERRUPTED. Its rows then can only begin anew.
     *
     * tokens (n) go in; logits (n, V) come out where need[i] is nonzero (everywhere when need is NULL). */
    fs_status (*step)(fs_stepper *s, int n, const int32_t *tokens, const unsigned char *need, float *logits, fs_error *err);
    /* counts[i] tokens of each row i < n go in (none where it is 0), those of a row one behind the other: tokens (N), N at
     * most W. Logits come out of those tokens that need[token] asks for (need NULL: of all), one after another: (wanted, V),
     * with the bits of single steps. NULL where a model takes one token at a time. */
    fs_status (*run)(fs_stepper *s, int n, const int32_t *counts, const int32_t *tokens, const unsigned char *need,
                     float *logits, fs_error *err);
    /* tokens (count) of one row go in, one behind the other, faster than by steps; no logits come out. NULL where a model
     * takes one at a time. */
    fs_status (*feed)(fs_stepper *s, int row, int count, const int32_t *tokens, fs_error *err);
    /* Row i becomes what row from[i] was, for i < n. A row may be named several times, where a hypothesis forks, or not at
     * all, where it is given up; rows from n on are free until they begin anew. */
    void (*reorder)(fs_stepper *s, int n, const int32_t *from);
    /* `row` becomes the first `count` tokens of what row `from` is; of itself, tokens are taken back. NULL where a model can
     * not. */
    void (*fork)(fs_stepper *s, int row, int from, int count);
    /* What the first `count` tokens of `row` have become, in so many floats; and a row that becomes what was read. NULL where
     * there is no `fork`. */
    size_t (*size)(const fs_stepper *s, int count);
    void (*read)(const fs_stepper *s, int row, int count, float *to);
    fs_status (*write)(fs_stepper *s, int row, int count, const float *from, fs_error *err);
    /* The tokens that `row` may go on with, rising, *count of them: logits[j] of the row is then that of the j-th. NULL:
     * the whole vocabulary. The function itself may be NULL. */
    const int32_t *(*candidates)(fs_stepper *s, int row, int *count);
    /* Of the last step or run: how much `row` looked at each of the *count tokens of its source, adding up to 1. NULL where that is
     * not known or was not asked for. */
    const float *(*attention)(fs_stepper *s, int row, int64_t *count);
};

#endif
