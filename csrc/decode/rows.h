/* The loop that sequences go through: each has a row of a stepper while it is under way. One that ends gives its row to the
 * next one waiting.
 *
 *     text of a row   p p p p p p p p | a a a      its prompt, then its answer so far
 *                     in the model ^    ^ next     `fed` of them have gone in
 *
 * A pass takes some tokens of every row's text: the last one of those whose next token is wanted, a block of a prompt that is
 * still on its way, so that a long prompt keeps nobody waiting. One thread's. */
#ifndef FS_DECODE_ROWS_H
#define FS_DECODE_ROWS_H

#include "../base/arena.h"
#include "../kernels/kernels.h"
#include "../nn/stepper.h"
#include "request.h"

typedef struct fs_row {
    fs_request *request;
    int fed;        /* tokens of its text that have gone in */
    int32_t count;  /* that go in at this pass */
    int64_t ticket; /* lower: began earlier */
    int over;
} fs_row;

typedef struct fs_rows {
    fs_stepper *m;
    const fs_kernels *k;
    fs_waiting *waiting;
    int n;                /* rows in use: the first n of R */
    int64_t tickets;
    int64_t passes;       /* through the model so far */
    fs_row *row;          /* (R) */
    int32_t *counts;      /* (R) */
    int32_t *from;        /* (R): for closing gaps */
    int32_t *token;       /* (W): what goes in */
    unsigned char *need;  /* (W) */
    float *logits;        /* (R, V) */
    fs_chooser chooser;
} fs_rows;

/* Cuts the arrays; m is set. Then, once they are there: */
void fs_rows_cut(fs_rows *r, fs_arena *arena);
void fs_rows_begin(fs_rows *r);

/* Waiting requests take free rows, all rows take a step, those that end leave. Nothing happens when there is none. */
fs_status fs_rows_pass(fs_rows *r, fs_error *err);

/* All that are under way end, in the way given. */
void fs_rows_stop(fs_rows *r, int how);

#endif
