#include "../gemm_slots.h"
#include "../grouped_slots.h"
#include "../kernels.h"

void fs_kernels_fill_avx512_vnni(fs_kernels *k) {
    fs_gemm_fill_avx512_vnni(k);
    fs_grouped_fill_avx512_vnni(k);
}
