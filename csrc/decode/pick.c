#include "pick.h"

#include <math.h>

#include "logits.h"

/* total: log of the sum of exp of the logits. */
static void note_others(const fs_kernels *k, const fs_request *q, fs_scores x, float total) {
    const int64_t at = q->count * q->alternatives;
    int32_t *token = q->other + at;
    float *logprob = q->other_logprob + at;
    const int count = FS_MIN(q->alternatives, x.n);
    k->top_k_f32(x.n, x.logit, count, token, logprob);
    for (int i = 0; i < q->alternatives; i++) {
        if (i >= count || !(logprob[i] > -INFINITY)) {
            token[i] = -1;
            logprob[i] = -INFINITY;
            continue;
        }
        if (x.token) token[i] = x.token[token[i]];
        logprob[i] -= total;
    }
}

fs_choice fs_pick(fs_stepper *m, const fs_kernels *k, fs_chooser *chooser, const fs_request *q, int row, float *logits) {
    const fs_history history = {q->prompt, q->length, q->ids, q->count};
    fs_scores scores = {.logit = logits};
    fs_choice choice;
    float total;
    scores.token = fs_logits_allow(m, q->never, q->nevers, row, logits, &scores.n);
    choice = fs_choose(k, chooser, q->sampling, &history, scores, &total);
    if (q->alternatives) note_others(k, q, scores, total);
    return choice;
}
