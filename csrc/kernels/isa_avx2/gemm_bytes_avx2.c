/* The int8 product with AVX2, tiles of up to 5 x 16. vpmaddubsw adds two products in 16 bits, which hold
 * |w| * (+-x) + |w| * (+-x) <= 2 * 128 * 127 exactly: the sign of w goes to x, whose q is within +-127. */
#include "gemm_vec_avx2.h"

#define TILE 5
#define SIGNED_X 1

typedef __m256i vs, vx;
typedef struct vb {
    __m256i w, magnitude;
} vb;

FS_INLINE vs vs_from(vi a) { return a; }
FS_INLINE vi vs_total(vs a) { return a; }
FS_INLINE vx vx_splat(const uint8_t *p) {
    int four;
    memcpy(&four, p, sizeof four);
    return _mm256_set1_epi32(four);
}
FS_INLINE vx vx_load(const uint8_t *p) {
    return _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)p), _mm256_set1_epi8((char)0x80));
}
FS_INLINE vb vb_load(const int8_t *p) {
    const __m256i w = _mm256_loadu_si256((const __m256i *)p);
    const vb b = {w, _mm256_abs_epi8(w)};
    return b;
}
FS_INLINE vs vs_dot(vs sum, vx x, vb b) {
    const __m256i pairs = _mm256_maddubs_epi16(b.magnitude, _mm256_sign_epi8(x, b.w));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

#include "../body/gemm_bytes.inc"

void fs_gemm_fill_bytes_avx2(fs_kernels *k) {
    k->gemm_s8 = gemm_s8;
    k->dots_s8 = dots_s8;
    k->gemm_limit_s8 = limit_s8;
    k->gemm_limit_read = limit_read;
}
