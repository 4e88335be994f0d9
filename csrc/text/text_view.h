/* A borrowed run of bytes. */
#ifndef FS_TEXT_TEXT_VIEW_H
#define FS_TEXT_TEXT_VIEW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/portable.h"

/* Positions in one text are int32: lower-casing makes it at most half as long again. */
#define FS_TEXT_MAX (1 << 30) /* bytes */

typedef struct fs_text {
    const uint8_t *data;
    size_t size;
} fs_text;

/* Below, at or above 0, as the bytes of a come before, are or come behind those of b: the order of code points. */
FS_INLINE int fs_text_compare(fs_text a, fs_text b) {
    const size_t shorter = FS_MIN(a.size, b.size);
    const int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    return order ? order : a.size < b.size ? -1 : a.size > b.size;
}

#endif
