#include "normalize_steps.h"

fs_status fs_normalize_precompiled(fs_rewrite *r, const fs_charsmap *map) { return FS_OK; }
