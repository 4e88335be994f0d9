/* One block of memory cut into 64-byte aligned regions, with a sticky failure.
 *
 * What will be cut is first added up, then allocated at once, then cut; the same code runs twice, so the two
 * can not disagree:
 *
 *     fs_arena a = {0};
 *     for (fs_arena_plan(&a); ; ) {
 *         x = fs_arena_cut(&a, rows, width, sizeof(float));      NULL while planning
 *         y = fs_arena_cut(&a, rows, 1, sizeof(int32_t));
 *         if (!fs_arena_planning(&a)) break;
 *         FS_TRY(fs_arena_ready(&a, "where", err));              allocates, or keeps a block large enough
 *     }
 *     ...
 *     fs_arena_close(&a);
 *
 * A size that overflows marks the arena as failed, and fs_arena_ready reports it: one place to check.
 * Regions are not cleared. An arena that lives across calls allocates only when it has to grow.
 *
 * fs_alloc and its kin and fs_free are the only other way to memory (store.h is made of them): aligned to 64 bytes and zeroed. */
#ifndef FS_BASE_ARENA_H
#define FS_BASE_ARENA_H

#include <stddef.h>

#include "status.h"

typedef struct fs_arena {
    unsigned char *block;
    size_t size;    /* bytes in block */
    size_t planned; /* most bytes cut at once, found while planning */
    size_t used;    /* bytes cut and not released */
    int planning;
    int failed;
} fs_arena;

void *fs_alloc(size_t bytes); /* zeroed, 64-byte aligned; NULL when there is none. fs_alloc(0) gives one line */
void fs_free(void *p);        /* NULL is fine */

/* fs_alloc for a table that is read at random: where the system has huge pages, a large one lies on them, since
 * otherwise most of the time of such reads goes to finding their page. */
void *fs_alloc_table(size_t bytes);
void *fs_alloc_pages(size_t bytes); /* the same, not cleared */

/* fs_alloc for a table of which perhaps little is used: where the system can, its pages take memory when they are first
 * touched. */
void *fs_alloc_sparse(size_t bytes);

void fs_arena_plan(fs_arena *a);
fs_status fs_arena_ready(fs_arena *a, const char *where, fs_error *err);
void *fs_arena_cut(fs_arena *a, size_t rows, size_t columns, size_t element);
/* What was cut since the mark may be cut again. */
size_t fs_arena_mark(const fs_arena *a);
void fs_arena_release(fs_arena *a, size_t mark);
void fs_arena_rewind(fs_arena *a); /* to cut again, at most as much, without planning anew */
void fs_arena_close(fs_arena *a);

static inline int fs_arena_planning(const fs_arena *a) { return a->planning; }

#endif
