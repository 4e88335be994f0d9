/* What each instruction set's row kernels (body/rows.inc) add to its table. */
#ifndef FS_ROW_SLOTS_H
#define FS_ROW_SLOTS_H

#include "kernels.h"

void fs_row_fill_avx2(fs_kernels *k);
void fs_row_fill_avx512(fs_kernels *k);
void fs_row_fill_neon(fs_kernels *k);

#endif
