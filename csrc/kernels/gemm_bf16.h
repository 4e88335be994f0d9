/* bfloat16, the upper half of a float32: exact to expand, rounded to nearest even. */
#ifndef FS_GEMM_BF16_H
#define FS_GEMM_BF16_H

#include <string.h>

#include "../base/portable.h"

FS_INLINE float fs_bf16_expand(uint16_t b) {
    uint32_t bits = (uint32_t)b << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* f is not NaN; what lies above the largest bfloat16 becomes infinity */
FS_INLINE uint16_t fs_bf16_round(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

#endif
