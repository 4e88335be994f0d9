/* float16 as float32, exactly; and the other way, to the nearest, ties to even. */
#ifndef FS_HALF_H
#define FS_HALF_H

#include <stdint.h>
#include <string.h>

#include "../base/portable.h"

FS_INLINE float fs_half_expand(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7fffu;
    const int subnormal = rest < 0x400;
    uint32_t bits = rest >= 0x7c00 ? rest << 13 | 0x7f800000 : (rest << 13) + ((112u + (uint32_t)subnormal) << 23);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (subnormal) value -= 0x1p-14f; /* the leading one that is not there */
    memcpy(&bits, &value, sizeof bits);
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What is too large becomes infinity. */
FS_INLINE uint16_t fs_half_round(float value) {
    uint32_t bits, sign;
    memcpy(&bits, &value, sizeof bits);
    sign = bits >> 16 & 0x8000;
    bits &= 0x7fffffff;
    if (bits > 0x7f800000) return (uint16_t)(sign | 0x7e00);
    if (bits >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
    if (bits < 0x38800000) { /* subnormal: whole steps of 2^-24, which is what a float at 0.5 has */
        memcpy(&value, &bits, sizeof value);
        value += 0.5f;
        memcpy(&bits, &value, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3f000000));
    }
    bits += 0xfff + (bits >> 13 & 1);
    return (uint16_t)(sign | (bits - 0x38000000) >> 13);
}

#endif
