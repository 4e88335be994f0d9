/* What each instruction set's products with weights in groups add to its table. */
#ifndef FS_GROUPED_SLOTS_H
#define FS_GROUPED_SLOTS_H

#include "kernels.h"

void fs_grouped_fill_avx2(fs_kernels *k);
void fs_grouped_fill_avx512(fs_kernels *k);
void fs_grouped_fill_avx512_vnni(fs_kernels *k);
void fs_grouped_fill_neon(fs_kernels *k);
void fs_grouped_fill_neon_dotprod(fs_kernels *k);

#endif
