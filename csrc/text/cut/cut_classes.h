/* The classes of characters that pre-tokenizers cut at, in tables that generate_cut_classes.py writes. */
#ifndef FS_TEXT_CUT_CLASSES_H
#define FS_TEXT_CUT_CLASSES_H

#include <stdint.h>

#include "base/portable.h"

enum { /* bits of fs_cut_class */
    FS_CUT_WORD = 1,   /* \w */
    FS_CUT_SPACE = 2,  /* White_Space */
    FS_CUT_SIGN = 4,   /* punctuation, and all signs of ASCII */
    FS_CUT_NUMBER = 8  /* N* */
};

extern const uint8_t fs_cut_blocks[]; /* of 128 code points */
extern const uint8_t fs_cut_index[];

/* c < 0x110000 */
FS_INLINE unsigned fs_cut_class(uint32_t c) { return fs_cut_index[((uint32_t)fs_cut_blocks[c >> 7] << 7) + (c & 127)]; }

#endif
