/* Memory that is filled once and then read from end to end: regions lie one behind the other in the order they are
 * taken, in few large chunks, on huge pages where the system has them. All are given back together.
 *
 * One thread takes; the regions may be filled by others. */
#ifndef FS_BASE_STORE_H
#define FS_BASE_STORE_H

#include <stddef.h>

typedef struct fs_store {
    struct fs_store_chunk *last; /* linked to those before it */
    size_t used, size;           /* of the last chunk */
    size_t expected;
} fs_store;

/* About how many bytes will be taken: then chunks are few, and little of them stays unused. Without it they grow. */
void fs_store_expect(fs_store *s, size_t bytes);

/* 64-byte aligned, not cleared; NULL when there is none. */
void *fs_store_take(fs_store *s, size_t bytes);
void fs_store_close(fs_store *s);

#endif
