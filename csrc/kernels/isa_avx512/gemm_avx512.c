/* float32 and bfloat16 products with AVX-512, tiles of up to 14 x 32. */
#include "gemm_vec_avx512.h"

FS_INLINE void vf_expand(const uint16_t *w, vf *out) {
    __m512i pairs = _mm512_loadu_si512(w);
    FS_IN_REGISTER(pairs);
    out[0] = _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
    out[1] = _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32((int)0xffff0000u)));
}

#include "../body/gemm_float.inc"

static fs_gemm_layout layout(fs_dtype dtype) {
    const fs_gemm_layout floats = {PANEL, 1, 1}, pairs = {PANEL, 1, VF_LANES}, bytes = {PANEL, 4, 1};
    return dtype == FS_F32 ? floats : dtype == FS_BF16 ? pairs : bytes;
}

void fs_gemm_fill_avx512(fs_kernels *k) {
    k->gemm_layout = layout;
    k->gemm_f32 = gemm_f32;
    k->gemm_bf16 = gemm_bf16;
    k->gemm_limit_f32 = limit_f32;
    fs_gemm_fill_bytes_avx512(k);
}
