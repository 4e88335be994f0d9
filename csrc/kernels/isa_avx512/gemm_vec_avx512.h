/* AVX-512 words for the gemm bodies. */
#ifndef FS_GEMM_VEC_AVX512_H
#define FS_GEMM_VEC_AVX512_H

#include <immintrin.h>
#include <string.h>

#include "../gemm_slots.h"

typedef __m512 vf;
typedef __m512i vi;

#define VF_LANES 16
#define VECTORS 2
#define TILE 14
#define STRIDE FS_GEMM_DEEP
#define SPLAT_IN_STEP 1
#define TILE_VECTORS 28

FS_INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
FS_INLINE void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
FS_INLINE vf vf_splat(const float *p) { return _mm512_set1_ps(*p); }
FS_INLINE vf vf_zero(void) { return _mm512_setzero_ps(); }
FS_INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
FS_INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
FS_INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
FS_INLINE vf vf_from_vi(vi a) { return _mm512_cvtepi32_ps(a); }
FS_INLINE vf vf_from_bits(vi a) { return _mm512_castsi512_ps(a); }

FS_INLINE vi vi_zero(void) { return _mm512_setzero_si512(); }
FS_INLINE vi vi_load(const int32_t *p) { return _mm512_loadu_si512(p); }
FS_INLINE void vi_store(int32_t *p, vi v) { _mm512_storeu_si512(p, v); }
FS_INLINE vi vi_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }

/* Four rounds, each halving the vectors: within 128 bits twice, then across them. */
FS_INLINE vi vi_across(const vi *v) {
    vi four[4];
    for (int j = 0; j < 4; j++) {
        const vi *a = v + 4 * j;
        const vi p = _mm512_add_epi32(_mm512_unpacklo_epi32(a[0], a[1]), _mm512_unpackhi_epi32(a[0], a[1]));
        const vi q = _mm512_add_epi32(_mm512_unpacklo_epi32(a[2], a[3]), _mm512_unpackhi_epi32(a[2], a[3]));
        four[j] = _mm512_add_epi32(_mm512_unpacklo_epi64(p, q), _mm512_unpackhi_epi64(p, q));
    }
    for (int j = 0; j < 2; j++)
        four[j] = _mm512_add_epi32(_mm512_shuffle_i32x4(four[2 * j], four[2 * j + 1], 0x88),
                                   _mm512_shuffle_i32x4(four[2 * j], four[2 * j + 1], 0xdd));
    return _mm512_add_epi32(_mm512_shuffle_i32x4(four[0], four[1], 0x88), _mm512_shuffle_i32x4(four[0], four[1], 0xdd));
}

/* four bytes in every 32-bit lane */
FS_INLINE vi vi_splat_bytes(const uint8_t *p) {
    int four;
    memcpy(&four, p, sizeof four);
    return _mm512_set1_epi32(four);
}

#endif
