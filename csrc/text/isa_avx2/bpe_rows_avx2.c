#include <immintrin.h>

#include "text/bpe/bpe_rows.h"

#define ROWS_NAME fs_bpe_merge_rows_avx2

FS_INLINE int32_t least(const int32_t *pairs, int32_t used) {
    __m256i x = _mm256_load_si256((const __m256i *)(const void *)pairs);
    __m128i y;
    int32_t i;
    for (i = 8; i < used; i += 8) x = _mm256_min_epi32(x, _mm256_load_si256((const __m256i *)(const void *)(pairs + i)));
    y = _mm_min_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    y = _mm_min_epi32(y, _mm_shuffle_epi32(y, 0x4E));
    y = _mm_min_epi32(y, _mm_shuffle_epi32(y, 0xB1));
    return _mm_cvtsi128_si32(y);
}

#define made_of fs_pair_made

#include "text/body/bpe_rows.inc"
