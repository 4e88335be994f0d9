/* Which pairs of tokens may stand side by side (bpe_walk.h), of those that were asked for last: a slot a hash. One worker
 * at a time uses one; it lies in that worker's cache. */
#ifndef FS_TEXT_BPE_FOLLOWS_H
#define FS_TEXT_BPE_FOLLOWS_H

#include <stdint.h>

#define FS_BPE_FOLLOWS_BITS 13
typedef struct fs_bpe_follows {
    uint64_t pairs[1 << FS_BPE_FOLLOWS_BITS]; /* records left:23 right:23 1:1 may:1; 0: free */
} fs_bpe_follows;

#endif
