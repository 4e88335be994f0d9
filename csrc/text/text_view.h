/* A borrowed run of bytes. */
#ifndef FS_TEXT_TEXT_VIEW_H
#define FS_TEXT_TEXT_VIEW_H

#include <stddef.h>
#include <stdint.h>

/* Positions in one text are int32: lower-casing makes it at most half as long again. */
#define FS_TEXT_MAX (1 << 30) /* bytes */

typedef struct fs_text {
    const uint8_t *data;
    size_t size;
} fs_text;

#endif
