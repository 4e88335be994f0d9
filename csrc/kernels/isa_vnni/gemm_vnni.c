/* The int8 product with AVX-512 VNNI, tiles of up to 14 x 32: vpdpbusd adds four u8 * s8 in 32 bits. */
#include "../isa_avx512/gemm_vec_avx512.h"

typedef __m512i vs, vx, vb;

#define SIGNED_X 0

FS_INLINE vs vs_from(vi a) { return a; }
FS_INLINE vi vs_total(vs a) { return a; }
FS_INLINE vx vx_splat(const uint8_t *p) { return vi_splat_bytes(p); }
FS_INLINE vx vx_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
FS_INLINE vb vb_load(const int8_t *p) {
    __m512i w = _mm512_loadu_si512(p);
    FS_IN_REGISTER(w);
    return w;
}
FS_INLINE vs vs_dot(vs sum, vx x, vb w) { return _mm512_dpbusd_epi32(sum, x, w); }

#include "../body/gemm_bytes.inc"

void fs_gemm_fill_avx512_vnni(fs_kernels *k) {
    k->gemm_s8 = gemm_s8;
    k->dots_s8 = dots_s8;
    k->gemm_limit_s8 = limit_s8;
    k->gemm_limit_read = limit_read;
}
