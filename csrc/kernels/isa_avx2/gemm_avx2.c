/* float32 and bfloat16 products with AVX2 and FMA, tiles of up to 6 x 16. */
#include "gemm_vec_avx2.h"

#define TILE 6

FS_INLINE void vf_expand(const uint16_t *w, vf *out) {
    const __m256i pairs = _mm256_loadu_si256((const __m256i *)w);
    out[0] = _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16));
    out[1] = _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32((int)0xffff0000u)));
}

#include "../body/gemm_float.inc"

static fs_gemm_layout layout(fs_dtype dtype) {
    const fs_gemm_layout floats = {PANEL, 1, 1}, pairs = {PANEL, 1, VF_LANES}, bytes = {PANEL, 4, 1};
    return dtype == FS_F32 ? floats : dtype == FS_BF16 ? pairs : bytes;
}

void fs_gemm_fill_avx2(fs_kernels *k) {
    k->gemm_layout = layout;
    k->gemm_f32 = gemm_f32;
    k->gemm_bf16 = gemm_bf16;
    k->gemm_limit_f32 = limit_f32;
    fs_gemm_fill_bytes_avx2(k);
}
