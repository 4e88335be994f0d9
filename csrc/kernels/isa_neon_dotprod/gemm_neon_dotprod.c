/* The int8 product with NEON's dot product, tiles of up to 10 x 8: sdot adds four s8 * s8 in 32 bits. */
#include "../isa_neon/gemm_vec_neon.h"

#define VECTORS (FS_GEMM_NEON_BYTE_PANEL / VF_LANES)
#define TILE 10
#define TILE_VECTORS 24
#define SIGNED_X 1

typedef int8x16_t vx, vb;
typedef int32x4_t vs;

FS_INLINE vs vs_from(vi a) { return a; }
FS_INLINE vi vs_total(vs a) { return a; }
FS_INLINE vx vx_splat(const uint8_t *p) { return vi_splat_bytes(p); }
FS_INLINE vx vx_load(const uint8_t *p) { return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(p), vdupq_n_u8(0x80))); }
FS_INLINE vb vb_load(const int8_t *p) { return vld1q_s8(p); }
FS_INLINE vs vs_dot(vs sum, vx x, vb w) { return vdotq_s32(sum, w, x); }

#include "../body/gemm_bytes.inc"

void fs_gemm_fill_neon_dotprod(fs_kernels *k) {
    k->gemm_s8 = gemm_s8;
    k->dots_s8 = dots_s8;
    k->gemm_limit_s8 = limit_s8;
    k->gemm_limit_read = limit_read;
}
