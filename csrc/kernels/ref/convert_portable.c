#include <math.h>
#include <string.h>

#include "slots_portable.h"

static uint32_t float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void fs_f32_to_bf16__portable(int n, const float *x, uint16_t *y) {
    for (int i = 0; i < n; i++) {
        const uint32_t bits = float_bits(x[i]);
        const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
        y[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? (bits >> 16) | 0x40 : rounded);
    }
}

void fs_bf16_to_f32__portable(int n, const uint16_t *x, float *y) {
    for (int i = 0; i < n; i++) y[i] = float_from_bits((uint32_t)x[i] << 16);
}

float fs_quantize_u8__portable(int n, const float *x, uint8_t *y) {
    uint32_t top_bits = 0; /* of |x|: their order as integers is that of the values, NaN above all */
    float top, inverse;
    if (n == 0) return 0; /* memset may not be given NULL */
    for (int i = 0; i < n; i++) {
        const uint32_t bits = float_bits(x[i]) & 0x7fffffff;
        top_bits = bits > top_bits ? bits : top_bits;
    }
    top = float_from_bits(top_bits);
    memset(y, 128, ((size_t)n + 3) & ~(size_t)3);
    if (top_bits >= 0x7f800000) return NAN;
    if (top < FS_QUANTIZE_LEAST) return 0;
    inverse = 127 / top;
    for (int i = 0; i < n; i++) {
        const float shifted = x[i] * inverse + 12583040.0f; /* 1.5 * 2^23 + 128: the sum is rounded to an integer */
        y[i] = (uint8_t)(float_bits(shifted) & 0xff);
    }
    return top / 127;
}

void fs_quantize_by_u8__portable(int n, const float *x, float multiplier, uint8_t *y) {
    for (int i = 0; i < n; i++) {
        const float scaled = x[i] * multiplier;
        const float within = scaled > -127 ? scaled < 127 ? scaled : 127 : -127; /* NaN: -127 */
        y[i] = (uint8_t)(float_bits(within + 12583040.0f) & 0xff);
    }
    for (int i = n; i & 3; i++) y[i] = 128;
}
