/* Counting the pieces of a corpus that comes in parts; each worker counts for itself until all are gathered. */
#ifndef FS_TEXT_CORPUS_H
#define FS_TEXT_CORPUS_H

#include "base/parallel.h"
#include "piece_runs.h"

typedef struct fs_corpus_worker {
    fs_piece_counts counts;
    fs_status failed; /* what stopped it */
    fs_error failure;
} fs_corpus_worker;

typedef struct fs_corpus {
    fs_word_cutter cutter;
    fs_corpus_worker *workers;
    int threads;
    const fs_text *runs; /* counts that were written away and are now in reach again: borrowed */
    int32_t run_count;
} fs_corpus;

/* Zero-filled structs are freed safely; init comes before anything else. */
fs_status fs_corpus_init(fs_corpus *c, fs_word_cutter cutter, fs_hash_key key, int threads, fs_error *err);
void fs_corpus_free(fs_corpus *c);

/* Texts of valid UTF-8, each at most FS_TEXT_MAX bytes. */
fs_status fs_corpus_add(fs_corpus *c, const fs_text *texts, int64_t count, fs_run *run, fs_error *err);

/* Every line of valid UTF-8 with the LF that ends it, unless the cutter wants it bare. */
fs_status fs_corpus_add_lines(fs_corpus *c, fs_text block, fs_run *run, fs_error *err);

int fs_corpus_empty(const fs_corpus *c);     /* whether nothing was counted */
size_t fs_corpus_bytes(const fs_corpus *c); /* memory that the counts take */

/* Every piece with its count, in an order of no meaning; the counts of all workers are brought together first.
 * With runs they are all there is. */
fs_status fs_corpus_each(fs_corpus *c, fs_piece_seen seen, void *ctx, fs_run *run, fs_error *err);

#endif
