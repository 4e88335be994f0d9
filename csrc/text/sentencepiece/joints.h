/* Which characters stand side by side in a piece of a vocabulary. Between two that never do, no piece spans and nothing
 * merges: what is on both sides can be encoded apart.
 *
 *     bits    one for a hash of (left, right); those of a vocabulary are set, and some others by chance, which only
 *             makes parts longer */
#ifndef FS_TEXT_JOINTS_H
#define FS_TEXT_JOINTS_H

#include "base/portable.h"
#include "base/status.h"

typedef struct fs_joints {
    uint64_t *bits;
    int shift;
} fs_joints;

/* Of pieces of about `bytes` bytes in all. Free it either way. */
fs_status fs_joints_init(fs_joints *j, size_t bytes, fs_error *err);
void fs_joints_free(fs_joints *j); /* zero-filled ones, too */

FS_INLINE uint32_t fs_joint_place(const fs_joints *j, uint32_t left, uint32_t right) {
    return (left * 0x9E3779B1u ^ right * 0x85EBCA6Bu) * 0xC2B2AE35u >> j->shift;
}

FS_INLINE int fs_joint(const fs_joints *j, uint32_t left, uint32_t right) {
    const uint32_t place = fs_joint_place(j, left, right);
    return (int)(j->bits[place >> 6] >> (place & 63) & 1);
}

FS_INLINE void fs_joint_add(fs_joints *j, uint32_t left, uint32_t right) {
    const uint32_t place = fs_joint_place(j, left, right);
    j->bits[place >> 6] |= (uint64_t)1 << (place & 63);
}

#endif
