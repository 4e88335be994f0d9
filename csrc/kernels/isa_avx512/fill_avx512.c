#include "../gemm_slots.h"
#include "../grouped_slots.h"
#include "../kernels.h"
#include "../row_slots.h"

void fs_kernels_fill_avx512(fs_kernels *k) {
    fs_row_fill_avx512(k);
    fs_gemm_fill_avx512(k);
    fs_grouped_fill_avx512(k);
}
