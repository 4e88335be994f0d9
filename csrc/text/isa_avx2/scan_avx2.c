#include <immintrin.h>

#include "../body/scan_maps.h"
#include "base/portable.h"

#define SCAN_NAME fs_scan_avx2

FS_INLINE uint64_t compress(uint64_t x, uint64_t where) { return _pext_u64(x, where); }
FS_INLINE uint64_t expand(uint64_t x, uint64_t where) { return _pdep_u64(x, where); }

FS_INLINE uint64_t top_bits(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

typedef struct bytes64 {
    __m256i low, high;
} bytes64;

FS_INLINE uint64_t equal(bytes64 x, char c) {
    const __m256i y = _mm256_set1_epi8(c);
    return top_bits(_mm256_cmpeq_epi8(x.low, y), _mm256_cmpeq_epi8(x.high, y));
}

FS_INLINE __m256i in_range32(__m256i x, char low, int count) {
    const __m256i y = _mm256_sub_epi8(x, _mm256_set1_epi8(low));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(y, _mm256_set1_epi8((char)(count - 1))), y);
}
FS_INLINE uint64_t in_range(bytes64 x, char low, int count) {
    return top_bits(in_range32(x.low, low, count), in_range32(x.high, low, count));
}

FS_INLINE bytes64 load64(const uint8_t *p) {
    const bytes64 x = {_mm256_loadu_si256((const __m256i *)(const void *)p),
                       _mm256_loadu_si256((const __m256i *)(const void *)(p + 32))};
    return x;
}

FS_INLINE uint64_t bytes_equal(const uint8_t *p, char c) { return equal(load64(p), c); }
FS_INLINE uint64_t folded_equal(const uint8_t *p, char fold, char c) {
    const bytes64 x = load64(p);
    const __m256i y = _mm256_set1_epi8(fold);
    const bytes64 folded = {_mm256_or_si256(x.low, y), _mm256_or_si256(x.high, y)};
    return equal(folded, c);
}

FS_INLINE void read_maps(const uint8_t *p, fs_maps *m, uint64_t *high, uint64_t *continuation) {
    const bytes64 x = load64(p);
    const __m256i bound = _mm256_set1_epi8(-64);
    *high = top_bits(x.low, x.high);
    *continuation = top_bits(_mm256_cmpgt_epi8(bound, x.low), _mm256_cmpgt_epi8(bound, x.high));
    m->upper = in_range(x, 'A', 26);
    m->lower = in_range(x, 'a', 26);
    m->letter = m->mark = 0;
    m->number = in_range(x, '0', 10);
    m->newline = equal(x, '\n') | equal(x, '\r');
    m->space = equal(x, ' ');
    m->blank = m->space | (in_range(x, '\t', 5) & ~m->newline);
    m->quote = equal(x, '\'');
    m->slash = equal(x, '/');
}

FS_INLINE int32_t write_ends(uint64_t bits, int32_t at, int32_t *ends) {
    const int32_t count = fs_count_bits(bits);
    int32_t n;
    for (n = 0; n < count; n += 4) { /* by fours: the branch is guessed right more often, and there is room */
        int i;
        for (i = 0; i < 4; i++, bits &= bits - 1) ends[n + i] = at + fs_lowest_bit(bits | (uint64_t)1 << 63);
    }
    return count;
}

#include "../body/scan_window.inc"
