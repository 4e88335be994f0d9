/* NEON words for body/grouped.inc, besides those of gemm_vec_neon.h. */
#ifndef FS_GROUPED_VEC_NEON_H
#define FS_GROUPED_VEC_NEON_H

#include "gemm_vec_neon.h"

typedef int8x16_t gx, gw4, gw8;

#define ZERO8 0
#define GROUPED_ROWS 4
#define GROUPED_WIDE 1

FS_INLINE vf vf_load_half(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
FS_INLINE vi vi_splat(const int32_t *p) { return vld1q_dup_s32(p); }
FS_INLINE gx gx_splat(const uint8_t *p) { return vi_splat_bytes(p); }
FS_INLINE gw4 gw4_low(const uint8_t *p) { return vreinterpretq_s8_u8(vandq_u8(vld1q_u8(p), vdupq_n_u8(15))); }
FS_INLINE gw4 gw4_high(const uint8_t *p) { return vreinterpretq_s8_u8(vshrq_n_u8(vld1q_u8(p), 4)); }
FS_INLINE gw4 gw4_load(const uint8_t *p) { return vreinterpretq_s8_u8(vld1q_u8(p)); }
FS_INLINE void gw4_store(uint8_t *p, gw4 w) { vst1q_u8(p, vreinterpretq_u8_s8(w)); }
FS_INLINE gw8 gw8_load(const uint8_t *p) { return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(p), vdupq_n_u8(0x80))); }

#endif
