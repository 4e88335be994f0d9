#include "heads.h"

#include <math.h>

fs_status fs_heads_init(fs_heads *h, const fs_options *o, const fs_kernels *k, int width, fs_error *err) {
    h->k = k;
    FS_TRY(fs_option_width(o, "heads", &h->heads, err));
    h->key_heads = h->heads;
    FS_TRY(fs_option_int(o, "key_heads", 1, h->heads, &h->key_heads, err));
    h->width = width / h->heads;
    FS_TRY(fs_option_int(o, "head_width", 1, FS_MAX_WIDTH / h->heads / 4, &h->width, err));
    if (h->heads % h->key_heads || h->width < 1 || h->width > FS_MAX_WIDTH / h->heads / 4)
        return fs_fail(err, FS_ERR_FORMAT, o->where, "heads do not divide", "%d columns by heads, heads by key_heads|%d and %d",
                       width, h->heads, h->key_heads);
    h->scale = 1.0f / sqrtf((float)h->width);
    FS_TRY(fs_option_float(o, "scale", &h->scale, err));
    FS_TRY(fs_option_float(o, "cap", &h->cap, err));
    return h->cap >= 0 ? FS_OK : fs_fail(err, FS_ERR_FORMAT, o->where, "negative cap", "0 or more|%g", (double)h->cap);
}

void fs_heads_turn(const fs_heads *h, int64_t rows, const float *x, size_t stride, float *blocks) {
    const size_t wide = fs_heads_key_width(h);
    for (int64_t t = 0; t < rows; t += FS_ATTEND_KEYS) {
        const int64_t n = FS_MIN(rows - t, FS_ATTEND_KEYS);
        float *block = blocks + (size_t)t * wide;
        for (size_t d = 0; d < wide; d++) {
            const float *from = x + (size_t)t * stride + d;
            int64_t i = 0;
            for (; i < n; i++) block[d * FS_ATTEND_KEYS + (size_t)i] = from[(size_t)i * stride];
            for (; i < FS_ATTEND_KEYS; i++) block[d * FS_ATTEND_KEYS + (size_t)i] = 0;
        }
    }
}

void fs_heads_put(const fs_heads *h, const float *x, int place, float *block) {
    for (size_t d = 0; d < fs_heads_key_width(h); d++) block[d * FS_ATTEND_KEYS + (size_t)place] = x[d];
}
