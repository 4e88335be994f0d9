/* Learning a Unigram model (Kudo 2018): pieces with probabilities, of which a word is made in any way it can be cut.
 *
 *     words     t h e 0xFF a n d 0xFF     each once, with how often it occurs; one behind the other
 *     seeds     the substrings of the largest frequency times length, from the sorted suffixes of all words
 *     EM        each word's ways, weighed by their probability, tell how often each piece is expected (forward-backward);
 *               that, through the digamma function, gives its next score
 *     pruning   the pieces that the likelihood would miss least are dropped, and EM goes on
 *
 * Sums are kept in integers, so nothing depends on the threads or on the order of words. The first `required` pieces,
 * the single characters, are never dropped, so every word can be cut. */
#ifndef FS_TEXT_UNIGRAM_TRAIN_H
#define FS_TEXT_UNIGRAM_TRAIN_H

#include "base/parallel.h"
#include "text/lookup/piece_trie.h"
#include "text/vocab.h"

#define FS_UNIGRAM_END 0xFF /* behind each word; in no UTF-8 */

typedef struct fs_unigram_word {
    uint32_t start; /* in bytes */
    int32_t size;
    int64_t count;
} fs_unigram_word;

typedef struct fs_unigram_trainer {
    fs_vocab pieces;
    fs_buffer scores; /* double [pieces]: logarithms of probabilities, about */
    int32_t required;
    fs_buffer bytes;
    fs_buffer words; /* fs_unigram_word */
    int64_t total;   /* of counts times characters */
    fs_piece_trie trie; /* of the pieces, while words are cut */
} fs_unigram_trainer;

/* What a pass over the words tells. */
typedef struct fs_unigram_pass {
    double likelihood; /* the mean over words of the logarithm of their probability */
    int64_t tokens;    /* pieces of the best way of each word, all together */
} fs_unigram_pass;

/* Zero-filled structs are freed safely; init comes before anything else. */
fs_status fs_unigram_trainer_init(fs_unigram_trainer *t, fs_hash_key key, fs_error *err);
void fs_unigram_trainer_free(fs_unigram_trainer *t);

/* A piece with its score. Those added before fs_unigram_trainer_close are the characters that are required. */
fs_status fs_unigram_trainer_piece(fs_unigram_trainer *t, fs_text piece, double score, fs_error *err);
void fs_unigram_trainer_close(fs_unigram_trainer *t);

/* A word; characters that are no piece part what is around them. After fs_unigram_trainer_close. */
fs_status fs_unigram_trainer_add(fs_unigram_trainer *t, fs_text word, int64_t count, fs_error *err);

/* Adds at most `most` substrings of 2 to `longest` characters, and gives all pieces their first scores; those of the
 * characters are their counts until then. */
fs_status fs_unigram_seed(fs_unigram_trainer *t, int64_t most, int32_t longest, fs_run *run, fs_error *err);

/* One round of EM: new scores; pieces that are expected less than half a time are dropped. */
fs_status fs_unigram_round(fs_unigram_trainer *t, fs_run *run, fs_unigram_pass *pass, fs_error *err);

/* Drops those that matter least until `size` pieces are left. */
fs_status fs_unigram_prune(fs_unigram_trainer *t, int32_t size, fs_run *run, fs_unigram_pass *pass, fs_error *err);

/* ---- of these alone ---- */

typedef struct fs_unigram_edge {
    int32_t from, to, piece; /* places in a word */
} fs_unigram_edge;

typedef struct fs_unigram_node { /* a sum of probabilities: value * 2^(-512 * shift) */
    double value;
    int64_t shift;
} fs_unigram_node;

typedef struct fs_unigram_scratch { /* a thread's */
    fs_buffer edges, forward, backward, best;
    int64_t *sums;      /* [pieces] */
    int64_t likelihood; /* in the same unit */
    int64_t tokens;
    fs_status failed;
    fs_error failure;
} fs_unigram_scratch;

/* Adds to s->sums how often each piece is expected in a word, times `weight`. probabilities: [pieces] */
fs_status fs_unigram_expect(const fs_unigram_trainer *t, fs_text word, const double *probabilities, double weight,
                            fs_unigram_scratch *s, double *likelihood, fs_error *err);

/* The pieces of the best way, last first; with `parted`, of those of more than one piece. *n: how many; s->edges has
 * them at its front. 0: there is none. */
fs_status fs_unigram_best(const fs_unigram_trainer *t, fs_text word, int parted, fs_unigram_scratch *s, int32_t *n,
                          fs_error *err);

#endif
