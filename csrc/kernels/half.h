/* float16 as float32, exactly. */
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

#endif
