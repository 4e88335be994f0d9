#include <immintrin.h>

#include "../body/scan_maps.h"
#include "base/portable.h"

#define SCAN_NAME fs_scan_avx512

FS_INLINE uint64_t compress(uint64_t x, uint64_t where) { return _pext_u64(x, where); }
FS_INLINE uint64_t expand(uint64_t x, uint64_t where) { return _pdep_u64(x, where); }

FS_INLINE uint64_t in_range(__m512i x, char low, int count) {
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8(low)), _mm512_set1_epi8((char)count));
}
FS_INLINE uint64_t equal(__m512i x, char c) { return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(c)); }

FS_INLINE uint64_t bytes_equal(const uint8_t *p, char c) { return equal(_mm512_loadu_si512(p), c); }
FS_INLINE uint64_t folded_equal(const uint8_t *p, char fold, char c) {
    return equal(_mm512_or_si512(_mm512_loadu_si512(p), _mm512_set1_epi8(fold)), c);
}

FS_INLINE void read_maps(const uint8_t *p, fs_maps *m, uint64_t *high, uint64_t *continuation) {
    const __m512i x = _mm512_loadu_si512(p);
    *high = _mm512_movepi8_mask(x);
    *continuation = _mm512_cmplt_epi8_mask(x, _mm512_set1_epi8(-64));
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
    const __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int32_t n = 0, i;
    for (i = 0; i < 64; i += 16) {
        const __mmask16 some = (__mmask16)(bits >> i);
        const __m512i here = _mm512_add_epi32(places, _mm512_set1_epi32(at + i));
        _mm512_storeu_si512(ends + n, _mm512_maskz_compress_epi32(some, here));
        n += fs_count_bits(some);
    }
    return n;
}

#include "../body/scan_window.inc"
