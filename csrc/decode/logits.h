/* What every search does with a row's logits. */
#ifndef FS_DECODE_LOGITS_H
#define FS_DECODE_LOGITS_H

#include "../kernels/kernels.h"
#include "../nn/stepper.h"

/* Makes row i's logits (V) ready: those of tokens that may not be chosen go to -infinity. Gives the tokens that they are of
 * (NULL: the whole vocabulary), *n of them. never (nevers): as of a request. */
const int32_t *fs_logits_allow(fs_stepper *m, const int32_t *never, int nevers, int row, float *logits, int *n);

int fs_logits_stop(const int32_t *stop, int stops, int32_t token); /* whether it ends a sequence */

/* The source's token that `row` looked at most when it made its last logits; -1 where that is not known. */
int32_t fs_logits_aligned(fs_stepper *m, const fs_kernels *k, int row);

#endif
