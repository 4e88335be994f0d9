#include "heads.h"

#include <math.h>
#include <string.h>

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

static void add_mean(const fs_heads *h, const fs_heads_call *c) {
    const float share = 1.0f / (float)h->heads;
    for (int64_t t = 0; t < c->keys; t++) c->mean[t] += c->scores[t] * share;
}

void fs_heads_attend(const fs_heads *h, const fs_heads_call *c) {
    const size_t columns = (size_t)fs_heads_columns(c->keys), d = (size_t)h->width;
    if (c->mean) memset(c->mean, 0, (size_t)c->keys * sizeof *c->mean);
    for (int i = 0; i < h->heads; i++) {
        const size_t from = (size_t)(i / (h->heads / h->key_heads)) * d;
        const fs_attend_args a = {(int)c->queries, (int)c->keys, h->width, (int)c->first_key_count, h->scale,
                                  c->q + (size_t)i * d, c->q_stride, c->k + from * columns, columns,
                                  c->v + from, c->v_stride, c->y + (size_t)i * d, (size_t)h->heads * d, c->scores};
        h->k->attend_f32(&a);
        if (c->mean) add_mean(h, c);
    }
}
