/* A text on its way through normalization: its bytes, and which bytes of the original each comes from. */
#ifndef FS_TEXT_ALIGNED_H
#define FS_TEXT_ALIGNED_H

#include <string.h>

#include "base/buffer.h"
#include "base/portable.h"
#include "text/text_view.h"

typedef struct fs_aligned {
    uint8_t *data;   /* [size], room for `capacity` */
    int32_t *begins; /* [size] of the original: where what a byte comes from begins, */
    int32_t *ends;   /* and ends */
    int32_t size, capacity;
    int tracked; /* whether begins and ends are kept */
    fs_buffer bytes, places[2]; /* what these pointers point to */
} fs_aligned;

/* Room for `more` bytes at the end. Fails when the text would outgrow int32. */
fs_status fs_aligned_grow(fs_aligned *a, size_t more, fs_error *err);
void fs_aligned_free(fs_aligned *a);

FS_INLINE fs_status fs_aligned_room(fs_aligned *a, size_t more, fs_error *err) {
    return more <= (size_t)(a->capacity - a->size) ? FS_OK : fs_aligned_grow(a, more, err);
}

/* Bytes (n) that come from [begin, end) of the original; the room is there. */
FS_INLINE void fs_aligned_put(fs_aligned *a, const uint8_t *bytes, int32_t n, int32_t begin, int32_t end) {
    int32_t i;
    for (i = 0; i < n; i++) a->data[a->size + i] = bytes[i];
    for (i = 0; a->tracked && i < n; i++) {
        a->begins[a->size + i] = begin;
        a->ends[a->size + i] = end;
    }
    a->size += n;
}

#endif
