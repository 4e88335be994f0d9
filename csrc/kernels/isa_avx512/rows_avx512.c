#define FS_NAME(slot) fs_##slot##__avx512
#define FS_FILL fs_row_fill_avx512
#include "vec.h"

#include "../body/rows.inc"
