#include "kept.h"

#include <math.h>
#include <string.h>

#include "../kernels/half.h"

enum { KEYS = FS_ATTEND_KEYS };
#define HALF_MOST 65504.0f
#define LEAST 1e-30f /* what is smaller is kept as 0: 127 divided by it must be finite */

size_t fs_kept_floats(fs_kept_kind kind, int key_heads, int width) {
    const size_t wide = (size_t)key_heads * (size_t)width;
    if (kind == FS_KEPT_F32) return 2 * KEYS * wide;
    if (kind == FS_KEPT_F16) return KEYS * wide;
    return KEYS / 2 * wide + 2 * KEYS * (size_t)key_heads;
}

/* What is too large for a float16 becomes the largest one. */
static uint16_t half_within(float x) {
    return fs_half_round(x > HALF_MOST ? HALF_MOST : x < -HALF_MOST ? -HALF_MOST : x);
}

/* x (n) as q * scale; every `step`-th byte of q. NaN where one is not finite. */
static float put_bytes(int n, const float *x, int8_t *q, size_t step) {
    float top = 0, all = 0, inverse;
    for (int i = 0; i < n; i++) {
        all += x[i] - x[i]; /* not 0 when one is infinite or NaN */
        top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
    }
    inverse = top > LEAST && all == 0 ? 127 / top : 0;
    for (int i = 0; i < n; i++) {
        const float v = inverse != 0 ? x[i] * inverse : 0; /* x may be infinite */
        q[(size_t)i * step] = (int8_t)(v + (v < 0 ? -0.5f : 0.5f));
    }
    return all == 0 ? top / 127 : NAN;
}

static void put_s8(const fs_heads *h, const float *key, const float *value, int place, float *page) {
    const size_t wide = fs_heads_key_width(h), KH = (size_t)h->key_heads, d = (size_t)h->width;
    int8_t *const keys = (int8_t *)page, *const values = keys + KEYS * wide;
    float *const scales = page + KEYS / 2 * wide + (size_t)place * KH;
    for (size_t head = 0; head < KH; head++) {
        scales[head] = put_bytes(h->width, key + head * d, keys + head * d * KEYS + place, KEYS);
        scales[KEYS * KH + head] = put_bytes(h->width, value + head * d, values + (size_t)place * wide + head * d, 1);
    }
}

static void put_f16(const fs_heads *h, const float *key, const float *value, int place, float *page) {
    const size_t wide = fs_heads_key_width(h);
    uint16_t *const keys = (uint16_t *)page, *const values = keys + (KEYS + (size_t)place) * wide;
    for (size_t i = 0; i < wide; i++) {
        keys[i * KEYS + (size_t)place] = half_within(key[i]);
        values[i] = half_within(value[i]);
    }
}

void fs_kept_put(fs_kept_kind kind, const fs_heads *h, const float *key, const float *value, int place, float *page) {
    const size_t wide = fs_heads_key_width(h);
    if (kind == FS_KEPT_F16) {
        put_f16(h, key, value, place, page);
    } else if (kind == FS_KEPT_S8) {
        put_s8(h, key, value, place, page);
    } else {
        fs_heads_put(h, key, place, page);
        memcpy(page + (KEYS + (size_t)place) * wide, value, wide * sizeof *page);
    }
}

static void read_s8(const fs_heads *h, const float *page, float *to) {
    const size_t wide = fs_heads_key_width(h), KH = (size_t)h->key_heads, d = (size_t)h->width;
    const int8_t *q = (const int8_t *)page;
    const float *const of_keys = page + KEYS / 2 * wide, *const of_values = of_keys + KEYS * KH;
    for (size_t i = 0; i < wide; i++)
        for (size_t place = 0; place < KEYS; place++) *to++ = (float)*q++ * of_keys[place * KH + i / d];
    for (size_t place = 0; place < KEYS; place++)
        for (size_t i = 0; i < wide; i++) *to++ = (float)*q++ * of_values[place * KH + i / d];
}

void fs_kept_read(fs_kept_kind kind, const fs_heads *h, const float *page, float *to) {
    const size_t all = 2 * KEYS * fs_heads_key_width(h);
    const uint16_t *halves = (const uint16_t *)page;
    if (kind == FS_KEPT_S8)
        read_s8(h, page, to);
    else
        for (size_t i = 0; i < all; i++) to[i] = fs_half_expand(halves[i]);
}
