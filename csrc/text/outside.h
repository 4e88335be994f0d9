/* Cuts that are not made here: a pattern without a scanner is matched by whoever the caller names, a text at a time. */
#ifndef FS_TEXT_OUTSIDE_H
#define FS_TEXT_OUTSIDE_H

#include "base/buffer.h"
#include "text_view.h"

/* Appends the matches in a text of valid UTF-8 to *found: int32_t [n][2], begin and end in bytes, in order, none
 * overlapping, all at borders of characters; some may be empty. May be called from several threads at once. */
typedef fs_status (*fs_find_matches)(void *ctx, fs_text text, fs_buffer *found, fs_error *err);

typedef struct fs_outside {
    fs_find_matches find; /* NULL: nobody */
    void *ctx;
} fs_outside;

#endif
