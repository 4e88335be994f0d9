/* float32 and bfloat16 products with NEON, tiles of up to 6 x 16. */
#include "gemm_vec_neon.h"

#define VECTORS 4
#define TILE 6
#define TILE_VECTORS 24

FS_INLINE void vf_expand(const uint16_t *w, vf *out) {
    FS_UNROLL
    for (int half = 0; half < 2; half++) {
        const uint16x8_t eight = vld1q_u16(w + 8 * half);
        out[2 * half] = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(eight), 16));
        out[2 * half + 1] = vreinterpretq_f32_u32(vshll_n_u16(vget_high_u16(eight), 16));
    }
}

#include "../body/gemm_float.inc"

static fs_gemm_layout layout(fs_dtype dtype) {
    const fs_gemm_layout floats = {PANEL, 1, 1}, bytes = {FS_GEMM_NEON_BYTE_PANEL, 4, 1};
    return dtype == FS_S8 ? bytes : floats;
}

void fs_gemm_fill_neon(fs_kernels *k) {
    k->gemm_layout = layout;
    k->gemm_f32 = gemm_f32;
    k->gemm_bf16 = gemm_bf16;
    k->gemm_limit_f32 = limit_f32;
    fs_gemm_fill_bytes_neon(k);
}
