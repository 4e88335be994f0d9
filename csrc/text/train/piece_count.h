/* How often each piece occurs in texts, as a cutter cuts them; of one worker.
 *
 *     shorts   (16-byte key, count)      pieces of up to 15 bytes: power of two, linear probing
 *     longs    a vocabulary, counts      the others */
#ifndef FS_TEXT_PIECE_COUNT_H
#define FS_TEXT_PIECE_COUNT_H

#include "text/lookup/piece_key.h"
#include "text/vocab.h"
#include "word_cut.h"

typedef struct fs_counted {
    fs_piece_key key; /* high 0: free */
    int64_t count;
} fs_counted;

typedef struct fs_piece_counts {
    fs_counted *shorts;
    size_t short_slots, short_count;
    fs_vocab longs;
    fs_buffer long_counts; /* int64_t [longs.count] */
    fs_word_scratch scratch;
} fs_piece_counts;

fs_status fs_piece_counts_init(fs_piece_counts *c, fs_hash_key key, fs_error *err);
void fs_piece_counts_free(fs_piece_counts *c);

/* Back to no counts, in as little memory as at first. */
fs_status fs_piece_counts_reset(fs_piece_counts *c, fs_error *err);

/* The pieces of a text of valid UTF-8, of at most FS_TEXT_MAX bytes; or one piece. */
fs_status fs_piece_counts_text(fs_piece_counts *c, const fs_word_cutter *cutter, fs_text text, fs_error *err);
fs_status fs_piece_counts_add(fs_piece_counts *c, fs_text piece, int64_t count, fs_error *err);

/* Every piece, in an order of no meaning; it is valid during the call. */
typedef fs_status (*fs_piece_seen)(void *ctx, fs_text piece, int64_t count, fs_error *err);
fs_status fs_piece_counts_each(const fs_piece_counts *c, fs_piece_seen seen, void *ctx, fs_error *err);

/* Writes all of it to the end of *run, as a sorted run of piece_runs.h, and forgets it. */
fs_status fs_piece_counts_spill(fs_piece_counts *c, fs_buffer *run, fs_error *err);

size_t fs_piece_counts_bytes(const fs_piece_counts *c); /* memory that they take */

#endif
