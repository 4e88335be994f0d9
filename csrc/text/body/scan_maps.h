/* 64 characters as bitmaps: bit i of a map tells of character i. */
#ifndef FS_TEXT_SCAN_MAPS_H
#define FS_TEXT_SCAN_MAPS_H

#include <stdint.h>

typedef struct fs_maps {
    uint64_t upper, lower, letter, mark, number, blank, newline; /* the classes; the rest are signs */
    uint64_t space, quote, slash;                                /* U+0020 ' / */
    uint64_t contraction2, contraction3; /* quotes that begin a contraction of so many characters */
} fs_maps;

#endif
