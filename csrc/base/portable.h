/* Compiler differences, in one place: GCC, Clang and MSVC.
 *
 * Atomics are the few that the package needs, on 64-bit signed counters and flags; C11 <stdatomic.h> is
 * optional in MSVC, so its intrinsics are used there. */
#ifndef FS_BASE_PORTABLE_H
#define FS_BASE_PORTABLE_H

#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#define FS_RESTRICT __restrict
#define FS_INLINE static __forceinline
#define FS_NOINLINE static __declspec(noinline)
#define FS_ALIGNED(n) __declspec(align(n))
#define FS_THREAD_LOCAL __declspec(thread)
#define FS_PRINTF(fmt, args)
#define FS_PREFETCH(p) ((void)(p))
#define FS_PREFETCH_L2(p) ((void)(p))
#define FS_UNROLL
#else
#define FS_RESTRICT __restrict__
#define FS_INLINE static inline __attribute__((always_inline))
#define FS_NOINLINE static __attribute__((noinline))
#define FS_ALIGNED(n) __attribute__((aligned(n)))
#define FS_THREAD_LOCAL __thread
#define FS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define FS_PREFETCH(p) __builtin_prefetch(p)
#define FS_PREFETCH_L2(p) __builtin_prefetch(p, 0, 2) /* to the second-level cache */
#if defined(__clang__)
#define FS_UNROLL _Pragma("clang loop unroll(full)") /* before a loop of a fixed, small count: write it out whole */
#else
#define FS_UNROLL _Pragma("GCC unroll 16")
#endif
#endif

/* Keeps a vector that was loaded in its register: without it GCC may load it again for each use. */
#if defined(__GNUC__) && defined(__x86_64__)
#define FS_IN_REGISTER(v) __asm__("" : "+v"(v))
#elif defined(__GNUC__) && defined(__aarch64__)
#define FS_IN_REGISTER(v) __asm__("" : "+w"(v))
#else
#define FS_IN_REGISTER(v) ((void)0)
#endif

/* Makes the compiler forget that pointer p equals another, so that what both point to is loaded twice. */
#if defined(__GNUC__)
#define FS_FORGET(p) __asm__("" : "+r"(p))
#else
#define FS_FORGET(p) ((void)0)
#endif

/* Eight bytes as a number, the first the lowest. */
FS_INLINE uint64_t fs_load_little(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

#define FS_ALIGNMENT 64 /* bytes: one cache line, one 512-bit vector */

#define FS_MIN(a, b) ((a) < (b) ? (a) : (b))
#define FS_MAX(a, b) ((a) > (b) ? (a) : (b))

/* position of the lowest and of the highest set bit, x not 0; how many are set */
#if defined(_MSC_VER) && !defined(__clang__)
FS_INLINE int fs_lowest_bit(uint64_t x) {
    unsigned long at;
    _BitScanForward64(&at, x);
    return (int)at;
}
FS_INLINE int fs_highest_bit(uint64_t x) {
    unsigned long at;
    _BitScanReverse64(&at, x);
    return (int)at;
}
#else
FS_INLINE int fs_lowest_bit(uint64_t x) { return __builtin_ctzll(x); }
FS_INLINE int fs_highest_bit(uint64_t x) { return 63 - __builtin_clzll(x); }
#endif
FS_INLINE int fs_count_bits(uint64_t x) {
#if defined(__GNUC__)
    return __builtin_popcountll(x);
#else
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    return (int)(((x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu) * 0x0101010101010101u >> 56);
#endif
}

typedef volatile int64_t fs_atomic;

#if defined(_MSC_VER) && !defined(__clang__)
FS_INLINE int64_t fs_atomic_add(fs_atomic *p, int64_t v) { return _InterlockedExchangeAdd64(p, v); }
FS_INLINE int64_t fs_atomic_load(fs_atomic *p) { return _InterlockedExchangeAdd64(p, 0); }
FS_INLINE void fs_atomic_store(fs_atomic *p, int64_t v) { (void)_InterlockedExchange64(p, v); }
FS_INLINE int fs_atomic_swap_if(fs_atomic *p, int64_t old, int64_t v) {
    return _InterlockedCompareExchange64(p, v, old) == old;
}
#else
FS_INLINE int64_t fs_atomic_add(fs_atomic *p, int64_t v) { return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); }
FS_INLINE int64_t fs_atomic_load(fs_atomic *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
FS_INLINE void fs_atomic_store(fs_atomic *p, int64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
FS_INLINE int fs_atomic_swap_if(fs_atomic *p, int64_t old, int64_t v) {
    return __atomic_compare_exchange_n(p, &old, v, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
#endif

#endif
