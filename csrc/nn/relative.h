/* Relative positions (Raffel et al. 2020, "T5", 2.1): a score gets what a table holds for the distance of its key, in
 * buckets that are single distances near 0 and then grow as the logarithm does, up to `reach`.
 *
 * Options: relative, the prefix of the table's name, "PREFIX.weight" (buckets, H), which several blocks may share; buckets
 * (32); reach (128). Rows that look both ways use half the buckets for what is behind them, half for what is ahead. */
#ifndef FS_NN_RELATIVE_H
#define FS_NN_RELATIVE_H

#include "weights.h"
#include "options.h"

typedef struct fs_relative {
    int reach;
    size_t stride; /* of a head's row */
    float *bias;   /* (H, stride) as fs_attend_args has it, or NULL */
} fs_relative;

fs_status fs_relative_init(fs_relative *r, const fs_options *o, const fs_build *build, int heads, int causal, fs_error *err);
void fs_relative_free(fs_relative *r);

/* Into a call: nothing without a table */
void fs_relative_join(const fs_relative *r, fs_attend_args *call);

#endif
