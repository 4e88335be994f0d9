/* NEON words for the gemm bodies. */
#ifndef FS_GEMM_VEC_NEON_H
#define FS_GEMM_VEC_NEON_H

#include <arm_neon.h>
#include <string.h>

#include "../gemm_slots.h"

typedef float32x4_t vf;
typedef int32x4_t vi;

#define VF_LANES 4
#define STRIDE FS_GEMM_NEAR
#define SPLAT_IN_STEP 0

FS_INLINE vf vf_load(const float *p) { return vld1q_f32(p); }
FS_INLINE void vf_store(float *p, vf v) { vst1q_f32(p, v); }
FS_INLINE vf vf_splat(const float *p) { return vld1q_dup_f32(p); }
FS_INLINE vf vf_zero(void) { return vdupq_n_f32(0); }
FS_INLINE vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
FS_INLINE vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
FS_INLINE vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
FS_INLINE vf vf_from_vi(vi a) { return vcvtq_f32_s32(a); }
FS_INLINE vf vf_from_bits(vi a) { return vreinterpretq_f32_s32(a); }

FS_INLINE vi vi_zero(void) { return vdupq_n_s32(0); }
FS_INLINE vi vi_load(const int32_t *p) { return vld1q_s32(p); }
FS_INLINE void vi_store(int32_t *p, vi v) { vst1q_s32(p, v); }
FS_INLINE vi vi_sub(vi a, vi b) { return vsubq_s32(a, b); }

FS_INLINE vi vi_across(const vi *v) { return vpaddq_s32(vpaddq_s32(v[0], v[1]), vpaddq_s32(v[2], v[3])); }

/* four bytes in every 32-bit lane */
FS_INLINE int8x16_t vi_splat_bytes(const uint8_t *p) {
    int32_t four;
    memcpy(&four, p, sizeof four);
    return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

#endif
