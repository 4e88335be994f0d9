#include "relative.h"

#include <math.h>

enum { ROUND = FS_ATTEND_KEYS }; /* what rows go further at both ends */

/* The bucket of a key at distance `apart`, in float32 as the tables' makers count it */
static int bucket_of(int apart, int buckets, int reach, int causal) {
    int base = 0, far = apart < 0 ? -apart : causal ? 0 : apart, near;
    float more;
    if (!causal) {
        buckets /= 2;
        if (apart > 0) base = buckets;
    }
    near = buckets / 2;
    if (far < near) return base + far;
    more = logf((float)far / (float)near) / (float)log((double)reach / near) * (float)(buckets - near);
    return base + FS_MIN(near + (int)more, buckets - 1);
}

fs_status fs_relative_init(fs_relative *r, const fs_options *o, const fs_build *build, int heads, int causal, fs_error *err) {
    fs_build at = *build;
    int buckets = 32;
    float *table = NULL;
    r->reach = 128;
    at.prefix = fs_option_word(o, "relative", NULL);
    FS_TRY(fs_option_int(o, "buckets", 4, 1 << 16, &buckets, err));
    FS_TRY(fs_option_int(o, "reach", 1, 1 << 16, &r->reach, err));
    if (!at.prefix) return FS_OK;
    if (buckets % 4 || r->reach < buckets)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "no such relative positions",
                       "buckets a multiple of 4 and not above reach|%d and %d", buckets, r->reach);
    FS_TRY(fs_build_floats(&at, ".weight", buckets, heads, 0, heads, &table, err));
    r->stride = 2 * (size_t)(r->reach + ROUND) + 1;
    r->bias = fs_alloc((size_t)heads * r->stride * sizeof *r->bias);
    for (int head = 0; head < heads && r->bias; head++)
        for (int i = 0; i < (int)r->stride; i++) {
            const int apart = FS_MIN(FS_MAX(i - r->reach - ROUND, -r->reach), r->reach);
            const int bucket = bucket_of(apart, buckets, r->reach, causal);
            r->bias[(size_t)head * r->stride + (size_t)i] = table[(size_t)bucket * (size_t)heads + (size_t)head];
        }
    fs_free(table);
    return r->bias ? FS_OK : fs_fail_memory(err, o->where, (uint64_t)heads * r->stride * sizeof *r->bias);
}

void fs_relative_free(fs_relative *r) { fs_free(r->bias); }

void fs_relative_join(const fs_relative *r, fs_attend_args *call) {
    if (!r->bias) return;
    call->bias = r->bias + ROUND;
    call->bias_stride = r->stride;
    call->reach = r->reach;
}
