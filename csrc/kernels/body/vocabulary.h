/* The vector vocabulary that the .inc files here are written in.
 *
 * A vector `vf` is FS_TOGETHER registers, each FS_REGISTER floats, and every v_ operation does them in turn.
 * The chains of a polynomial thus run side by side in the instruction stream: done one register at a time,
 * they fill the processor's queue of waiting instructions long before its arithmetic units (an LSTM cell takes
 * a quarter longer). Each instruction set's vec.h defines, with the prefix r_, the operation on one register:
 *
 *   set  load  store                one value in every lane; no alignment is asked of pointers
 *   load_part(p, n, fill)           the first n lanes (0 <= n <= FS_REGISTER) from memory, the others from fill;
 *   store_part(p, n, a)             nothing from p[n] on is touched
 *   add  sub  mul                   rounded once
 *   fma(a, b, c)  fms(a, b, c)      a b + c and a b - c, rounded once
 *   div(a, b)  recip(b)             within 1 ulp, for 2^-100 < |b| < 2^100
 *   max(a, top)                     a > top ? a : top (a NaN in a is passed over)
 *   at_least(a, low)  at_most       clamped; NaN stays NaN
 *   with_sign(a, sign)              the magnitude of a, the sign of `sign`
 *   if_negative(a, yes, no)         by the sign bit of a
 *   pow2(t, k)                      2^k for whole k, |k| <= 126, and t = FS_ROUNDER + k (transcendental.inc)
 *   scale(a, k)                     a 2^k for whole k, |k| <= 250 and 0.5 < |a| < 2, underflow included
 *   sum  max_across                 over the lanes, in a fixed order
 *   where_equal(a, b)               a bit a lane: a == b
 *   where_not_below(a, b)           a bit a lane: not a <= b
 *   magnitude_bits(a)               the words of |a|, whose order as integers is that of the values
 *   bits_max  bits_max_across       of such words
 *   bits_add(sum, a)                words plus those of a, modulo 2^32; bits_sum_across
 *   store_low_bytes(p, a)           the low byte of each lane's word
 *   load_bf16(p)  store_bf16        bfloat16, stored by rounding half to even; NaN stays NaN
 */
#ifndef FS_VOCABULARY_H
#define FS_VOCABULARY_H

#define FS_TOGETHER 4
#define FS_LANES (FS_TOGETHER * FS_REGISTER)

typedef struct vf {
    rf r[FS_TOGETHER];
} vf;
typedef struct vi {
    ri r[FS_TOGETHER];
} vi;

#define FS_EACH for (int j = 0; j < FS_TOGETHER; j++)
#define FS_LIFT(result, name, parameters, call)  \
    FS_INLINE result v_##name parameters {       \
        result y;                                \
        FS_EACH y.r[j] = r_##name call;          \
        return y;                                \
    }

FS_LIFT(vf, set, (float x), (x))
FS_LIFT(vf, load, (const float *p), (p + j * FS_REGISTER))
FS_LIFT(vf, add, (vf a, vf b), (a.r[j], b.r[j]))
FS_LIFT(vf, sub, (vf a, vf b), (a.r[j], b.r[j]))
FS_LIFT(vf, mul, (vf a, vf b), (a.r[j], b.r[j]))
FS_LIFT(vf, fma, (vf a, vf b, vf c), (a.r[j], b.r[j], c.r[j]))
FS_LIFT(vf, fms, (vf a, vf b, vf c), (a.r[j], b.r[j], c.r[j]))
FS_LIFT(vf, div, (vf a, vf b), (a.r[j], b.r[j]))
FS_LIFT(vf, recip, (vf b), (b.r[j]))
FS_LIFT(vf, max, (vf a, vf top), (a.r[j], top.r[j]))
FS_LIFT(vf, at_least, (vf a, vf low), (a.r[j], low.r[j]))
FS_LIFT(vf, at_most, (vf a, vf high), (a.r[j], high.r[j]))
FS_LIFT(vf, with_sign, (vf a, vf sign), (a.r[j], sign.r[j]))
FS_LIFT(vf, if_negative, (vf a, vf yes, vf no), (a.r[j], yes.r[j], no.r[j]))
FS_LIFT(vf, pow2, (vf t, vf k), (t.r[j], k.r[j]))
FS_LIFT(vf, scale, (vf a, vf k), (a.r[j], k.r[j]))
FS_LIFT(vi, magnitude_bits, (vf a), (a.r[j]))
FS_LIFT(vi, bits_max, (vi a, vi b), (a.r[j], b.r[j]))
FS_LIFT(vf, load_bf16, (const uint16_t *p), (p + j * FS_REGISTER))
#undef FS_LIFT

FS_INLINE void v_store(float *p, vf a) { FS_EACH r_store(p + j * FS_REGISTER, a.r[j]); }
FS_INLINE void v_store_low_bytes(uint8_t *p, vf a) { FS_EACH r_store_low_bytes(p + j * FS_REGISTER, a.r[j]); }
FS_INLINE void v_store_bf16(uint16_t *p, vf a) { FS_EACH r_store_bf16(p + j * FS_REGISTER, a.r[j]); }

/* how many of the first n lanes are in register j */
FS_INLINE int v_share(int n, int j) { return FS_MIN(FS_MAX(n - j * FS_REGISTER, 0), FS_REGISTER); }

FS_INLINE vf v_load_part(const float *p, int n, vf fill) {
    FS_EACH {
        const int some = v_share(n, j);
        if (some) fill.r[j] = r_load_part(p + j * FS_REGISTER, some, fill.r[j]);
    }
    return fill;
}
FS_INLINE void v_store_part(float *p, int n, vf a) {
    FS_EACH {
        const int some = v_share(n, j);
        if (some) r_store_part(p + j * FS_REGISTER, some, a.r[j]);
    }
}

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

/* Across registers from the last to the first, then across lanes. */
#define FS_ACROSS(result, name, vector, combine)                             \
    FS_INLINE result v_##name(vector a) {                                    \
        for (int j = FS_TOGETHER - 1; j > 0; j--) a.r[j - 1] = combine(a.r[j - 1], a.r[j]); \
        return r_##name(a.r[0]);                                             \
    }

FS_ACROSS(float, sum, vf, r_add)
FS_ACROSS(float, max_across, vf, r_max)
FS_ACROSS(uint32_t, bits_max_across, vi, r_bits_max)
#undef FS_ACROSS

/* a bit a lane, from the lowest */
FS_INLINE uint64_t v_where_equal(vf a, vf b) {
    uint64_t lanes = 0;
    FS_EACH lanes |= (uint64_t)r_where_equal(a.r[j], b.r[j]) << (j * FS_REGISTER);
    return lanes;
}
FS_INLINE uint64_t v_where_not_below(vf a, vf b) {
    uint64_t lanes = 0;
    FS_EACH lanes |= (uint64_t)r_where_not_below(a.r[j], b.r[j]) << (j * FS_REGISTER);
    return lanes;
}

#endif
