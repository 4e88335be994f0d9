#include "aligned.h"

#define SIZE_MOST (INT32_MAX / 2)

/* Room for `need` elements in all. */
static void *reserve(fs_buffer *b, size_t need, size_t element) {
    b->size = 0;
    return fs_buffer_add(b, need * element) ? b->data : NULL;
}

fs_status fs_aligned_grow(fs_aligned *a, size_t more, fs_error *err) {
    size_t need = (size_t)a->size + more;
    void *data, *begins = NULL, *ends = NULL;
    if (need > SIZE_MOST)
        return fs_fail(err, FS_ERR_VALUE, "text", "too long once it is normalized", "at most %d bytes|%llu", SIZE_MOST,
                       (unsigned long long)need);
    need = FS_MIN(FS_MAX(need, (size_t)a->capacity / 2 * 3), SIZE_MOST);
    need = FS_MAX(need, 256);
    data = reserve(&a->bytes, need, 1);
    if (a->tracked) begins = reserve(&a->places[0], need, sizeof *a->begins);
    if (a->tracked) ends = reserve(&a->places[1], need, sizeof *a->ends);
    if (!data || (a->tracked && (!begins || !ends))) return fs_fail_memory(err, "text", (uint64_t)need * 9);
    a->data = data;
    a->begins = begins;
    a->ends = ends;
    a->capacity = (int32_t)need;
    return FS_OK;
}

void fs_aligned_free(fs_aligned *a) {
    fs_buffer_free(&a->bytes);
    fs_buffer_free(&a->places[0]);
    fs_buffer_free(&a->places[1]);
}
