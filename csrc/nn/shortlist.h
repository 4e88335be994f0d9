/* A lexical shortlist: for each source token the target tokens that translate it, so that a decoder need not look at
 * the whole vocabulary (Junczys-Dowmunt et al. 2018, "Cost-effective and high-quality neural machine translation in C++").
 *
 * The candidates of a sequence are its own alone: tokens [0, first), those of each of its source tokens, and more from
 * `first` on until their number is a multiple of 8, rising. */
#ifndef FS_NN_SHORTLIST_H
#define FS_NN_SHORTLIST_H

#include "../base/buffer.h"

typedef struct fs_shortlist {
    int32_t sources, targets; /* sizes of the vocabularies */
    int32_t first;
    int shared;               /* one vocabulary: source tokens are candidates, too */
    const int64_t *offsets;   /* (sources + 1) into lists, borrowed */
    const int32_t *lists;     /* target tokens, borrowed */
} fs_shortlist;

/* FS_ERR_FORMAT when an offset falls or ends outside lists (total), or a token is not below `targets`. */
fs_status fs_shortlist_check(const fs_shortlist *s, int64_t total, fs_error *err);

/* The checksum that files of shortlists have, of whole 64-bit little-endian words; what is left behind them does not count. */
uint64_t fs_shortlist_checksum(const uint8_t *data, size_t size);

/* Adds the candidates of the source tokens ids (n), each below `sources`, to `out` (int32_t). */
fs_status fs_shortlist_gather(const fs_shortlist *s, const int32_t *ids, int64_t n, uint64_t *seen, fs_buffer *out,
                              fs_error *err);

/* 64-bit words of `seen`, zeros before and after each call. */
FS_INLINE size_t fs_shortlist_words(const fs_shortlist *s) { return ((size_t)s->targets + 63) / 64; }

#endif
