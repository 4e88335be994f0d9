#include "bpe_rows.h"

enum { END = FS_BPE_ROW_END, BLOCK = FS_BPE_ROW_BLOCK };

void fs_bpe_row_begin(const fs_bpe_walk *w, const uint8_t *piece, int32_t size, fs_bpe_row *row) {
    int32_t i;
    row->used = (size + BLOCK - 1) & ~(BLOCK - 1);
    for (i = 0; i < row->used; i++) row->pairs[i] = FS_BPE_ROW_NO_PAIR;
    for (i = 0; i < END; i++) {
        row->next[i] = (uint8_t)(i + 1);
        row->before[i + 1] = (uint8_t)i;
    }
    for (i = 0; i < size; i++) row->symbols[i] = piece[i];
    for (i = 0; i + 1 < size; i++) row->pairs[i] = w->bytes[piece[i] << 8 | piece[i + 1]] << FS_BPE_ROW_PLACE_BITS | i;
    row->symbols[END] = FS_PAIR_SYMBOLS_MAX;
    row->next[size - 1] = END;
    row->before[0] = END;
}

int32_t fs_bpe_row_ids(const fs_bpe_walk *w, const fs_bpe_row *row, int32_t *out) {
    int32_t n = 0, at;
    for (at = 0; at != END; at = row->next[at]) out[n++] = w->ids[row->symbols[at]];
    return n;
}

fs_bpe_merge_rows fs_bpe_merge_rows_for(fs_isa isa) {
#if FS_ARCH_X86_64
    const unsigned has = fs_isa_features(isa);
    if (has & FS_CPU_AVX512) return fs_bpe_merge_rows_avx512;
    if (has & FS_CPU_AVX2) return fs_bpe_merge_rows_avx2;
#endif
    (void)isa;
    return fs_bpe_merge_rows_portable;
}

/* ---- the portable one ---- */

#define ROWS_NAME fs_bpe_merge_rows_portable
#define made_of fs_pair_made

FS_INLINE int32_t least(const int32_t *pairs, int32_t used) {
    int32_t found = FS_BPE_ROW_NO_PAIR, i, k;
    for (k = 0; k < used; k += BLOCK)
        for (i = 0; i < BLOCK; i++) found = FS_MIN(found, pairs[k + i]);
    return found;
}

#include "text/body/bpe_rows.inc"
