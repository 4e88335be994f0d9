/* The vector vocabulary that the .inc files here are written in; each instruction set's vec.h
 * defines it.
 *
 *   vf, vi                            FS_LANES floats; as many 32-bit words
 *   v_set  v_load  v_store            one value in every lane; no alignment is asked of pointers
 *   v_load_part(p, n, fill)           the first n lanes (0 <= n < FS_LANES) from memory, the others from fill;
 *   v_store_part(p, n, a)             nothing beyond p[n - 1] is touched
 *   v_add  v_sub  v_mul               rounded once
 *   v_fma(a, b, c)  v_fms(a, b, c)    a b + c and a b - c, rounded once
 *   v_div(a, b)  v_recip(b)           within 1 ulp, for 2^-100 < |b| < 2^100
 *   v_max(a, top)                     a > top ? a : top (a NaN in a is passed over)
 *   v_at_least(a, low)  v_at_most     clamped; NaN stays NaN
 *   v_minus_abs(a)                    -|a|
 *   v_with_sign(a, sign)              the magnitude of a, the sign of `sign`
 *   v_if_negative(a, yes, no)         by the sign bit of a
 *   v_pow2(t)                         2^k for t = FS_ROUNDER + k, |k| <= 126 (transcendental.inc)
 *   v_scale(a, n)                     a 2^n for whole n, |n| <= 250 and 0.5 < |a| < 2, with right underflow
 *   v_sum  v_max_across               over the lanes, in a fixed order
 *   v_lanes_equal(a, b)               a bit a lane: a == b
 *   v_lanes_not_below(a, b)           a bit a lane: not a <= b
 *   v_magnitude_bits(a)               the words of |a|, whose order as integers is that of the values
 *   v_bits_max  v_bits_max_across     of such words
 *   v_store_low_bytes(p, a)           the low byte of each lane's word: FS_LANES bytes
 *   v_load_bf16(p)  v_store_bf16      FS_LANES bfloat16, stored by rounding half to even; NaN stays NaN
 */
#ifndef FS_VOCABULARY_H
#define FS_VOCABULARY_H

/* `count` lanes, FS_LANES or fewer: a row's last vector goes through the code of the others. Where count is
 * the constant FS_LANES the choice is made by the compiler. */
FS_INLINE vf v_take(const float *p, int count) {
    return count == FS_LANES ? v_load(p) : v_load_part(p, count, v_set(0.0f));
}
FS_INLINE void v_put(float *p, int count, vf a) {
    if (count == FS_LANES)
        v_store(p, a);
    else
        v_store_part(p, count, a);
}

#endif
