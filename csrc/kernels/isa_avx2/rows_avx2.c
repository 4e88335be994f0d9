#define FS_NAME(slot) fs_##slot##__avx2
#define FS_FILL fs_row_fill_avx2
#include "vec.h"

#include "../body/rows.inc"
