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

#include "../body/scan_window.inc"
