/* The script of each code point, in a table that generate_scripts.py writes. */
#ifndef FS_TEXT_SCRIPTS_H
#define FS_TEXT_SCRIPTS_H

#include <stdint.h>

#include "base/portable.h"

enum { FS_SCRIPT_COMMON = 0, FS_SCRIPT_INHERITED = 1 };

extern const int32_t fs_script_count;
extern const uint32_t fs_script_ranges[]; /* first code point << 8 | script, in order */

/* Han, Hiragana and Katakana are one. c < 0x110000 */
FS_INLINE int fs_script_of(uint32_t c) {
    int32_t low = 0, high = fs_script_count;
    while (high - low > 1) {
        const int32_t middle = (low + high) / 2;
        if (fs_script_ranges[middle] >> 8 <= c)
            low = middle;
        else
            high = middle;
    }
    return (int)(fs_script_ranges[low] & 255);
}

#endif
