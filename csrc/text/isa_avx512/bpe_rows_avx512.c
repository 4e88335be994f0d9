#include <immintrin.h>

#include "text/bpe/bpe_rows.h"

#define ROWS_NAME fs_bpe_merge_rows_avx512

FS_INLINE int32_t least(const int32_t *pairs, int32_t used) {
    __m512i x = _mm512_load_si512(pairs);
    int32_t i;
    for (i = 16; i < used; i += 16) x = _mm512_min_epi32(x, _mm512_load_si512(pairs + i));
    return _mm512_reduce_min_epi32(x);
}

FS_INLINE int32_t made_of(const fs_pair_table *table, int32_t left, int32_t right) {
    const uint64_t pair = fs_symbol_pair(left, right);
    const fs_pair_place at = fs_pair_find(table, pair);
    const __m256i a = _mm256_castsi128_si256(_mm_load_si128((const __m128i *)(const void *)at.a));
    const __m256i all = _mm256_inserti128_si256(a, _mm_load_si128((const __m128i *)(const void *)at.b), 1);
    const __m256i left_over = _mm256_xor_si256(all, _mm256_set1_epi64x((int64_t)(pair << 22)));
    const __mmask8 same = _mm256_cmplt_epu64_mask(left_over, _mm256_set1_epi64x(1 << 22));
    const __m256i found = _mm256_mask_compress_epi64(_mm256_set1_epi64x(FS_PAIR_NONE), same, left_over);
    return _mm_cvtsi128_si32(_mm256_castsi256_si128(found));
}

#include "text/body/bpe_rows.inc"
