/* Guessing ahead: a text that repeats itself goes on as it did before (prompt look-up). Guesses go through the model together
 * with the token before them, and those that are what would have been chosen are kept: the answer is the same, in fewer
 * passes. */
#ifndef FS_DECODE_DRAFT_H
#define FS_DECODE_DRAFT_H

#include "request.h"

enum { FS_DRAFT_MAX = 8 };

typedef struct fs_draft {
    int32_t token[FS_DRAFT_MAX];
    int count;
    int hope; /* how many are worth a try: more while they come true */
    int rest; /* passes without a guess, after one that failed */
} fs_draft;

/* Guesses what follows the request's text, `most` tokens at most. */
void fs_draft_guess(fs_draft *d, const fs_request *q, int most);

/* So many of the guesses came true. */
void fs_draft_learn(fs_draft *d, int right);

#endif
