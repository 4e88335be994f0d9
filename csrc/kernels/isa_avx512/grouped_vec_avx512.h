/* AVX-512 words for body/grouped.inc, besides those of gemm_vec_avx512.h. */
#ifndef FS_GROUPED_VEC_AVX512_H
#define FS_GROUPED_VEC_AVX512_H

#include "gemm_vec_avx512.h"

FS_INLINE vf vf_load_half(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p)); }
FS_INLINE vi vi_splat(const int32_t *p) { return _mm512_set1_epi32(*p); }
FS_INLINE __m512i grouped_low(const uint8_t *p) { return _mm512_and_si512(_mm512_loadu_si512(p), _mm512_set1_epi8(15)); }
FS_INLINE __m512i grouped_high(const uint8_t *p) {
    return _mm512_and_si512(_mm512_srli_epi16(_mm512_loadu_si512(p), 4), _mm512_set1_epi8(15));
}

#endif
