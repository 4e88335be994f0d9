/* The int8 product with AVX-512 alone, tiles of up to 14 x 32. vpmaddubsw adds two products in 16 bits, which
 * hold |w| * (+-x) + |w| * (+-x) <= 2 * 128 * 127 exactly: the sign of w goes to x, whose q is within +-127. */
#include "gemm_vec_avx512.h"

typedef __m512i vs, vx;
typedef struct vb {
    __m512i magnitude;
    __mmask64 negative;
} vb;

#define SIGNED_X 1

FS_INLINE vs vs_from(vi a) { return a; }
FS_INLINE vi vs_total(vs a) { return a; }
FS_INLINE vx vx_splat(const uint8_t *p) { return vi_splat_bytes(p); }
FS_INLINE vx vx_load(const uint8_t *p) { return _mm512_xor_si512(_mm512_loadu_si512(p), _mm512_set1_epi8((char)0x80)); }
FS_INLINE vb vb_load(const int8_t *p) {
    const __m512i w = _mm512_loadu_si512(p);
    vb b = {_mm512_abs_epi8(w), _mm512_movepi8_mask(w)};
    FS_IN_REGISTER(b.magnitude);
    return b;
}
FS_INLINE vs vs_dot(vs sum, vx x, vb w) {
    const __m512i turned = _mm512_mask_sub_epi8(x, w.negative, _mm512_setzero_si512(), x);
    const __m512i pairs = _mm512_maddubs_epi16(w.magnitude, turned);
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}

#include "../body/gemm_bytes.inc"

void fs_gemm_fill_bytes_avx512(fs_kernels *k) {
    k->gemm_s8 = gemm_s8;
    k->dots_s8 = dots_s8;
    k->gemm_limit_s8 = limit_s8;
    k->gemm_limit_read = limit_read;
}
