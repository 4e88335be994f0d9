#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "checked.h"

void *fs_buffer_add(fs_buffer *b, size_t bytes) {
    size_t need;
    unsigned char *at;
    if (!fs_size_add(b->size, bytes, &need)) return NULL;
    if (need > b->capacity || !b->data) { /* also for no bytes: NULL means that there is no memory */
        size_t grown = b->capacity + b->capacity / 2;
        void *moved;
        if (grown < need) grown = need;
        if (grown < 64) grown = 64;
        moved = realloc(b->data, grown);
        if (!moved) return NULL;
        b->data = moved;
        b->capacity = grown;
    }
    at = (unsigned char *)b->data + b->size;
    b->size = need;
    return at;
}

fs_status fs_buffer_append(fs_buffer *b, const void *data, size_t bytes, fs_error *err) {
    void *at = fs_buffer_add(b, bytes);
    if (!at && bytes) return fs_fail_memory(err, "buffer", (uint64_t)b->size + bytes);
    if (bytes) memcpy(at, data, bytes);
    return FS_OK;
}

void fs_buffer_trim(fs_buffer *b) {
    void *moved = b->size ? realloc(b->data, b->size) : NULL;
    if (!moved) return;
    b->data = moved;
    b->capacity = b->size;
}

void fs_buffer_free(fs_buffer *b) {
    free(b->data);
    b->data = NULL;
    b->size = b->capacity = 0;
}
