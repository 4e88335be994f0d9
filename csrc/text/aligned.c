#include "aligned.h"

#include "base/arena.h"

fs_status fs_aligned_grow(fs_aligned *a, size_t more, fs_error *err) {
    const size_t need = (size_t)a->size + more, wanted = FS_MAX(FS_MAX(need, 256), (size_t)a->capacity / 2 * 3);
    fs_aligned b = *a;
    if (need > INT32_MAX / 2)
        return fs_fail(err, FS_ERR_VALUE, "text", "too long once it is normalized", "at most %d bytes|%llu", INT32_MAX / 2,
                       (unsigned long long)need);
    b.capacity = (int32_t)FS_MIN(wanted, (size_t)INT32_MAX / 2);
    b.data = fs_alloc((size_t)b.capacity);
    b.begins = a->tracked ? fs_alloc((size_t)b.capacity * sizeof *b.begins) : NULL;
    b.ends = a->tracked ? fs_alloc((size_t)b.capacity * sizeof *b.ends) : NULL;
    if (!b.data || (a->tracked && (!b.begins || !b.ends))) {
        fs_aligned_free(&b);
        return fs_fail_memory(err, "text", (uint64_t)b.capacity * (a->tracked ? 9 : 1));
    }
    if (a->size) {
        memcpy(b.data, a->data, (size_t)a->size);
        if (a->tracked) {
            memcpy(b.begins, a->begins, (size_t)a->size * sizeof *b.begins);
            memcpy(b.ends, a->ends, (size_t)a->size * sizeof *b.ends);
        }
    }
    fs_aligned_free(a);
    *a = b;
    return FS_OK;
}

void fs_aligned_free(fs_aligned *a) {
    fs_free(a->data);
    fs_free(a->begins);
    fs_free(a->ends);
    memset(a, 0, sizeof *a);
}
