#include "joints.h"

#include <string.h>

#include "base/arena.h"

#define BITS_LEAST 16 /* of a place: 8 kB */
#define BITS_MOST 22

fs_status fs_joints_init(fs_joints *j, size_t bytes, fs_error *err) {
    int bits = BITS_LEAST;
    while (bits < BITS_MOST && (size_t)1 << bits < 2 * bytes / 8) bits++; /* most pairs are there many times */
    j->shift = 32 - bits;
    j->bits = fs_alloc((size_t)1 << (bits - 3));
    return j->bits ? FS_OK : fs_fail_memory(err, "pieces", (uint64_t)1 << (bits - 3));
}

void fs_joints_free(fs_joints *j) {
    fs_free(j->bits);
    memset(j, 0, sizeof *j);
}
