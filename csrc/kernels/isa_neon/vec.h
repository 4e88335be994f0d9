/* The register operations (body/vocabulary.h) in NEON (AArch64): 4 floats. */
#ifndef FS_VEC_H
#define FS_VEC_H

#include <arm_neon.h>
#include <string.h>

#include "../../base/portable.h"

#define FS_REGISTER 4

typedef float32x4_t rf;
typedef uint32x4_t ri;

FS_INLINE rf r_set(float x) { return vdupq_n_f32(x); }
FS_INLINE rf r_load(const float *p) { return vld1q_f32(p); }
FS_INLINE rf r_load_part(const float *p, int n, rf fill) {
    if (n == FS_REGISTER) return vld1q_f32(p);
    if (n > 0) fill = vld1q_lane_f32(p, fill, 0);
    if (n > 1) fill = vld1q_lane_f32(p + 1, fill, 1);
    if (n > 2) fill = vld1q_lane_f32(p + 2, fill, 2);
    return fill;
}
FS_INLINE void r_store(float *p, rf a) { vst1q_f32(p, a); }
FS_INLINE void r_store_part(float *p, int n, rf a) {
    if (n == FS_REGISTER) {
        vst1q_f32(p, a);
        return;
    }
    if (n > 0) vst1q_lane_f32(p, a, 0);
    if (n > 1) vst1q_lane_f32(p + 1, a, 1);
    if (n > 2) vst1q_lane_f32(p + 2, a, 2);
}

FS_INLINE rf r_add(rf a, rf b) { return vaddq_f32(a, b); }
FS_INLINE rf r_sub(rf a, rf b) { return vsubq_f32(a, b); }
FS_INLINE rf r_mul(rf a, rf b) { return vmulq_f32(a, b); }
FS_INLINE rf r_fma(rf a, rf b, rf c) { return vfmaq_f32(c, a, b); }
FS_INLINE rf r_fms(rf a, rf b, rf c) { return vfmaq_f32(vnegq_f32(c), a, b); }
FS_INLINE rf r_max(rf a, rf top) { return vbslq_f32(vcgtq_f32(a, top), a, top); }
FS_INLINE rf r_at_least(rf a, rf low) { return vmaxq_f32(a, low); }
FS_INLINE rf r_at_most(rf a, rf high) { return vminq_f32(a, high); }
FS_INLINE rf r_div(rf a, rf b) { return vdivq_f32(a, b); }
FS_INLINE rf r_recip(rf b) { return vdivq_f32(vdupq_n_f32(1.0f), b); }

FS_INLINE rf r_with_sign(rf a, rf sign) { return vbslq_f32(vdupq_n_u32(0x80000000u), sign, a); }
FS_INLINE rf r_if_negative(rf a, rf yes, rf no) {
    return vbslq_f32(vcltzq_s32(vreinterpretq_s32_f32(a)), yes, no);
}

FS_INLINE rf r_pow2(rf t, rf k) {
    (void)k;
    return vreinterpretq_f32_s32(vshlq_n_s32(vreinterpretq_s32_f32(t), 23));
}

/* In two steps, so that neither power of two is out of range and only the last product rounds. */
FS_INLINE rf r_scale(rf a, rf n) {
    const int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1), bias = vdupq_n_s32(127);
    const int32x4_t first = vshlq_n_s32(vaddq_s32(half, bias), 23);
    const int32x4_t second = vshlq_n_s32(vaddq_s32(vsubq_s32(whole, half), bias), 23);
    return vmulq_f32(vmulq_f32(a, vreinterpretq_f32_s32(first)), vreinterpretq_f32_s32(second));
}

FS_INLINE float r_sum(rf a) { return vaddvq_f32(a); }
FS_INLINE float r_max_across(rf a) { return vmaxnmvq_f32(a); }

/* a bit a lane */
FS_INLINE uint32_t r_lane_bits(uint32x4_t lanes) {
    const uint32_t weights[4] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(lanes, vld1q_u32(weights)));
}
FS_INLINE uint32_t r_where_equal(rf a, rf b) { return r_lane_bits(vceqq_f32(a, b)); }
FS_INLINE uint32_t r_where_not_below(rf a, rf b) { return r_lane_bits(vmvnq_u32(vcleq_f32(a, b))); }

FS_INLINE ri r_magnitude_bits(rf a) { return vreinterpretq_u32_f32(vabsq_f32(a)); }
FS_INLINE ri r_bits_max(ri a, ri b) { return vmaxq_u32(a, b); }
FS_INLINE uint32_t r_bits_max_across(ri a) { return vmaxvq_u32(a); }
FS_INLINE ri r_bits_add(ri sum, rf a) { return vaddq_u32(sum, vreinterpretq_u32_f32(a)); }
FS_INLINE uint32_t r_bits_sum_across(ri a) { return vaddvq_u32(a); }

FS_INLINE void r_store_low_bytes(uint8_t *p, rf a) {
    const uint16x4_t narrow = vmovn_u32(vreinterpretq_u32_f32(a));
    const uint8x8_t bytes = vmovn_u16(vcombine_u16(narrow, narrow));
    const uint32_t word = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
    memcpy(p, &word, sizeof word);
}
FS_INLINE rf r_load_bf16(const uint16_t *p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }
FS_INLINE void r_store_bf16(uint16_t *p, rf a) {
    const ri bits = vreinterpretq_u32_f32(a);
    const ri odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const ri rounded = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
    const ri quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
    vst1_u16(p, vshrn_n_u32(vbslq_u32(vceqq_f32(a, a), rounded, quiet), 16));
}

#endif
