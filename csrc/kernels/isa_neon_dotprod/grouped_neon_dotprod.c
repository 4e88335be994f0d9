/* The product with weights in groups, NEON's dot product: sdot adds four s8 * s8 in 32 bits. */
#include "../isa_neon/grouped_vec_neon.h"

typedef int32x4_t gs;

FS_INLINE gs gs_from(vi a) { return a; }
FS_INLINE vi gs_total(gs a) { return a; }
FS_INLINE gs gs_dot4(gs sum, gx x, gw4 w) { return vdotq_s32(sum, w, x); }
FS_INLINE gs gs_dot8(gs sum, gx x, gw8 w) { return vdotq_s32(sum, w, x); }

#include "../body/grouped.inc"

void fs_grouped_fill_neon_dotprod(fs_kernels *k) {
    k->gemm_grouped = gemm_grouped;
    k->gemm_grouped_excess = gemm_grouped_excess;
}
