/* The product with weights in groups, AVX2. vpmaddubsw adds two products in 16 bits: of weights of 4 bits at most
 * 2 * 15 * 127; of 8 bits at most 2 * 128 * 127, as the sign of w goes to x. */
#include "gemm_vec_avx2.h"

typedef __m256i gs, gx, gw4;
typedef struct gw8 {
    __m256i w, magnitude;
} gw8;

#define ZERO8 0
#define GROUPED_ROWS 4
#define GROUPED_WIDE 1

FS_INLINE vf vf_load_half(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p)); }
FS_INLINE vi vi_splat(const int32_t *p) { return _mm256_set1_epi32(*p); }
FS_INLINE gs gs_from(vi a) { return a; }
FS_INLINE vi gs_total(gs a) { return a; }
FS_INLINE gx gx_splat(const uint8_t *p) {
    int four;
    memcpy(&four, p, sizeof four);
    return _mm256_set1_epi32(four);
}
FS_INLINE __m256i grouped_load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)(const void *)p); }
FS_INLINE gw4 gw4_low(const uint8_t *p) { return _mm256_and_si256(grouped_load(p), _mm256_set1_epi8(15)); }
FS_INLINE gw4 gw4_high(const uint8_t *p) {
    return _mm256_and_si256(_mm256_srli_epi16(grouped_load(p), 4), _mm256_set1_epi8(15));
}
FS_INLINE gw4 gw4_load(const uint8_t *p) { return grouped_load(p); }
FS_INLINE void gw4_store(uint8_t *p, gw4 w) { _mm256_storeu_si256((__m256i *)(void *)p, w); }
FS_INLINE gw8 gw8_load(const uint8_t *p) {
    const __m256i w = _mm256_xor_si256(grouped_load(p), _mm256_set1_epi8((char)0x80));
    const gw8 b = {w, _mm256_abs_epi8(w)};
    return b;
}
FS_INLINE gs grouped_add_pairs(gs sum, __m256i pairs) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
FS_INLINE gs gs_dot4(gs sum, gx x, gw4 w) { return grouped_add_pairs(sum, _mm256_maddubs_epi16(w, x)); }
FS_INLINE gs gs_dot8(gs sum, gx x, gw8 w) {
    return grouped_add_pairs(sum, _mm256_maddubs_epi16(w.magnitude, _mm256_sign_epi8(x, w.w)));
}

#include "../body/grouped.inc"

void fs_grouped_fill_avx2(fs_kernels *k) {
    k->gemm_grouped = gemm_grouped;
    k->gemm_grouped_excess = gemm_grouped_excess;
}
