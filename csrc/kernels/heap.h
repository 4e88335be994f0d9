/* The k best of a row, kept in the two output arrays of top_k as a heap whose root is the worst kept.
 *
 * a ranks before b when its value is larger, or equal with a lower index; NaN ranks after everything. The
 * order is total, so what is kept does not depend on the order of arrival. */
#ifndef FS_HEAP_H
#define FS_HEAP_H

#include "../base/portable.h"

FS_INLINE int fs_ranks_before(float a, int32_t a_index, float b, int32_t b_index) {
    if (a > b) return 1;
    if (a < b) return 0;
    if ((a != a) != (b != b)) return b != b;
    return a_index < b_index;
}

/* Puts (i, v) at `at` or below, where the heap order holds; children are at 2 at + 1 and 2 at + 2. */
FS_INLINE void fs_heap_sink(int k, int at, int32_t i, float v, int32_t *index, float *value) {
    for (;;) {
        int child = 2 * at + 1;
        if (child >= k) break;
        if (child + 1 < k && fs_ranks_before(value[child], index[child], value[child + 1], index[child + 1])) child++;
        if (!fs_ranks_before(v, i, value[child], index[child])) break;
        index[at] = index[child];
        value[at] = value[child];
        at = child;
    }
    index[at] = i;
    value[at] = v;
}

/* Starts with x[0 .. k). */
FS_INLINE void fs_heap_fill(int k, const float *x, int32_t *index, float *value) {
    for (int i = 0; i < k; i++) {
        index[i] = i;
        value[i] = x[i];
    }
    for (int at = k / 2 - 1; at >= 0; at--) fs_heap_sink(k, at, index[at], value[at], index, value);
}

/* Takes (i, v) in, the worst out, if it ranks before that. */
FS_INLINE void fs_heap_offer(int k, int32_t i, float v, int32_t *index, float *value) {
    if (fs_ranks_before(v, i, value[0], index[0])) fs_heap_sink(k, 0, i, v, index, value);
}

/* Best first: the worst left goes to the end, and the heap shrinks by one. */
FS_INLINE void fs_heap_sort(int k, int32_t *index, float *value) {
    for (int last = k - 1; last > 0; last--) {
        const int32_t i = index[last];
        const float v = value[last];
        index[last] = index[0];
        value[last] = value[0];
        fs_heap_sink(last, 0, i, v, index, value);
    }
}

#endif
