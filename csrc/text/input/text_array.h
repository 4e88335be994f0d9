/* Texts of arrays whose elements all have the same size, padded with zeros: NumPy's S and U. */
#ifndef FS_TEXT_TEXT_ARRAY_H
#define FS_TEXT_TEXT_ARRAY_H

#include "base/buffer.h"
#include "text/text_view.h"

typedef struct fs_text_array {
    const uint8_t *data;
    int64_t count;  /* elements */
    int64_t stride; /* bytes from one to the next, of either sign */
    int64_t width;  /* of an element: bytes, or code points of 4 bytes in the machine's order, aligned or not */
    const char *name;
    int64_t first; /* place of the first one, for errors */
} fs_text_array;

/* texts (count) of bytes, which stay the array's. */
fs_status fs_text_array_bytes(const fs_text_array *a, fs_text *texts, fs_error *err);

/* texts (count) of code points, which are written to `utf8`. */
fs_status fs_text_array_codes(const fs_text_array *a, fs_buffer *utf8, fs_text *texts, fs_error *err);

#endif
