/* The loop that sequences go through: each has a row of a stepper while it is under way. One that ends gives its row to the
 * next one waiting.
 *
 *     text of a row   p p p p p p p p | a a a      its prompt, then its answer so far
 *                     in the model ^    ^ next     `fed` of them have gone in
 *
 * A pass takes some tokens of every row's text: the last one of those whose next token is wanted, a block of a prompt that is
 * still on its way, so that a long prompt keeps nobody waiting, and guesses of what follows where few sequences are under way
 * (draft.h). A prompt that begins as another row's text, or as one that was kept, goes on from there. One thread's. */
#ifndef FS_DECODE_ROWS_H
#define FS_DECODE_ROWS_H

#include "../base/arena.h"
#include "../kernels/kernels.h"
#include "../nn/stepper.h"
#include "draft.h"
#include "shelf.h"

typedef struct fs_row {
    fs_request *request;
    int fed;        /* tokens of its text that have gone in */
    int count;      /* that go in at this pass, guesses included */
    int waits;      /* at this pass: what it has in common with another row is on its way there */
    int64_t ticket; /* lower: began earlier */
    int over;
    fs_draft draft; /* guesses of this pass */
} fs_row;

typedef struct fs_rows {
    fs_stepper *m;
    const fs_kernels *k;
    fs_waiting *waiting;
    fs_shelf *shelf;      /* beginnings of sequences that ended, or NULL */
    int n;                /* rows in use: the first n of R */
    int64_t tickets;
    int64_t passes;       /* through the model so far */
    fs_row *row;          /* (R) */
    int32_t *counts;      /* (R) */
    int32_t *from;        /* (R): for closing gaps */
    int32_t *token;       /* (W): what goes in */
    unsigned char *need;  /* (W) */
    float *logits;        /* (R + FS_DRAFT_MAX, V) */
    fs_chooser chooser;
} fs_rows;

/* Cuts the arrays; m is set. Then, once they are there: */
void fs_rows_cut(fs_rows *r, fs_arena *arena);
void fs_rows_begin(fs_rows *r);

/* Waiting requests take free rows, all rows take a step, those that end leave. Nothing happens when there is none. */
fs_status fs_rows_pass(fs_rows *r, fs_error *err);

/* Whether there are some under way, and all of them are to end: cancelled, or beyond their deadlines. */
int fs_rows_in_vain(const fs_rows *r);

/* All that are under way end, in the way given. */
void fs_rows_stop(fs_rows *r, int how);

#endif
