/* What each instruction set's gemm files add to its table. The int8 layout of a set is shared by those that
 * build on it. */
#ifndef FS_GEMM_SLOTS_H
#define FS_GEMM_SLOTS_H

#include "kernels.h"

enum { FS_GEMM_NEON_BYTE_PANEL = 8 };

void fs_gemm_fill_portable(fs_kernels *k);
void fs_gemm_fill_avx2(fs_kernels *k);
void fs_gemm_fill_bytes_avx2(fs_kernels *k);
void fs_gemm_fill_avx512(fs_kernels *k);
void fs_gemm_fill_bytes_avx512(fs_kernels *k);
void fs_gemm_fill_avx512_vnni(fs_kernels *k);
void fs_gemm_fill_neon(fs_kernels *k);
void fs_gemm_fill_bytes_neon(fs_kernels *k);
void fs_gemm_fill_neon_dotprod(fs_kernels *k);

#endif
