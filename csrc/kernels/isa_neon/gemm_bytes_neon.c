/* The int8 product with NEON alone, tiles of up to 5 x 8. Products of bytes go to 16 bits (smull) and are added
 * in pairs to sums of 32 (sadalp), so a column's sum is kept in two parts. */
#include "gemm_vec_neon.h"

#define VECTORS (FS_GEMM_NEON_BYTE_PANEL / VF_LANES)
#define TILE 5
#define TILE_VECTORS 10
#define SIGNED_X 1

typedef int8x16_t vx, vb;
typedef struct vs {
    int32x4_t first, second; /* columns 0 and 1, columns 2 and 3: two parts each */
} vs;

FS_INLINE vs vs_from(vi a) {
    const vs s = {vreinterpretq_s32_u64(vmovl_u32(vreinterpret_u32_s32(vget_low_s32(a)))),
                  vreinterpretq_s32_u64(vmovl_u32(vreinterpret_u32_s32(vget_high_s32(a))))};
    return s;
}
FS_INLINE vi vs_total(vs s) { return vpaddq_s32(s.first, s.second); }
FS_INLINE vx vx_splat(const uint8_t *p) { return vi_splat_bytes(p); }
FS_INLINE vx vx_load(const uint8_t *p) { return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(p), vdupq_n_u8(0x80))); }
FS_INLINE vb vb_load(const int8_t *p) { return vld1q_s8(p); }
FS_INLINE vs vs_dot(vs sum, vx x, vb w) {
    sum.first = vpadalq_s16(sum.first, vmull_s8(vget_low_s8(w), vget_low_s8(x)));
    sum.second = vpadalq_s16(sum.second, vmull_high_s8(w, x));
    return sum;
}

#include "../body/gemm_bytes.inc"

void fs_gemm_fill_bytes_neon(fs_kernels *k) {
    k->gemm_s8 = gemm_s8;
    k->dots_s8 = dots_s8;
    k->gemm_limit_s8 = limit_s8;
    k->gemm_limit_read = limit_read;
}
