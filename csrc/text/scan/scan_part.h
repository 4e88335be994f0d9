/* Where a text may be cut in two that scanners cut as they cut the whole. */
#ifndef FS_TEXT_SCAN_PART_H
#define FS_TEXT_SCAN_PART_H

#include "text/text_view.h"

/* By every rule but FS_SCAN_WHOLE: the first such place behind `at`; the text's size: none. */
int32_t fs_scan_part(fs_text text, int32_t at);

#endif
