/* How the tuned gemm kernels cut a strip: blocks of rows copied to the stack, tiles of rows by panels of
 * columns. Sizes only; no result depends on them.
 *
 *     block of x (rows, part of K)          packed W, one panel                  y
 *     +------- x_stride -----+               +- panel -+
 *     | row 0 ... part ... . |   tile 0      | k       |          +---------+
 *     | row 1              . |   (<= TILE)   | ...     |    ->    | tile    |  kept in registers
 *     | ...                . |   tile 1      | ...     |          +---------+
 *     +----------------------+               +---------+
 *
 * The copy makes the rows' distance a constant (one address for all rows of a tile) that is an odd number of
 * cache lines (rows do not fight for the same sets). A panel's part of W is read by all tiles of the block
 * while it is in the first- or second-level cache. Up to FS_GEMM_FEW rows there is one tile, and its rows get the room
 * that the missing ones leave: a long part of K, so that weights stream in long runs. */
#ifndef FS_GEMM_TILES_H
#define FS_GEMM_TILES_H

#include "kernels.h"

#if defined(__linux__) && !defined(__GLIBC__)
#define FS_GEMM_LESS_STACK 1 /* threads of musl have 128 KB */
#else
#define FS_GEMM_LESS_STACK 0
#endif

enum {
    FS_GEMM_TILE_MAX = 14, /* rows of a tile, with any instruction set */
    FS_GEMM_FEW = 4,       /* rows */
    FS_GEMM_NEAR = 1088,   /* bytes between rows of a block of many: 17 cache lines */
    FS_GEMM_DEEP = FS_GEMM_LESS_STACK ? FS_GEMM_NEAR : 2368, /* the same, 37 lines, where tiles are large: starting
                                                                 one costs more than weights from the second level */
    FS_GEMM_FAR = 12224, /* bytes between rows of a block of few: 191 cache lines */
    FS_GEMM_BLOCK = FS_GEMM_LESS_STACK ? 56 : 70 /* rows of a block at most */
};

/* Bytes of a block whose rows lie `stride` bytes apart, when many */
#define FS_GEMM_BLOCK_BYTES(stride) FS_MAX(FS_GEMM_BLOCK * (stride), FS_GEMM_FEW * FS_GEMM_FAR)

/* f(rows) for the tiles there are; f(rows, panels) for few rows by several panels, in order */
#define FS_GEMM_EACH_TILE(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14)
#define FS_GEMM_EACH_FEW(f) f(1, 2) f(1, 4) f(2, 2) f(2, 4) f(3, 2) f(3, 4) f(4, 2) f(4, 4)

/* The size of equal parts of n, each at most `most` */
FS_INLINE int fs_gemm_even(int n, int most) {
    const int parts = (n + most - 1) / most;
    return (n + parts - 1) / parts;
}

#endif
