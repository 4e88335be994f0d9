/* What changes logits before a choice: bias, penalties, repeated runs, tokens that are not to be chosen. */
#include <math.h>

#include "sampling.h"

int fs_scores_place(fs_scores x, int32_t token) {
    int low = 0, high = x.n;
    if (!x.token) return token >= 0 && token < x.n ? token : -1;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (x.token[middle] < token)
            low = middle + 1;
        else
            high = middle;
    }
    return low < x.n && x.token[low] == token ? low : -1;
}

static void add(fs_scores x, int32_t token, float what) {
    const int at = fs_scores_place(x, token);
    if (at >= 0) x.logit[at] += what;
}

static void ban(fs_scores x, int32_t token) {
    const int at = fs_scores_place(x, token);
    if (at >= 0) x.logit[at] = -INFINITY;
}

/* Whether this is the first time, since `forget`, that a token is met. A start that is no token is never met. */
static int first(uint64_t *seen, int32_t token) {
    uint64_t bit;
    if (token < 0) return 0;
    bit = UINT64_C(1) << (token & 63);
    if (seen[token >> 6] & bit) return 0;
    seen[token >> 6] |= bit;
    return 1;
}

static void forget(uint64_t *seen, const int32_t *tokens, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (tokens[i] >= 0) seen[tokens[i] >> 6] = 0;
}

static void repeat(fs_scores x, float penalty, const int32_t *tokens, int64_t count, uint64_t *seen) {
    for (int64_t i = 0; i < count; i++) {
        int at;
        if (!first(seen, tokens[i])) continue;
        at = fs_scores_place(x, tokens[i]);
        if (at >= 0) x.logit[at] = x.logit[at] < 0 ? x.logit[at] * penalty : x.logit[at] / penalty;
    }
}

static void count_down(const fs_sampling *s, fs_scores x, const fs_history *h, uint64_t *seen) {
    for (int64_t i = 0; i < h->answers; i++) {
        const int32_t token = h->answer[i];
        add(x, token, -(s->frequency + (first(seen, token) ? s->presence : 0)));
    }
    forget(seen, h->answer, h->answers);
}

static int32_t token_at(const fs_history *h, int64_t i) {
    return i < h->prompts ? h->prompt[i] : h->answer[i - h->prompts];
}

/* Bans what followed the last n - 1 tokens wherever they stood before. */
static void ban_repeats(fs_scores x, int n, const fs_history *h) {
    const int64_t length = h->prompts + h->answers, last = length - (n - 1);
    for (int64_t i = 0; i < last; i++) {
        int same = 0;
        while (same < n - 1 && token_at(h, i + n - 2 - same) == token_at(h, length - 1 - same)) same++;
        if (same == n - 1) ban(x, token_at(h, i + n - 1));
    }
}

static void ban_outside(fs_scores x, const uint64_t *mask) {
    for (int i = 0; i < x.n; i++) {
        const int32_t token = x.token ? x.token[i] : i;
        if (!(mask[token >> 6] >> (token & 63) & 1)) x.logit[i] = -INFINITY;
    }
}

static int penalizes(const fs_sampling *s) { return s->repetition > 0 && s->repetition != 1; }

int fs_sampling_edits(const fs_sampling *s) {
    return s->biases || penalizes(s) || s->presence != 0 || s->frequency != 0 || s->ngram > 0 || s->banneds || s->mask;
}

void fs_sampling_edit(const fs_sampling *s, const fs_history *h, fs_scores x, uint64_t *seen) {
    for (int i = 0; i < s->biases; i++) add(x, s->bias_token[i], s->bias[i]);
    if (penalizes(s)) {
        repeat(x, s->repetition, h->prompt, h->prompts, seen);
        repeat(x, s->repetition, h->answer, h->answers, seen);
        forget(seen, h->prompt, h->prompts);
        forget(seen, h->answer, h->answers);
    }
    if (s->presence != 0 || s->frequency != 0) count_down(s, x, h, seen);
    if (s->ngram > 0) ban_repeats(x, s->ngram, h);
    for (int i = 0; i < s->banneds; i++) ban(x, s->banned[i]);
    if (s->mask) ban_outside(x, s->mask);
}
