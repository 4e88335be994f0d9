/* The vector vocabulary (body/vocabulary.h) in AVX-512 F, BW, DQ and VL: 16 lanes. */
#ifndef FS_VEC_H
#define FS_VEC_H

#include <immintrin.h>

#include "../../base/portable.h"

#define FS_LANES 16

typedef __m512 vf;
typedef __m512i vi;

FS_INLINE __mmask16 v_first_lanes(int n) { return (__mmask16)((1u << n) - 1); }

FS_INLINE vf v_set(float x) { return _mm512_set1_ps(x); }
FS_INLINE vf v_load(const float *p) { return _mm512_loadu_ps(p); }
FS_INLINE vf v_load_part(const float *p, int n, vf fill) { return _mm512_mask_loadu_ps(fill, v_first_lanes(n), p); }
FS_INLINE void v_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
FS_INLINE void v_store_part(float *p, int n, vf a) { _mm512_mask_storeu_ps(p, v_first_lanes(n), a); }

FS_INLINE vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
FS_INLINE vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
FS_INLINE vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
FS_INLINE vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
FS_INLINE vf v_fms(vf a, vf b, vf c) { return _mm512_fmsub_ps(a, b, c); }
FS_INLINE vf v_max(vf a, vf top) { return _mm512_max_ps(a, top); }
FS_INLINE vf v_at_least(vf a, vf low) { return _mm512_max_ps(low, a); }
FS_INLINE vf v_at_most(vf a, vf high) { return _mm512_min_ps(high, a); }

/* A 512-bit division takes as long as 20 multiplications: an estimate of 1 / b to 2^-14, then one step on the
 * remainder, which leaves little but the last rounding. */
FS_INLINE vf v_div(vf a, vf b) {
    const vf r = _mm512_rcp14_ps(b), q = _mm512_mul_ps(a, r);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(b, q, a), r, q);
}
FS_INLINE vf v_recip(vf b) {
    const vf r = _mm512_rcp14_ps(b);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(b, r, _mm512_set1_ps(1.0f)), r, r);
}

FS_INLINE vf v_minus_abs(vf a) { return _mm512_or_ps(a, _mm512_set1_ps(-0.0f)); }
FS_INLINE vf v_with_sign(vf a, vf sign) {
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(a), _mm512_castps_si512(sign),
                                                         _mm512_set1_epi32((int)0x80000000u), 0xd8));
}
FS_INLINE vf v_if_negative(vf a, vf yes, vf no) {
    return _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(a)), no, yes);
}

FS_INLINE vf v_pow2(vf t) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(t), 23)); }
FS_INLINE vf v_scale(vf a, vf n) { return _mm512_scalef_ps(a, n); }

FS_INLINE float v_sum(vf a) { return _mm512_reduce_add_ps(a); }
FS_INLINE float v_max_across(vf a) { return _mm512_reduce_max_ps(a); }
FS_INLINE uint32_t v_lanes_equal(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
FS_INLINE uint32_t v_lanes_not_below(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_NLE_UQ); }

FS_INLINE vi v_magnitude_bits(vf a) {
    return _mm512_and_si512(_mm512_castps_si512(a), _mm512_set1_epi32(0x7fffffff));
}
FS_INLINE vi v_bits_max(vi a, vi b) { return _mm512_max_epi32(a, b); }
FS_INLINE uint32_t v_bits_max_across(vi a) { return (uint32_t)_mm512_reduce_max_epi32(a); }

FS_INLINE void v_store_low_bytes(uint8_t *p, vf a) {
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(_mm512_castps_si512(a)));
}
FS_INLINE vf v_load_bf16(const uint16_t *p) {
    const vi wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
FS_INLINE void v_store_bf16(uint16_t *p, vf a) {
    const vi bits = _mm512_castps_si512(a);
    const vi odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const vi rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const vi quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    const vi chosen = _mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), quiet);
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(chosen, 16)));
}

#endif
