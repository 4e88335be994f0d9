/* Choosing a sequence's next token from a row of logits. */
#ifndef FS_DECODE_SAMPLING_H
#define FS_DECODE_SAMPLING_H

#include "../base/arena.h"
#include "../kernels/kernels.h"
#include "select.h"

/* What one request asks of the choice of its tokens; all zeros: the likeliest token each time. Ids are those of the vocabulary
 * (whoever makes it sees to that), arrays are the maker's. Each has the definition of transformers' logits processors, in
 * their order, which is that of the fields; presence and frequency, which those lack, are OpenAI's. */
typedef struct fs_sampling {
    const int32_t *bias_token; /* (biases): what is added to the logits of some tokens */
    const float *bias;
    int biases;
    float repetition;          /* of every token so far, the prompt's too: logits above 0 are divided by it, others multiplied */
    float presence, frequency; /* subtracted from the logits of tokens of the answer: once, and once for each time */
    int32_t ngram;             /* no run of so many tokens comes twice, the prompt counted */
    const int32_t *banned;     /* (banneds): tokens that are not chosen */
    int banneds;
    const uint64_t *mask;      /* (V / 64 rounded up) NULL, or the only tokens that may be chosen: bit t of token t */
    const int32_t *forced;     /* (forceds): what the answer begins with, whatever the rest says */
    int forceds;
    float temperature;         /* logits are divided by it; 0: the likeliest token, and nothing below is looked at */
    int32_t top_k;             /* the k likeliest */
    float top_p;               /* the fewest likeliest whose probability reaches p */
    float min_p;               /* those of at least p times the likeliest one's probability */
    float typical_p;           /* the fewest whose surprise is next to the mean, whose probability reaches p (Meister 2022) */
    uint64_t seed;
    uint32_t stream;           /* samples of one prompt and seed differ by it */
} fs_sampling;

/* The tokens before the one to choose. */
typedef struct fs_history {
    const int32_t *prompt;
    int64_t prompts;
    const int32_t *answer;
    int64_t answers;
} fs_history;

/* A row of logits; -infinity where a token may not be chosen. */
typedef struct fs_scores {
    float *logit;         /* (n) */
    const int32_t *token; /* (n), rising: which tokens; NULL: all of them */
    int n;
} fs_scores;

/* One thread's room for choosing. */
typedef struct fs_chooser {
    fs_items items;     /* (V) each */
    uint64_t *seen;     /* (V / 64 rounded up): zero between choices */
    int vocabulary;
} fs_chooser;

/* A token, or -1 where none may follow, and its log-probability as the model gives it: of `scores` as they came, before
 * anything that was asked for here. */
typedef struct fs_choice {
    int32_t token;
    float logprob;
} fs_choice;

void fs_chooser_cut(fs_chooser *c, fs_arena *scratch, int vocabulary); /* see arena.h; then: */
void fs_chooser_begin(fs_chooser *c);

/* The next token: a function of these arguments alone. sampling: NULL is all zeros. NaN counts as -infinity, +infinity as the
 * largest number; `scores` is left with these replaced. *total, unless NULL, is log of the sum of exp of the logits. */
fs_choice fs_choose(const fs_kernels *k, fs_chooser *c, const fs_sampling *sampling, const fs_history *history,
                    fs_scores scores, float *total);

/* What the filters from `temperature` on leave of logits (n), one of which at least is above -infinity: places in the row, and
 * weights in proportion to their probabilities. logit may be items->key. */
void fs_sampling_filter(const fs_kernels *k, const fs_sampling *s, const float *logit, int n, fs_items *items);

/* Whether it changes logits, by what stands before `forced`. */
int fs_sampling_edits(const fs_sampling *s);

/* Changes logits, or log-probabilities, as it asks by what stands before `forced`. seen: as of fs_chooser. */
void fs_sampling_edit(const fs_sampling *s, const fs_history *history, fs_scores scores, uint64_t *seen);

/* Where `token` stands in the row, or -1. */
int fs_scores_place(fs_scores scores, int32_t token);

#endif
