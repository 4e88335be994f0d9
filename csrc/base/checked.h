/* Sizes with overflow seen. A length or dimension product that comes from a file, a spec or a caller passes
 * here before it is used. Each function returns 1 when the result fits, and 0 otherwise, *out untouched. */
#ifndef FS_BASE_CHECKED_H
#define FS_BASE_CHECKED_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "portable.h"

FS_INLINE int fs_size_add(size_t a, size_t b, size_t *out) {
    if (a > SIZE_MAX - b) return 0;
    *out = a + b;
    return 1;
}

FS_INLINE int fs_size_mul(size_t a, size_t b, size_t *out) {
    if (b && a > SIZE_MAX / b) return 0;
    *out = a * b;
    return 1;
}

/* a * b * size, for an array of a x b elements of `size` bytes */
FS_INLINE int fs_size_array(size_t a, size_t b, size_t size, size_t *out) {
    size_t n;
    return fs_size_mul(a, b, &n) && fs_size_mul(n, size, out);
}

FS_INLINE int fs_int_from_i64(int64_t a, int *out) {
    if (a < INT_MIN || a > INT_MAX) return 0;
    *out = (int)a;
    return 1;
}

/* Rounds n up to a multiple of `unit` (a power of two). */
FS_INLINE int fs_size_round(size_t n, size_t unit, size_t *out) {
    if (!fs_size_add(n, unit - 1, &n)) return 0;
    *out = n & ~(unit - 1);
    return 1;
}

#endif
