/* A vocabulary of byte-pair encoding as a file: what fs_bpe_from_ranks and fs_bpe_from_merges have found out, so that
 * loading it is filling tables. All numbers are little-endian.
 *
 *     "FSBPE" 0 0 1            the last byte is the version
 *     u32 T, M, B, 0           tokens, merges, bytes
 *     i32 ids    [T]
 *     i32 ends   [T]           where each token ends in the bytes; it begins where the one before it ends
 *     i32 merges [M][3]        places of left, right, and what they make; the rank is the place
 *     u8  flags  [T]           1: found in texts, 2: a piece spelled like it is it
 *     u8  bytes  [B] */
#ifndef FS_TEXT_BPE_SAVED_H
#define FS_TEXT_BPE_SAVED_H

#include "bpe.h"

fs_status fs_bpe_save(const fs_bpe *m, fs_buffer *out, fs_error *err);

/* Whatever the file says is checked. Errors name the place; *m is freed after a failure. */
fs_status fs_bpe_from_saved(fs_bpe *m, fs_hash_key key, fs_text file, fs_error *err);

#endif
