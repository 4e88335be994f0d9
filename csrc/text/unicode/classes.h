/* The class of each code point, as the patterns of pre-tokenization tell them apart; in tables that
 * generate_classes.py writes. Their Unicode version is that of the libraries whose tokens ours equal. */
#ifndef FS_TEXT_CLASSES_H
#define FS_TEXT_CLASSES_H

#include <stdint.h>

#include "base/portable.h"

typedef enum fs_class {
    FS_CLASS_OTHER,       /* C*: controls, formats, unassigned */
    FS_CLASS_UPPER,       /* Lu, Lt */
    FS_CLASS_LOWER,       /* Ll */
    FS_CLASS_LETTER,      /* Lm, Lo */
    FS_CLASS_MARK,        /* M* */
    FS_CLASS_NUMBER,      /* N* */
    FS_CLASS_BLANK,       /* White_Space, but for those of the next */
    FS_CLASS_NEWLINE,     /* line feed, carriage return */
    FS_CLASS_PUNCTUATION, /* P* */
    FS_CLASS_SYMBOL,      /* S* */
    FS_CLASS_END,         /* no character: the end of the text */
    FS_CLASS_IDEOGRAPH    /* in no table: scan_deepseek.c tells ideographs and kana from the rest */
} fs_class;

/* Sets of classes, one bit each. */
#define FS_SET(c) (1u << (c))
#define FS_SET_LETTERS (FS_SET(FS_CLASS_UPPER) | FS_SET(FS_CLASS_LOWER) | FS_SET(FS_CLASS_LETTER))
#define FS_SET_SPACES (FS_SET(FS_CLASS_BLANK) | FS_SET(FS_CLASS_NEWLINE))
#define FS_SET_ALL (FS_SET(FS_CLASS_END) - 1)

extern const char fs_class_version[];
extern const uint16_t fs_class_blocks[]; /* of 128 code points */
extern const uint8_t fs_class_index[];

/* [64][64] by the last six bits of the first two bytes of a character above ASCII: which block of fs_class_thirds
 * [][64] has its class, by the last six bits of the third byte, whatever that is where the character has only two.
 * FS_LEAD_LATER: the fourth decides. */
#define FS_LEAD_LATER 0xFFFF
extern const uint16_t fs_class_leads[];
extern const uint8_t fs_class_thirds[];

/* c < 0x110000 */
FS_INLINE fs_class fs_class_of(uint32_t c) {
    return (fs_class)fs_class_index[((uint32_t)fs_class_blocks[c >> 7] << 7) + (c & 127)];
}

#endif
