/* Ragged batches: checking what a caller gave, and the order to run it in. */
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "graph.h"

fs_status fs_batch_check(const fs_batch *b, int64_t total, int least, int vocabulary, fs_error *err) {
    if (b->offsets[0] != 0 || b->offsets[b->count] != total)
        return fs_fail(err, FS_ERR_VALUE, "offsets", "do not span the ids", "from 0 to %lld|from %lld to %lld",
                       (long long)total, (long long)b->offsets[0], (long long)b->offsets[b->count]);
    for (int64_t i = 0; i < b->count; i++)
        if (b->offsets[i + 1] < b->offsets[i])
            return fs_fail(err, FS_ERR_VALUE, "offsets", "fall", "rising offsets|%lld after %lld at %lld",
                           (long long)b->offsets[i + 1], (long long)b->offsets[i], (long long)i);
    for (int64_t i = 0; i < total; i++)
        if (b->ids[i] < least || b->ids[i] >= vocabulary)
            return fs_fail(err, FS_ERR_VALUE, "ids", "outside the vocabulary", "%d to %d|%d at %lld", least, vocabulary - 1,
                           b->ids[i], (long long)i);
    return FS_OK;
}

typedef struct item {
    int64_t length, index;
} item;

static int longest_first(const void *a, const void *b) {
    const item *x = a, *y = b;
    if (x->length != y->length) return x->length < y->length ? 1 : -1;
    return x->index < y->index ? -1 : 1;
}

fs_status fs_batch_order(const fs_batch *b, int64_t *order, fs_error *err) {
    size_t bytes = 0;
    item *items = fs_size_mul((size_t)b->count, sizeof *items, &bytes) ? fs_alloc(bytes) : NULL;
    if (!items) return fs_fail_memory(err, "batch", bytes);
    for (int64_t i = 0; i < b->count; i++) {
        items[i].length = b->offsets[i + 1] - b->offsets[i];
        items[i].index = i;
    }
    qsort(items, (size_t)b->count, sizeof *items, longest_first);
    for (int64_t i = 0; i < b->count; i++) order[i] = items[i].index;
    fs_free(items);
    return FS_OK;
}
