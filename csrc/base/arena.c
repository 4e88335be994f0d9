#include "arena.h"

#include <stdlib.h>
#include <string.h>
#if defined(_WIN32)
#include <malloc.h>
#elif defined(__linux__)
#include <sys/mman.h>
#endif

#include "checked.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define WHOLE_PAGES ((size_t)1 << 16) /* of any system that has smaller ones */

static void *alloc_raw(size_t bytes, size_t *size) {
    void *p = NULL;
    if (!fs_size_round(bytes ? bytes : 1, FS_ALIGNMENT, size)) return NULL;
#if defined(_WIN32)
    p = _aligned_malloc(*size, FS_ALIGNMENT);
#else
    if (posix_memalign(&p, FS_ALIGNMENT, *size) != 0) return NULL;
#endif
    return p;
}

void *fs_alloc(size_t bytes) {
    size_t size;
    void *p = alloc_raw(bytes, &size);
    if (p) memset(p, 0, size);
    return p;
}

/* Whole huge pages, but for a small rest. anew: memory used before gives its pages back, as small ones would stay; *cleared: how
 * many bytes from the start on are new ones, which are zero */
static void *alloc_pages(size_t bytes, int anew, size_t *cleared) {
    size_t size;
    *cleared = 0;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (bytes >= HUGE_PAGE / 2) {
        void *p = NULL;
        if (!fs_size_round(bytes, bytes % HUGE_PAGE < HUGE_PAGE / 2 ? FS_ALIGNMENT : HUGE_PAGE, &size)) return NULL;
        if (posix_memalign(&p, HUGE_PAGE, size) != 0) return NULL;
        if (anew && madvise(p, size / WHOLE_PAGES * WHOLE_PAGES, MADV_DONTNEED) == 0) /* what is behind is not ours */
            *cleared = size / WHOLE_PAGES * WHOLE_PAGES;
        (void)madvise(p, size / WHOLE_PAGES * WHOLE_PAGES, MADV_HUGEPAGE); /* where it cannot be had, small pages do */
        return p;
    }
#endif
    (void)anew;
    return alloc_raw(bytes, &size);
}

void *fs_alloc_pages(size_t bytes) {
    size_t cleared;
    return alloc_pages(bytes, 1, &cleared);
}

void *fs_alloc_table(size_t bytes) {
    size_t cleared;
    void *p = alloc_pages(bytes, 1, &cleared);
    if (p && cleared < bytes) memset((unsigned char *)p + cleared, 0, bytes - cleared);
    return p;
}

void *fs_alloc_sparse(size_t bytes) {
#if defined(__linux__)
    size_t size;
    void *p = NULL;
    if (!fs_size_round(bytes, WHOLE_PAGES, &size) || posix_memalign(&p, WHOLE_PAGES, size) != 0) return NULL;
    if (madvise(p, size, MADV_DONTNEED) != 0) memset(p, 0, size); /* else zeros come as it is touched */
    return p;
#else
    return fs_alloc(bytes);
#endif
}

void fs_free(void *p) {
#if defined(_WIN32)
    _aligned_free(p);
#else
    free(p);
#endif
}

void fs_arena_plan(fs_arena *a) {
    a->planning = 1;
    a->planned = 0;
    a->used = 0;
    a->failed = 0;
}

fs_status fs_arena_ready(fs_arena *a, const char *where, fs_error *err) {
    size_t cleared;
    a->planning = 0;
    a->used = 0;
    if (a->failed) return fs_fail_memory(err, where, (uint64_t)SIZE_MAX);
    if (a->block && a->planned <= a->size) return FS_OK;
    fs_free(a->block);
    a->size = 0;
    a->block = alloc_pages(a->planned, 0, &cleared);
    if (!a->block) {
        a->failed = 1;
        return fs_fail_memory(err, where, (uint64_t)a->planned);
    }
    a->size = a->planned;
    return FS_OK;
}

/* Bytes of one region, rounded to whole lines; 0 on overflow. */
static size_t region(size_t rows, size_t columns, size_t element) {
    size_t n;
    if (!fs_size_array(rows, columns, element, &n)) return 0;
    if (!fs_size_round(n ? n : 1, FS_ALIGNMENT, &n)) return 0;
    return n;
}

void *fs_arena_cut(fs_arena *a, size_t rows, size_t columns, size_t element) {
    size_t n = region(rows, columns, element);
    void *p;
    if (a->planning) {
        if (!n || !fs_size_add(a->used, n, &a->used)) a->failed = 1;
        a->planned = a->used > a->planned ? a->used : a->planned;
        return NULL;
    }
    if (a->failed || !a->block || !n || n > a->size - a->used) {
        a->failed = 1;
        return NULL;
    }
    p = a->block + a->used;
    a->used += n;
    return p;
}

size_t fs_arena_mark(const fs_arena *a) { return a->used; }
void fs_arena_release(fs_arena *a, size_t mark) { a->used = mark; }
void fs_arena_rewind(fs_arena *a) { a->used = 0; }

void fs_arena_close(fs_arena *a) {
    fs_free(a->block);
    memset(a, 0, sizeof *a);
}
