#include "../gemm_slots.h"
#include "../grouped_slots.h"
#include "../kernels.h"

void fs_kernels_fill_neon_dotprod(fs_kernels *k) {
    fs_gemm_fill_neon_dotprod(k);
    fs_grouped_fill_neon_dotprod(k);
}
