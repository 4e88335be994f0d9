#include "../gemm_slots.h"
#include "../kernels.h"

void fs_kernels_fill_avx512(fs_kernels *k) { fs_gemm_fill_avx512(k); }
