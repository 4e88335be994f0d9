/* Rotary positions (Su et al. 2021): pairs of columns of queries and keys, turned by an angle that grows with their place.
 *
 *     angle of pair j: place r_j, r_j = base^(-2 j / dims), 0 <= j < dims / 2
 *     halves   columns j and dims / 2 + j are a pair          pairs   columns 2 j and 2 j + 1
 *
 * Options: rotary, the columns of a head that are turned (0: none); rotary_base (10000); rotary_layout halves, pairs
 * (halves); rotary_scaling none, linear, llama3 (none) with rotary_factor (1): linear divides all rates by it; llama3
 * those of waves longer than rotary_original / rotary_low, none of those shorter than rotary_original / rotary_high,
 * and goes over from one to the other between; rotary_factors, the prefix of a vector (dims / 2) that blocks may share:
 * the rates are divided by it; rotary_gain (1): what the turned columns are multiplied with. */
#ifndef FS_NN_ROTARY_H
#define FS_NN_ROTARY_H

#include "options.h"
#include "waves.h"
#include "weights.h"

typedef struct fs_rotary {
    int dims; /* 0: none */
    int pairs;
    fs_waves waves;
} fs_rotary;

fs_status fs_rotary_init(fs_rotary *r, const fs_options *o, const fs_build *build, int head_width, fs_error *err);
void fs_rotary_free(fs_rotary *r);

/* x (heads, width) in place; spare (dims) */
void fs_rotary_turn(const fs_rotary *r, int place, int heads, int width, float *x, float *spare);

#endif
