/* The product with weights in groups, AVX-512 alone. vpmaddubsw adds two products in 16 bits: of weights of 4 bits at most
 * 2 * 15 * 127; of 8 bits at most 2 * 128 * 127, as the sign of w goes to x. */
#include "grouped_vec_avx512.h"

typedef __m512i gs, gx, gw4;
typedef struct gw8 {
    __m512i magnitude;
    __mmask64 negative;
} gw8;

#define ZERO8 0
#define GROUPED_ROWS 6
#define GROUPED_WIDE 2

FS_INLINE gs gs_from(vi a) { return a; }
FS_INLINE vi gs_total(gs a) { return a; }
FS_INLINE gx gx_splat(const uint8_t *p) { return vi_splat_bytes(p); }
FS_INLINE gw4 gw4_low(const uint8_t *p) { return grouped_low(p); }
FS_INLINE gw4 gw4_high(const uint8_t *p) { return grouped_high(p); }
FS_INLINE gw4 gw4_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
FS_INLINE void gw4_store(uint8_t *p, gw4 w) { _mm512_storeu_si512(p, w); }
FS_INLINE gw8 gw8_load(const uint8_t *p) {
    const __m512i w = _mm512_xor_si512(_mm512_loadu_si512(p), _mm512_set1_epi8((char)0x80));
    const gw8 b = {_mm512_abs_epi8(w), _mm512_movepi8_mask(w)};
    return b;
}
FS_INLINE gs grouped_add_pairs(gs sum, __m512i pairs) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
}
FS_INLINE gs gs_dot4(gs sum, gx x, gw4 w) { return grouped_add_pairs(sum, _mm512_maddubs_epi16(w, x)); }
FS_INLINE gs gs_dot8(gs sum, gx x, gw8 w) {
    const __m512i turned = _mm512_mask_sub_epi8(x, w.negative, _mm512_setzero_si512(), x);
    return grouped_add_pairs(sum, _mm512_maddubs_epi16(w.magnitude, turned));
}

#include "../body/grouped.inc"

void fs_grouped_fill_avx512(fs_kernels *k) {
    k->gemm_grouped = gemm_grouped;
    k->gemm_grouped_excess = gemm_grouped_excess;
}
