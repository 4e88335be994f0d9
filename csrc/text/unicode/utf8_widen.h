/* UTF-8 to the code points of a string that has one width for all: how Python keeps its text. */
#ifndef FS_TEXT_UTF8_WIDEN_H
#define FS_TEXT_UTF8_WIDEN_H

#include <stddef.h>
#include <stdint.h>

/* How many characters there are, were it valid, and *width, the bytes that the widest takes: 0 when all are ASCII, 1 below
 * U+0100, 2, 4. */
size_t fs_utf8_shape(const uint8_t *text, size_t size, int *width);

/* The code points, one behind the other, to `to`, which has room for as many as fs_utf8_shape said, of its width (1, 2
 * or 4). 0: the text is not valid, and what was written is of no use. */
int fs_utf8_widen(const uint8_t *text, size_t size, int width, void *to);

#endif
