/* What each instruction set's gemm files add to its table. */
#ifndef FS_GEMM_SLOTS_H
#define FS_GEMM_SLOTS_H

#include "kernels.h"

void fs_gemm_fill_portable(fs_kernels *k);

#endif
