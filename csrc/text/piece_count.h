/* How often each piece of a corpus occurs, as a pre-tokenization scanner cuts it; several workers side by side.
 *
 *     shorts   (16-byte key, count)      pieces of up to 15 bytes: power of two, linear probing
 *     longs    a vocabulary, counts      the others */
#ifndef FS_TEXT_PIECE_COUNT_H
#define FS_TEXT_PIECE_COUNT_H

#include "base/parallel.h"
#include "piece_key.h"
#include "scan.h"
#include "vocab.h"

typedef struct fs_counted {
    fs_piece_key key; /* high 0: free */
    int64_t count;
} fs_counted;

typedef struct fs_piece_counts {
    fs_counted *shorts;
    size_t short_slots, short_count;
    fs_vocab longs;
    fs_buffer long_counts; /* int64_t [longs.count] */
    fs_status failed;      /* what stopped this worker */
    fs_error failure;
} fs_piece_counts;

/* A corpus that comes in parts; each worker counts for itself until all are gathered. */
typedef struct fs_corpus {
    fs_scan scan;
    fs_scan_rule rule;
    fs_piece_counts *workers;
    int threads;
} fs_corpus;

/* Zero-filled structs are freed safely; init comes before anything else. */
fs_status fs_corpus_init(fs_corpus *c, fs_scan_rule rule, fs_isa isa, fs_hash_key key, int threads, fs_error *err);
void fs_corpus_free(fs_corpus *c);

/* Texts of valid UTF-8, each at most FS_TEXT_MAX bytes. */
fs_status fs_corpus_add(fs_corpus *c, const fs_text *texts, int64_t count, fs_run *run, fs_error *err);

/* Every line of valid UTF-8 with the LF that ends it. */
fs_status fs_corpus_add_lines(fs_corpus *c, fs_text block, fs_run *run, fs_error *err);

/* Brings the counts of all workers together, in the first one. */
fs_status fs_corpus_gather(fs_corpus *c, fs_error *err);

size_t fs_corpus_bytes(const fs_corpus *c); /* memory it holds */

/* Every piece of a gathered corpus, in an order of no meaning. The piece is valid during the call. */
typedef fs_status (*fs_piece_seen)(void *ctx, fs_text piece, int64_t count, fs_error *err);
fs_status fs_corpus_each(const fs_corpus *c, fs_piece_seen seen, void *ctx, fs_error *err);

#endif
