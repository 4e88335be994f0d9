/* The next token of a sequence. */
#ifndef FS_DECODE_PICK_H
#define FS_DECODE_PICK_H

#include "../kernels/kernels.h"
#include "../nn/stepper.h"
#include "request.h"

/* The token that follows the request's so far, from the logits (V) of its row, which change: a function of these and of the
 * request alone. Writes its alternatives, where they are wanted. Token -1: none may follow. */
fs_choice fs_pick(fs_stepper *m, const fs_kernels *k, fs_chooser *chooser, const fs_request *q, int row, float *logits);

#endif
