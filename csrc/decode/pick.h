/* The next token of a sequence. */
#ifndef FS_DECODE_PICK_H
#define FS_DECODE_PICK_H

#include "../kernels/kernels.h"
#include "../nn/stepper.h"
#include "request.h"

typedef struct fs_picked {
    int32_t token;
    float logprob;
} fs_picked;

/* The token that follows the request's so far, from the logits (V) of its row, which change: a function of these and of the
 * request alone. */
fs_picked fs_pick(fs_stepper *m, const fs_kernels *k, const fs_request *q, int row, float *logits);

#endif
