/* AVX2 words for the gemm bodies. */
#ifndef FS_GEMM_VEC_AVX2_H
#define FS_GEMM_VEC_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "../gemm_slots.h"

typedef __m256 vf;
typedef __m256i vi;

#define VF_LANES 8
#define VECTORS 2
#define TILE_VECTORS 12
#define STRIDE FS_GEMM_NEAR
#define SPLAT_IN_STEP 0

FS_INLINE vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
FS_INLINE void vf_store(float *p, vf v) { _mm256_storeu_ps(p, v); }
FS_INLINE vf vf_splat(const float *p) { return _mm256_broadcast_ss(p); }
FS_INLINE vf vf_zero(void) { return _mm256_setzero_ps(); }
FS_INLINE vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
FS_INLINE vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
FS_INLINE vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
FS_INLINE vf vf_from_vi(vi a) { return _mm256_cvtepi32_ps(a); }
FS_INLINE vf vf_from_bits(vi a) { return _mm256_castsi256_ps(a); }

FS_INLINE vi vi_zero(void) { return _mm256_setzero_si256(); }
FS_INLINE vi vi_load(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
FS_INLINE void vi_store(int32_t *p, vi v) { _mm256_storeu_si256((__m256i *)p, v); }
FS_INLINE vi vi_sub(vi a, vi b) { return _mm256_sub_epi32(a, b); }

FS_INLINE vi vi_across(const vi *v) {
    const vi a = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
    const vi b = _mm256_hadd_epi32(_mm256_hadd_epi32(v[4], v[5]), _mm256_hadd_epi32(v[6], v[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
}

#endif
