#define FS_NAME(slot) fs_##slot##__neon
#define FS_FILL fs_row_fill_neon
#include "vec.h"

#include "../body/rows.inc"
