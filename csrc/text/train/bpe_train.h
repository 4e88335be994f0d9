/* Learning the merges of byte-pair encoding (Sennrich et al., 2016): again and again the most frequent pair of
 * neighbouring symbols becomes a symbol of its own; of equally frequent pairs that of the smallest ids.
 *
 *     words     a b a b | c a b |        every word once, `|` ends it
 *     cells     [symbol, word]           one for each symbol a word began with; a merged symbol spans those
 *                                        of its parts: its second and its last cell hold minus their number
 *     pairs     (a, b) -> count, places  places: a run of `lists`, its length first: cells where the pair
 *                                        stood when it came up; some may have gone since
 *     queue     the most frequent pair on top
 *
 * Merging visits the places of one pair. What its neighbours lose and gain is added up by neighbour first, so
 * that a pair's count is looked up once a merge. A pair comes up only in the merge that makes its younger symbol, so
 * its places are written once; where a merge spells a symbol that was there before, all pairs are counted anew.
 *
 * Most pairs are too rare ever to be merged. They are left out, up to a count that is guessed; when no more frequent
 * ones are left, it is lowered and all pairs are counted anew. */
#ifndef FS_TEXT_BPE_TRAIN_H
#define FS_TEXT_BPE_TRAIN_H

#include "base/parallel.h"
#include "bpe_train_pairs.h"
#include "text/vocab.h"

#define FS_TRAIN_END (-1) /* fs_train_cell.symbol: the end of a word */

typedef struct fs_train_cell {
    int32_t symbol; /* below FS_TRAIN_END: not the first cell of a symbol */
    uint32_t word;
} fs_train_cell;

typedef struct fs_train_merge {
    int32_t left, right, made;
} fs_train_merge;

/* What a neighbour of merged pairs loses and gains. */
typedef struct fs_train_side {
    int64_t lost, gained;
    uint64_t places; /* gained: how many; then where the next one is written */
} fs_train_side;

typedef struct fs_train_event {
    int32_t neighbour; /* of which side: fs_bpe_trainer.events */
    uint32_t place;
} fs_train_event;

typedef struct fs_bpe_trainer {
    fs_vocab symbols;
    fs_buffer cells;  /* fs_train_cell, an end before the first word */
    fs_buffer counts; /* int64_t [words] */
    int64_t total;    /* of counts times symbols */
    fs_buffer merges; /* fs_train_merge, in order, each pair once */
    fs_buffer done;   /* uint64_t: every pair that was merged, in order */
    fs_buffer word;   /* the symbols of the word that is being added; the spelling of the one that is being made */
    fs_pairs listed;  /* the pairs in merges */
    fs_pairs pairs;
    int64_t floor;    /* `pairs` holds none that was rarer than this when it came up */
    fs_buffer queue;
    fs_buffer lists;          /* uint32_t; place 0 is taken */
    fs_train_side *sides[2];  /* [symbols at the end] of a pair's left, right neighbour; all zero between merges */
    fs_buffer touched[2];     /* int32_t: those that are not */
    fs_buffer events[2];      /* fs_train_event: new pairs, by the neighbour in them */
} fs_bpe_trainer;

#define FS_TRAIN_PREFIX_MAX 16 /* bytes */

typedef struct fs_bpe_plan {
    int32_t vocab_size; /* most symbols, those added before the start among them */
    int64_t least;      /* count of a pair that is worth merging, at least 1 */
    int64_t longest;    /* bytes of a symbol as it is spelled; 0: no limit */
    fs_text prefix;     /* how symbols that do not start a word are marked in front; left out where two are joined; at
                         * most FS_TRAIN_PREFIX_MAX bytes */
} fs_bpe_plan;

/* Zero-filled structs are freed safely; init comes before anything else. */
fs_status fs_bpe_trainer_init(fs_bpe_trainer *t, fs_hash_key key, fs_error *err);
void fs_bpe_trainer_free(fs_bpe_trainer *t);

/* A word of n symbols, which are ids into `symbols`, and how often it occurs (at least 1). */
fs_status fs_bpe_trainer_add(fs_bpe_trainer *t, const int32_t *symbols, int32_t n, int64_t count, fs_error *err);

/* A word of bytes; of_byte[256]: the symbol of each, -1 for bytes that are left out. */
fs_status fs_bpe_trainer_add_bytes(fs_bpe_trainer *t, const int32_t *of_byte, fs_text word, int64_t count, fs_error *err);

/* A word of characters: each is the symbol that it spells, with the prefix before it where it is not the first.
 * Characters that are no symbol are left out, or, with `cut`, end a word and begin another. */
fs_status fs_bpe_trainer_add_characters(fs_bpe_trainer *t, fs_text prefix, int cut, fs_text word, int64_t count,
                                        fs_error *err);

/* Merges until there are `stop` symbols, or no pair is worth it; *more: whether to go on. All calls for a trainer have
 * the same plan; no word is added after the first. run->done counts symbols made. */
fs_status fs_bpe_train(fs_bpe_trainer *t, const fs_bpe_plan *plan, int32_t stop, int *more, fs_run *run, fs_error *err);

/* Before the first of those: merges pairs (n) that an earlier trainer of the same words and plan has `done`. */
fs_status fs_bpe_replay(fs_bpe_trainer *t, const fs_bpe_plan *plan, const uint64_t *pairs, int64_t n, fs_run *run,
                        fs_error *err);

/* Of fs_bpe_train: counts every pair anew; replaces one pair wherever it stands. */
fs_status fs_bpe_count_pairs(fs_bpe_trainer *t, const fs_bpe_plan *plan, fs_error *err);
fs_status fs_bpe_replace(fs_bpe_trainer *t, const fs_bpe_plan *plan, fs_train_merge merge, uint64_t places, fs_error *err);

/* How many cells the symbol that begins here has; it is no end. */
FS_INLINE uint32_t fs_train_span(const fs_train_cell *cell) {
    return cell[1].symbol < FS_TRAIN_END ? (uint32_t)-cell[1].symbol : 1;
}

FS_INLINE int fs_train_fits(const fs_bpe_trainer *t, const fs_bpe_plan *plan, int32_t left, int32_t right) {
    return plan->longest == 0 ||
           (int64_t)(fs_vocab_token(&t->symbols, left).size + fs_vocab_token(&t->symbols, right).size) <= plan->longest;
}

#endif
