/* exp, sigmoid and tanh for the portable kernels: evaluated in double precision by a Taylor series on
 * |r| <= ln(2)/2 and rounded once, so a float32 result is the nearest one in all but about one case in a
 * thousand, on any compiler and without the C library's help (whose accuracy varies). */
#ifndef FS_REF_MATH_H
#define FS_REF_MATH_H

#include <string.h>

#include "../../base/portable.h"

/* For |x| <= 200: e^x = 2^n e^r. Returns e^r - 1, by its series to r^11, which leaves 2e-13 of it; and 2^n.
 * NaN gives NaN. */
FS_INLINE double fs_ref_exp_parts(double x, double *two_n) {
    const double shift = 6755399441055744.0; /* 1.5 * 2^52: the sum's low bits hold the nearest integer */
    const double t = x * 1.4426950408889634 + shift;
    const double r = x - (t - shift) * 0.6931471805599453;
    double p = 1.0 / 39916800;
    uint64_t bits;
    memcpy(&bits, &t, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(two_n, &bits, sizeof bits);
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    return p * r * r + r;
}

FS_INLINE double fs_ref_clamp(double x, double limit) { return x < -limit ? -limit : x > limit ? limit : x; }

/* e^x; 0 or infinity once rounded to float32 where that overflows */
FS_INLINE double fs_ref_exp(double x) {
    double two_n;
    const double p = fs_ref_exp_parts(fs_ref_clamp(x, 150.0), &two_n);
    return two_n + two_n * p;
}

FS_INLINE double fs_ref_sigmoid(double x) { return 1.0 / (1.0 + fs_ref_exp(-x)); }

FS_INLINE double fs_ref_tanh(double x) {
    double two_n;
    const double p = fs_ref_exp_parts(2.0 * fs_ref_clamp(x, 22.0), &two_n);
    const double m = two_n * p + (two_n - 1.0); /* e^2x - 1: near 0 no digit is lost */
    return x == 0 ? x : m / (m + 2.0); /* -0 stays -0 */
}

#endif
