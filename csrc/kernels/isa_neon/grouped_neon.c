/* The product with weights in groups, NEON alone. Products of bytes go to 16 bits (smull) and are added in pairs to sums of
 * 32 (sadalp), so a column's sum is kept in two parts. */
#include "grouped_vec_neon.h"

typedef struct gs {
    int32x4_t first, second; /* columns 0 and 1, columns 2 and 3: two parts each */
} gs;

FS_INLINE gs gs_from(vi a) {
    const gs s = {vreinterpretq_s32_u64(vmovl_u32(vreinterpret_u32_s32(vget_low_s32(a)))),
                  vreinterpretq_s32_u64(vmovl_u32(vreinterpret_u32_s32(vget_high_s32(a))))};
    return s;
}
FS_INLINE vi gs_total(gs s) { return vpaddq_s32(s.first, s.second); }
FS_INLINE gs gs_dot8(gs sum, gx x, gw8 w) {
    sum.first = vpadalq_s16(sum.first, vmull_s8(vget_low_s8(w), vget_low_s8(x)));
    sum.second = vpadalq_s16(sum.second, vmull_high_s8(w, x));
    return sum;
}
FS_INLINE gs gs_dot4(gs sum, gx x, gw4 w) { return gs_dot8(sum, x, w); }

#include "../body/grouped.inc"

void fs_grouped_fill_neon(fs_kernels *k) {
    k->gemm_grouped = gemm_grouped;
    k->gemm_grouped_excess = gemm_grouped_excess;
}
