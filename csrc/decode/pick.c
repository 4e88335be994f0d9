#include "pick.h"

#include "logits.h"

fs_picked fs_pick(fs_stepper *m, const fs_kernels *k, const fs_request *q, int row, float *logits) {
    int n, at;
    const int32_t *tokens = fs_logits_allow(m, q->never, q->nevers, row, logits, &n);
    at = FS_MAX(k->argmax_f32(n, logits), 0);
    return (fs_picked){tokens ? tokens[at] : at, logits[at] - k->log_sum_exp_f32(n, logits)};
}
