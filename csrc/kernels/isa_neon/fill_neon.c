#include "../gemm_slots.h"
#include "../grouped_slots.h"
#include "../kernels.h"
#include "../row_slots.h"

void fs_kernels_fill_neon(fs_kernels *k) {
    fs_row_fill_neon(k);
    fs_gemm_fill_neon(k);
    fs_grouped_fill_neon(k);
}
