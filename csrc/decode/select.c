#include "select.h"

#include <float.h>

enum { BUCKETS = 1024, FEW = 256 }; /* of more items than so few most are sorted out by buckets */

#define DEEPEST 32.0f /* keys further below the largest go into the last bucket: of logits, they weigh nothing */

/* Rising with the rank; no two items have the same. */
static uint64_t rank_of(const fs_items *x, int i) {
    uint32_t bits;
    memcpy(&bits, &x->key[i], sizeof bits);
    bits ^= bits >> 31 ? UINT32_MAX : UINT32_C(1) << 31; /* numbers in the order of floats */
    return (uint64_t)bits << 32 | (uint32_t)~(uint32_t)x->index[i];
}

static void swap(fs_items *x, int i, int j) {
    const float key = x->key[i], weight = x->weight[i];
    const int32_t index = x->index[i];
    x->key[i] = x->key[j];
    x->weight[i] = x->weight[j];
    x->index[i] = x->index[j];
    x->key[j] = key;
    x->weight[j] = weight;
    x->index[j] = index;
}

/* Items [low, high) that rank above `pivot` come first; returns how far they go, *mass what they weigh. */
static int part(fs_items *x, int low, int high, uint64_t pivot, double *mass) {
    double sum = 0;
    while (low < high) {
        if (rank_of(x, low) > pivot) {
            sum += (double)x->weight[low++];
        } else {
            swap(x, low, --high);
        }
    }
    *mass = sum;
    return low;
}

/* Keys from the largest down fall into buckets from 0 up; equal ones into the same. */
typedef struct buckets {
    float top, scale;
} buckets;

static int bucket_of(const buckets *b, float key) {
    const float at = (b->top - key) * b->scale;
    return at < BUCKETS - 1 ? (int)at : BUCKETS - 1; /* the last holds all that is far below, and -infinity */
}

static buckets buckets_for(const fs_items *x) {
    float top = x->key[0], bottom = x->key[0];
    for (int i = 1; i < x->count; i++) {
        top = x->key[i] > top ? x->key[i] : top;
        bottom = x->key[i] < bottom ? x->key[i] : bottom;
    }
    return (buckets){top, top > bottom ? (BUCKETS - 1) / FS_MIN(top - bottom, DEEPEST) : 0};
}

/* Items [low, count) of buckets up to `last` come first; returns how far they go. */
static int part_buckets(fs_items *x, int low, const buckets *b, int last) {
    int high = x->count;
    while (low < high) {
        if (bucket_of(b, x->key[low]) <= last)
            low++;
        else
            swap(x, low, --high);
    }
    return low;
}

/* Many items: only those of one bucket, [*low, *high), are left to be looked at; those before it are kept. Gives what they
 * still have to weigh. */
static double narrow(fs_items *x, double need, int *low, int *high) {
    double mass[BUCKETS] = {0}, kept = 0;
    const buckets b = buckets_for(x);
    int which = 0;
    for (int i = 0; i < x->count; i++) mass[bucket_of(&b, x->key[i])] += (double)x->weight[i];
    while (which < BUCKETS - 1 && kept + mass[which] < need) kept += mass[which++];
    *low = which ? part_buckets(x, 0, &b, which - 1) : 0;
    *high = part_buckets(x, *low, &b, which);
    return FS_MAX(need - kept, DBL_MIN);
}

/* Halves the range of ranks in which the last kept item lies, 64 times at most. Where the last bucket came out empty, all
 * before it are kept. */
void fs_items_keep(fs_items *x, double target) {
    uint64_t bottom = UINT64_MAX, top = 0;
    double need = FS_MAX(target, DBL_MIN), mass;
    int low = 0, high = x->count; /* [0, low) are kept, [high, count) are not */
    if (x->count > FEW) need = narrow(x, need, &low, &high);
    for (int i = low; i < high; i++) {
        const uint64_t rank = rank_of(x, i);
        bottom = FS_MIN(bottom, rank);
        top = FS_MAX(top, rank);
    }
    while (high - low > 1) {
        const uint64_t pivot = bottom + (top - bottom) / 2;
        const int middle = part(x, low, high, pivot, &mass);
        if (mass >= need) {
            high = middle;
            bottom = pivot + 1;
        } else {
            low = middle;
            top = pivot;
            need -= mass;
        }
    }
    x->count = high; /* the one left in between is the one that reaches the target */
}

int fs_items_at(const fs_items *x, double part) {
    double sum = 0, wanted;
    int last = 0;
    for (int i = 0; i < x->count; i++) sum += (double)x->weight[i];
    wanted = part * sum;
    sum = 0;
    for (int i = 0; i < x->count; i++) {
        if (!(x->weight[i] > 0)) continue;
        sum += (double)x->weight[i];
        last = i;
        if (sum > wanted) break;
    }
    return last;
}
