/* How often each piece occurs in a corpus that comes in parts. */
#ifndef FS_TEXT_COUNT_H
#define FS_TEXT_COUNT_H

#include "text/encode.h"

typedef struct fs_counter {
    fs_encoder rules; /* how texts are mapped and cut; its vocab stays NULL */
    fs_vocab pieces;
    fs_buffer counts; /* int64_t [pieces.count] */
    fs_map_scratch scratch;
} fs_counter;

fs_status fs_counter_init(fs_counter *c, const fs_encoder *rules, fs_hash_key key, fs_error *err);
void fs_counter_free(fs_counter *c);

/* A valid UTF-8 text of at most FS_TEXT_MAX bytes. */
fs_status fs_counter_add(fs_counter *c, fs_text text, fs_error *err);

/* Every line of a block of a file is a text. Lines end with LF or CR LF, which are no part of them. The block
 * is checked first: FS_ERR_FORMAT with *valid bytes of valid UTF-8 before the first that is not, and then
 * nothing is counted. */
fs_status fs_counter_add_lines(fs_counter *c, fs_text block, size_t *valid, fs_error *err);

/* Of pieces with their counts, those of at least `least`: most often first, ties in the order of code points; ids into
 * `pieces`, int32_t appended to *order. */
fs_status fs_vocab_rank(const fs_vocab *pieces, const int64_t *counts, int64_t least, fs_buffer *order, fs_error *err);

#endif
