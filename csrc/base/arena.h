/* One block of memory cut into 64-byte aligned regions, with a sticky failure.
 *
 *     fs_arena a = {0};
 *     fs_arena_plan(&a, fs_array(rows, width, sizeof(float)));   add up what will be cut
 *     FS_TRY(fs_arena_open(&a, err));                            one allocation
 *     float *x = fs_arena_cut(&a, rows, width, sizeof(float));   the same sizes, in the same order
 *     fs_arena_close(&a);
 *
 * A plan or a cut that overflows marks the arena as failed; a failed arena gives NULL from then on, and
 * fs_arena_open reports it, so only one place is checked. fs_arena_reset lets the block be cut anew.
 *
 * fs_alloc and fs_free are the only other way to memory: aligned to 64 bytes and zeroed. fs_arena_grow
 * reopens an arena when the block it holds is smaller than the plan, and otherwise only resets it: scratch
 * that lives across calls costs an allocation only when it grows. */
#ifndef FS_BASE_ARENA_H
#define FS_BASE_ARENA_H

#include <stddef.h>

#include "status.h"

typedef struct fs_arena {
    unsigned char *block;
    size_t size;    /* bytes in block */
    size_t planned; /* bytes asked for by fs_arena_plan */
    size_t used;    /* bytes cut */
    int failed;
} fs_arena;

void *fs_alloc(size_t bytes); /* zeroed, 64-byte aligned; NULL when there is none. fs_alloc(0) gives one line */
void fs_free(void *p);        /* NULL is fine */

void fs_arena_plan(fs_arena *a, size_t rows, size_t columns, size_t element);
fs_status fs_arena_open(fs_arena *a, const char *where, fs_error *err);
fs_status fs_arena_grow(fs_arena *a, const char *where, fs_error *err);
void *fs_arena_cut(fs_arena *a, size_t rows, size_t columns, size_t element);
void fs_arena_reset(fs_arena *a);
void fs_arena_close(fs_arena *a);

#endif
