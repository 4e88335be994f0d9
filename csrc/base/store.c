#include "store.h"

#include "arena.h"
#include "checked.h"
#include "portable.h"

/* A chunk is as large as what is still expected, or twice the one before, between these. Of the last one only what is used
 * is touched. */
#define LEAST ((size_t)1 << 16)
#define MOST ((size_t)64 << 20)

typedef struct fs_store_chunk {
    struct fs_store_chunk *before;
    unsigned char line[FS_ALIGNMENT - sizeof(void *)]; /* what follows is aligned as the chunk is */
} chunk;

static int add_chunk(fs_store *s, size_t bytes) {
    size_t size = FS_MIN(FS_MAX(FS_MAX(2 * s->size, s->expected), LEAST), MOST);
    chunk *c;
    if (size < bytes || size - bytes < sizeof *c) {
        if (!fs_size_add(bytes, sizeof *c, &size)) return 0;
    }
    c = fs_alloc_pages(size);
    if (!c) return 0;
    c->before = s->last;
    *s = (fs_store){c, sizeof *c, size, s->expected - FS_MIN(s->expected, size)};
    return 1;
}

void fs_store_expect(fs_store *s, size_t bytes) {
    if (!fs_size_add(bytes, sizeof(chunk), &s->expected)) s->expected = 0;
}

void *fs_store_take(fs_store *s, size_t bytes) {
    unsigned char *p;
    if (!fs_size_round(bytes ? bytes : 1, FS_ALIGNMENT, &bytes)) return NULL;
    if (s->size - s->used < bytes && !add_chunk(s, bytes)) return NULL;
    p = (unsigned char *)s->last + s->used;
    s->used += bytes;
    return p;
}

void fs_store_close(fs_store *s) {
    while (s->last) {
        chunk *const c = s->last;
        s->last = c->before;
        fs_free(c);
    }
    *s = (fs_store){0};
}
