/* Short pieces merged side by side, a row each: while what one of them asks for is on its way, the others go on.
 *
 *     pairs     what the symbol at a place and the next one merge to, and the place: made << 6 | place
 *     symbols   at the places that are left; FS_PAIR_SYMBOLS_MAX behind the last
 *     next      places, FS_BPE_ROW_END behind the last
 *     before
 *
 * The least of the pairs is the leftmost of the first merge, so a step is: find it, merge, ask twice. */
#ifndef FS_TEXT_BPE_ROWS_H
#define FS_TEXT_BPE_ROWS_H

#include "base/cpu.h"
#include "bpe_walk.h"

#define FS_BPE_ROW_END 32 /* the place behind all */
#define FS_BPE_ROW_BLOCK 16
#define FS_BPE_ROW_PLACE_BITS 6
#define FS_BPE_ROW_NO_PAIR ((FS_PAIR_NONE << FS_BPE_ROW_PLACE_BITS) | ((1 << FS_BPE_ROW_PLACE_BITS) - 1))

typedef struct fs_bpe_row {
    FS_ALIGNED(64) int32_t pairs[FS_BPE_ROW_END + 4];
    int32_t symbols[FS_BPE_ROW_END + 4];
    uint8_t next[FS_BPE_ROW_END + 4], before[FS_BPE_ROW_END + 4];
    int32_t used; /* places, in whole blocks */
} fs_bpe_row;

/* A piece of 1 to FS_BPE_ROW_END bytes. */
void fs_bpe_row_begin(const fs_bpe_walk *w, const uint8_t *piece, int32_t size, fs_bpe_row *row);

/* Merges all that is to be merged in rows (n). */
#define FS_BPE_ROWS_MOST 32
typedef void (*fs_bpe_merge_rows)(const fs_pair_table *table, fs_bpe_row *rows, int32_t n);

fs_bpe_merge_rows fs_bpe_merge_rows_for(fs_isa isa); /* the best of what `isa` allows */

/* One an instruction set. */
void fs_bpe_merge_rows_portable(const fs_pair_table *table, fs_bpe_row *rows, int32_t n);
#if FS_ARCH_X86_64
void fs_bpe_merge_rows_avx2(const fs_pair_table *table, fs_bpe_row *rows, int32_t n);
void fs_bpe_merge_rows_avx512(const fs_pair_table *table, fs_bpe_row *rows, int32_t n);
#endif

/* The ids of one: `out` has room for an id a byte. How many. */
int32_t fs_bpe_row_ids(const fs_bpe_walk *w, const fs_bpe_row *row, int32_t *out);

#endif
