/* The register operations (body/vocabulary.h) in AVX-512 F, BW, DQ and VL: 16 floats. */
#ifndef FS_VEC_H
#define FS_VEC_H

#include <immintrin.h>

#include "../../base/portable.h"

#define FS_REGISTER 16

typedef __m512 rf;
typedef __m512i ri;

FS_INLINE __mmask16 r_first(int n) { return (__mmask16)((1u << n) - 1); }

FS_INLINE rf r_set(float x) { return _mm512_set1_ps(x); }
FS_INLINE rf r_load(const float *p) { return _mm512_loadu_ps(p); }
FS_INLINE rf r_load_part(const float *p, int n, rf fill) { return _mm512_mask_loadu_ps(fill, r_first(n), p); }
FS_INLINE void r_store(float *p, rf a) { _mm512_storeu_ps(p, a); }
FS_INLINE void r_store_part(float *p, int n, rf a) { _mm512_mask_storeu_ps(p, r_first(n), a); }

FS_INLINE rf r_add(rf a, rf b) { return _mm512_add_ps(a, b); }
FS_INLINE rf r_sub(rf a, rf b) { return _mm512_sub_ps(a, b); }
FS_INLINE rf r_mul(rf a, rf b) { return _mm512_mul_ps(a, b); }
FS_INLINE rf r_fma(rf a, rf b, rf c) { return _mm512_fmadd_ps(a, b, c); }
FS_INLINE rf r_fms(rf a, rf b, rf c) { return _mm512_fmsub_ps(a, b, c); }
FS_INLINE rf r_max(rf a, rf top) { return _mm512_max_ps(a, top); }
FS_INLINE rf r_at_least(rf a, rf low) { return _mm512_max_ps(low, a); }
FS_INLINE rf r_at_most(rf a, rf high) { return _mm512_min_ps(high, a); }

/* A 512-bit division takes as long as 20 multiplications: an estimate of 1 / b to 2^-14, then one step on the
 * remainder, which leaves little but the last rounding. */
FS_INLINE rf r_div(rf a, rf b) {
    const rf r = _mm512_rcp14_ps(b), q = _mm512_mul_ps(a, r);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(b, q, a), r, q);
}
FS_INLINE rf r_recip(rf b) {
    const rf r = _mm512_rcp14_ps(b);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(b, r, _mm512_set1_ps(1.0f)), r, r);
}

FS_INLINE rf r_with_sign(rf a, rf sign) {
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(a), _mm512_castps_si512(sign),
                                                         _mm512_set1_epi32((int)0x80000000u), 0xd8));
}
FS_INLINE rf r_if_negative(rf a, rf yes, rf no) {
    return _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(a)), no, yes);
}

FS_INLINE rf r_pow2(rf t, rf k) {
    (void)t; /* a shift of t would do, but it runs on one port alone, scalef on two */
    return _mm512_scalef_ps(_mm512_set1_ps(1.0f), k);
}
FS_INLINE rf r_scale(rf a, rf n) { return _mm512_scalef_ps(a, n); }

FS_INLINE float r_sum(rf a) { return _mm512_reduce_add_ps(a); }
FS_INLINE float r_max_across(rf a) { return _mm512_reduce_max_ps(a); }
FS_INLINE uint32_t r_where_equal(rf a, rf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
FS_INLINE uint32_t r_where_not_below(rf a, rf b) { return _mm512_cmp_ps_mask(a, b, _CMP_NLE_UQ); }

FS_INLINE ri r_magnitude_bits(rf a) {
    return _mm512_and_si512(_mm512_castps_si512(a), _mm512_set1_epi32(0x7fffffff));
}
FS_INLINE ri r_bits_max(ri a, ri b) { return _mm512_max_epi32(a, b); }
FS_INLINE uint32_t r_bits_max_across(ri a) { return (uint32_t)_mm512_reduce_max_epi32(a); }
FS_INLINE ri r_bits_add(ri sum, rf a) { return _mm512_add_epi32(sum, _mm512_castps_si512(a)); }
/* _mm512_reduce_add_epi32 ends in an addition of two int, which must not overflow; this may. */
FS_INLINE uint32_t r_bits_sum_across(ri a) {
    const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
    __m128i m = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    m = _mm_add_epi32(m, _mm_shuffle_epi32(m, 0x4e));
    return (uint32_t)_mm_cvtsi128_si32(_mm_add_epi32(m, _mm_shuffle_epi32(m, 0xb1)));
}

FS_INLINE void r_store_low_bytes(uint8_t *p, rf a) {
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(_mm512_castps_si512(a)));
}
FS_INLINE rf r_load_bf16(const uint16_t *p) {
    const ri wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
FS_INLINE void r_store_bf16(uint16_t *p, rf a) {
    const ri bits = _mm512_castps_si512(a);
    const ri odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const ri rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const ri quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    const ri chosen = _mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), quiet);
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(chosen, 16)));
}

#endif
