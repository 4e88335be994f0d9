/* The product with weights in groups, AVX-512 VNNI: vpdpbusd takes the weights as unsigned, as they lie, and x as signed. */
#include "../isa_avx512/gemm_vec_avx512.h"
#include "../isa_avx512/grouped_vec_avx512.h"

typedef __m512i gs, gx, gw4, gw8;

#define ZERO8 128
#define GROUPED_ROWS 6
#define GROUPED_WIDE 2

FS_INLINE gs gs_from(vi a) { return a; }
FS_INLINE vi gs_total(gs a) { return a; }
FS_INLINE gx gx_splat(const uint8_t *p) { return vi_splat_bytes(p); }
FS_INLINE gw4 gw4_low(const uint8_t *p) { return grouped_low(p); }
FS_INLINE gw4 gw4_high(const uint8_t *p) { return grouped_high(p); }
FS_INLINE gw4 gw4_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
FS_INLINE void gw4_store(uint8_t *p, gw4 w) { _mm512_storeu_si512(p, w); }
FS_INLINE gw8 gw8_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
FS_INLINE gs gs_dot4(gs sum, gx x, gw4 w) { return _mm512_dpbusd_epi32(sum, w, x); }
FS_INLINE gs gs_dot8(gs sum, gx x, gw8 w) { return _mm512_dpbusd_epi32(sum, w, x); }

#include "../body/grouped.inc"

void fs_grouped_fill_avx512_vnni(fs_kernels *k) {
    k->gemm_grouped = gemm_grouped;
    k->gemm_grouped_excess = gemm_grouped_excess;
}
