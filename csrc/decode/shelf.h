/* Beginnings that are kept: the texts of sequences that ended, in rows of the stepper behind those in use. A prompt that begins
 * as one of them goes on from there. */
#ifndef FS_DECODE_SHELF_H
#define FS_DECODE_SHELF_H

#include "../nn/stepper.h"
#include "request.h"

/* A beginning from outside: its tokens, and what a stepper has read of them (fs_stepper.size floats). */
typedef struct fs_beginning {
    const int32_t *tokens; /* (count) */
    int count;
    const float *kept;
} fs_beginning;

typedef struct fs_kept {
    int32_t *tokens; /* (count) */
    int count;       /* 0: the place is free */
    int stays;       /* it does not go for others */
    int64_t used;    /* higher: later */
} fs_kept;

typedef struct fs_shelf {
    fs_stepper *m;
    fs_kept *kept;  /* (S) */
    int64_t uses;
    int64_t tokens; /* of all */
    int64_t most;   /* of those */
} fs_shelf;

/* `most`: tokens to keep at most. The stepper is borrowed. */
fs_status fs_shelf_open(fs_shelf *s, fs_stepper *m, int64_t most, fs_error *err);
void fs_shelf_close(fs_shelf *s);

/* A beginning that stays; there is a free place. */
fs_status fs_shelf_load(fs_shelf *s, const fs_beginning *b, fs_error *err);

/* How many tokens the request's prompt has in common with the one of the kept that it has most in common with; *place: its. */
int fs_shelf_find(fs_shelf *s, const fs_request *q, int *place);

/* Keeps the first `count` tokens of the request's text, which is row `row`; others that it has no room for go, those first that
 * were not used for longest. */
void fs_shelf_put(fs_shelf *s, const fs_request *q, int row, int count);

#endif
