/* The register operations (body/vocabulary.h) in AVX2 and FMA: 8 floats. */
#ifndef FS_VEC_H
#define FS_VEC_H

#include <immintrin.h>

#include "../../base/portable.h"

#define FS_REGISTER 8

typedef __m256 rf;
typedef __m256i ri;

FS_INLINE ri r_first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

FS_INLINE rf r_set(float x) { return _mm256_set1_ps(x); }
FS_INLINE rf r_load(const float *p) { return _mm256_loadu_ps(p); }
FS_INLINE rf r_load_part(const float *p, int n, rf fill) {
    const ri lanes = r_first(n);
    return _mm256_blendv_ps(fill, _mm256_maskload_ps(p, lanes), _mm256_castsi256_ps(lanes));
}
FS_INLINE void r_store(float *p, rf a) { _mm256_storeu_ps(p, a); }
FS_INLINE void r_store_part(float *p, int n, rf a) { _mm256_maskstore_ps(p, r_first(n), a); }

FS_INLINE rf r_add(rf a, rf b) { return _mm256_add_ps(a, b); }
FS_INLINE rf r_sub(rf a, rf b) { return _mm256_sub_ps(a, b); }
FS_INLINE rf r_mul(rf a, rf b) { return _mm256_mul_ps(a, b); }
FS_INLINE rf r_fma(rf a, rf b, rf c) { return _mm256_fmadd_ps(a, b, c); }
FS_INLINE rf r_fms(rf a, rf b, rf c) { return _mm256_fmsub_ps(a, b, c); }
FS_INLINE rf r_max(rf a, rf top) { return _mm256_max_ps(a, top); }
FS_INLINE rf r_at_least(rf a, rf low) { return _mm256_max_ps(low, a); }
FS_INLINE rf r_at_most(rf a, rf high) { return _mm256_min_ps(high, a); }
FS_INLINE rf r_div(rf a, rf b) { return _mm256_div_ps(a, b); }
FS_INLINE rf r_recip(rf b) { return _mm256_div_ps(_mm256_set1_ps(1.0f), b); }

FS_INLINE rf r_with_sign(rf a, rf sign) {
    const rf bit = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(bit, a), _mm256_and_ps(bit, sign));
}
FS_INLINE rf r_if_negative(rf a, rf yes, rf no) { return _mm256_blendv_ps(no, yes, a); }

FS_INLINE rf r_pow2(rf t, rf k) {
    (void)k;
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(t), 23));
}

/* In two steps, so that neither power of two is out of range and only the last product rounds. */
FS_INLINE rf r_scale(rf a, rf n) {
    const ri whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1), bias = _mm256_set1_epi32(127);
    const ri first = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
    const ri second = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(whole, half), bias), 23);
    return _mm256_mul_ps(_mm256_mul_ps(a, _mm256_castsi256_ps(first)), _mm256_castsi256_ps(second));
}

FS_INLINE float r_sum(rf a) {
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
FS_INLINE float r_max_across(rf a) {
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}
FS_INLINE uint32_t r_where_equal(rf a, rf b) { return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_EQ_OQ)); }
FS_INLINE uint32_t r_where_not_below(rf a, rf b) {
    return (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_NLE_UQ));
}

FS_INLINE ri r_magnitude_bits(rf a) {
    return _mm256_and_si256(_mm256_castps_si256(a), _mm256_set1_epi32(0x7fffffff));
}
FS_INLINE ri r_bits_max(ri a, ri b) { return _mm256_max_epi32(a, b); }
FS_INLINE uint32_t r_bits_max_across(ri a) {
    __m128i b = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    b = _mm_max_epi32(b, _mm_shuffle_epi32(b, 0x4e));
    return (uint32_t)_mm_cvtsi128_si32(_mm_max_epi32(b, _mm_shuffle_epi32(b, 0xb1)));
}
FS_INLINE ri r_bits_add(ri sum, rf a) { return _mm256_add_epi32(sum, _mm256_castps_si256(a)); }
FS_INLINE uint32_t r_bits_sum_across(ri a) {
    __m128i m = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    m = _mm_add_epi32(m, _mm_shuffle_epi32(m, 0x4e));
    return (uint32_t)_mm_cvtsi128_si32(_mm_add_epi32(m, _mm_shuffle_epi32(m, 0xb1)));
}

FS_INLINE void r_store_low_bytes(uint8_t *p, rf a) {
    const ri pick = _mm256_set1_epi32(0x0c080400);
    const ri bytes = _mm256_shuffle_epi8(_mm256_castps_si256(a), pick);
    _mm_storel_epi64((__m128i *)(void *)p,
                     _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)));
}
FS_INLINE rf r_load_bf16(const uint16_t *p) {
    const ri wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
FS_INLINE void r_store_bf16(uint16_t *p, rf a) {
    const ri bits = _mm256_castps_si256(a);
    const ri odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const ri rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    const ri quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const ri nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
    const ri high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
    _mm_storeu_si128((__m128i *)(void *)p,
                     _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1)));
}

#endif
