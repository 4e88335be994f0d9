/* A growable array of bytes, for text and training. Together with arena.h the only caller of malloc. */
#ifndef FS_BASE_BUFFER_H
#define FS_BASE_BUFFER_H

#include <stddef.h>

#include "status.h"

typedef struct fs_buffer {
    void *data;
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
} fs_buffer;

/* Makes room for `bytes` more and returns where they start, size already advanced; NULL when there is no
 * memory, the buffer unchanged. The contents may move. */
void *fs_buffer_add(fs_buffer *b, size_t bytes);
fs_status fs_buffer_append(fs_buffer *b, const void *data, size_t bytes, fs_error *err);
void fs_buffer_trim(fs_buffer *b); /* gives back what is not in use; the contents may move */
void fs_buffer_free(fs_buffer *b);

#endif
