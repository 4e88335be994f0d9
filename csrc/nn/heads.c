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
    return fs_option_float(o, "scale", &h->scale, err);
}

void fs_heads_transpose(const fs_heads *h, int64_t rows, const float *x, size_t stride, float *to) {
    const int64_t columns = fs_heads_columns(rows);
    const int wide = h->key_heads * h->width;
    for (int64_t t = 0; t < columns; t += FS_ATTEND_KEYS) {
        const int64_t n = FS_MIN(rows - t, FS_ATTEND_KEYS);
        for (int d = 0; d < wide; d++) {
            float *line = to + (size_t)d * (size_t)columns + (size_t)t;
            const float *from = x + (size_t)t * stride + (size_t)d;
            int64_t i = 0;
            for (; i < n; i++) line[i] = from[(size_t)i * stride];
            for (; i < FS_ATTEND_KEYS; i++) line[i] = 0;
        }
    }
}
