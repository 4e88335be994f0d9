/* The best of many without sorting them. */
#ifndef FS_DECODE_SELECT_H
#define FS_DECODE_SELECT_H

#include "../base/portable.h"

/* Items that a choice is among, side by side. */
typedef struct fs_items {
    float *key;     /* what they rank by, the largest first; of equals the lowest index. No NaN */
    float *weight;  /* 0 or more */
    int32_t *index; /* each another */
    int count;
} fs_items;

/* Keeps the fewest of the best items whose weights add up to `target`, one at least. In which order they are left follows from
 * the items as they were, and is no rank. */
void fs_items_keep(fs_items *items, double target);

/* The item at which the weights, added one by one, pass `part` (from 0 to below 1) of their sum. */
int fs_items_at(const fs_items *items, double part);

#endif
