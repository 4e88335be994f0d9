/* What is known of each code point, in tables that generate_unicode.py writes. */
#ifndef FS_TEXT_UNICODE_H
#define FS_TEXT_UNICODE_H

#include <stdint.h>

#include "base/portable.h"

/* fs_character.flags, as generate_unicode.py numbers them */
enum {
    FS_CHAR_LETTER = 1,
    FS_CHAR_MARK = 2,
    FS_CHAR_NUMBER = 4,
    FS_CHAR_CONNECTOR = 8,
    FS_CHAR_SPACE = 16,      /* Python's str.isspace() */
    FS_CHAR_SILENT = 32,     /* nothing to see: white space, controls, formats */
    FS_CHAR_CASED = 64,      /* cased and not case-ignorable */
    FS_CHAR_IGNORABLE = 128, /* case-ignorable */
    FS_CHAR_PICTOGRAPH = 256
};

/* fs_character.word_break: the classes of UAX #29, table 3, in the order of generate_unicode.py */
enum {
    FS_WB_OTHER,
    FS_WB_CR,
    FS_WB_LF,
    FS_WB_NEWLINE,
    FS_WB_EXTEND,
    FS_WB_ZWJ,
    FS_WB_FORMAT,
    FS_WB_REGIONAL,
    FS_WB_KATAKANA,
    FS_WB_HEBREW,
    FS_WB_LETTER,
    FS_WB_SINGLE_QUOTE,
    FS_WB_DOUBLE_QUOTE,
    FS_WB_MID_NUM_LET,
    FS_WB_MID_LETTER,
    FS_WB_MID_NUM,
    FS_WB_NUMERIC,
    FS_WB_EXTEND_NUM_LET,
    FS_WB_SPACE
};

typedef struct fs_character {
    int32_t lower; /* what to add to the code point for its simple lower case */
    uint16_t flags;
    uint8_t word_break;
} fs_character;

extern const char fs_unicode_version[];
extern const fs_character fs_unicode_kinds[];
extern const uint16_t fs_unicode_blocks[]; /* of 128 code points */
extern const uint8_t fs_unicode_index[];

/* c < 0x110000 */
FS_INLINE const fs_character *fs_unicode_of(uint32_t c) {
    return &fs_unicode_kinds[fs_unicode_index[((uint32_t)fs_unicode_blocks[c >> 7] << 7) + (c & 127)]];
}

#endif
