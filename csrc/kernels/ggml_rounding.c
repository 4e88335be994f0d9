/* Numbers to blocks of ggml's: Q8_0, d * q with q of -127 to 127, and Q4_0, d * (u - 8) with u of 0 to 15. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "grouped.h"
#include "half.h"

enum { SIZE = 32, TRIES = 7, LANES = 8 }; /* numbers of a block; scales tried; sums side by side */

/* The number that is farthest from 0, its sign kept; NaN where one is not finite. Magnitudes compare as whole numbers. */
static float farthest(const float *x) {
    int32_t bits[SIZE], top = 0;
    float found;
    memcpy(bits, x, sizeof bits);
    for (int i = 0; i < SIZE; i++) top = FS_MAX(top, bits[i] & 0x7fffffff);
    if (top >= 0x7f800000) return NAN;
    for (int i = 0; i < SIZE; i++)
        if ((bits[i] & 0x7fffffff) == top) {
            memcpy(&found, &bits[i], sizeof found);
            return found;
        }
    return 0;
}

static int put_scale(float d, uint8_t *block) {
    const uint16_t half = fs_half_round(d);
    memcpy(block, &half, sizeof half);
    return (half & 0x7c00) != 0x7c00;
}

static int round_q8_0(const float *x, uint8_t *block) {
    const float top = fabsf(farthest(x)), d = top / 127, inverse = d >= FLT_MIN ? 1 / d : 0; /* else infinite */
    const int whole = put_scale(d, block);
    for (int i = 0; i < SIZE && whole; i++) {
        const float scaled = x[i] * inverse, from_zero = scaled < 0 ? -0.5f : 0.5f;
        block[2 + i] = (uint8_t)(int8_t)(scaled + from_zero);
    }
    return whole;
}

static float sum_of(const float *lanes) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += lanes[i];
    return sum;
}

/* u of x = d (u - 8) */
FS_INLINE int rounded(float x, float inverse) {
    const int u = (int)(x * inverse + 8.5f); /* compared as whole numbers, which compilers do four at a time */
    return u < 0 ? 0 : u > 15 ? 15 : u;
}

/* How good whole numbers q = u - 8 are: the sums of x q and of q q. */
static void try_q4_0(const float *x, float inverse, float *product, float *square) {
    float products[LANES] = {0}, squares[LANES] = {0};
    for (int i = 0; i < SIZE; i += LANES)
        for (int j = 0; j < LANES; j++) {
            const float q = (float)(rounded(x[i + j], inverse) - 8);
            products[j] += x[i + j] * q;
            squares[j] += q * q;
        }
    *product = sum_of(products);
    *square = sum_of(squares);
}

/* With whole numbers q the best d is (x q) / (q q), and what it leaves of the error is less the larger (x q)^2 / (q q). */
static int round_q4_0(const float *x, uint8_t *block) {
    const float top = farthest(x), unit = top != 0 ? 1 / top : 0;
    float best = 0, d = 0, inverse = 0;
    if (isnan(top)) return 0;
    for (int t = 0; t < TRIES && isfinite(unit) && unit != 0; t++) {
        const float tried = -(8.0f + 0.25f * (float)(t - TRIES / 2)) * unit;
        float product, square;
        try_q4_0(x, tried, &product, &square);
        product *= unit; /* so that squares of small numbers stay numbers */
        if (square == 0 || product * product <= best * square) continue;
        best = product * product / square;
        d = product / square * top;
        inverse = tried;
    }
    for (int i = 0; i < SIZE / 2; i++)
        block[2 + i] = (uint8_t)(rounded(x[i], inverse) | rounded(x[SIZE / 2 + i], inverse) << 4);
    return put_scale(d, block);
}

int fs_block_round(fs_ggml_type type, int n, const float *x, uint8_t *blocks) {
    const int bytes = fs_block_type_of((int)type)->bytes;
    int whole = 1;
    for (int i = 0; i < n; i += SIZE, blocks += bytes)
        whole &= type == FS_GGML_Q4_0 ? round_q4_0(x + i, blocks) : round_q8_0(x + i, blocks);
    return whole;
}
