/* The Unigram model: of all ways to cut a text into pieces, the one of the highest sum of scores (Kudo 2018), found
 * from left to right. The sum of the best way to each place is kept in the precision of the library whose ids ours
 * equal, from the start of the text on, since rounding decides between ways that are nearly as good. */
#include "pieces.h"

#include <float.h>
#include <math.h>

#include "base/arena.h"
#include "text/unicode/utf8.h"

#define ON_STACK 256     /* bytes of a word that needs no memory of its own */

#define REAL float
#define NAME(name) name##_float
#include "text/body/unigram_search.inc"
#undef REAL
#undef NAME
#define REAL double
#define NAME(name) name##_double
#include "text/body/unigram_search.inc"

/* Each of at most `chars` additions is off by half a unit in the last place of the sum, on both sides of each comparison;
 * four times that is on the safe side. Nor may a sum within the word be the first out of bounds. */
float fs_unigram_reach(const fs_pieces *p, double gap, double largest, int32_t chars) {
    const double unit = p->single ? FLT_EPSILON : DBL_EPSILON;
    const double safe = gap * 0.99 / (2.0 * unit * (chars + 2)) - 4.0 * largest;
    const double reach = p->single ? FS_MIN(safe, FS_UNIGRAM_SUM_MAX - largest - 1.0) : safe;
    return reach > FLT_MAX ? FLT_MAX : reach > 0 ? (float)(reach * 0.99) : 0.0f;
}

fs_status fs_unigram_encode(const fs_pieces *p, fs_text text, int32_t begin, int32_t end, double *sum, float *reach,
                            fs_buffer *found, fs_error *err) {
    double gap, largest;
    FS_TRY(p->single ? encode_float(p, text.data + begin, end - begin, sum, &gap, &largest, found, err)
                     : encode_double(p, text.data + begin, end - begin, sum, &gap, &largest, found, err));
    *reach = fs_unigram_reach(p, gap, FS_MAX(largest, fabs(*sum)), end - begin);
    return FS_OK;
}

float fs_unigram_reach_one(const fs_pieces *p) {
    double largest = fabs(p->unknown_score);
    int32_t id;
    for (id = 0; id < p->count; id++) largest = FS_MAX(largest, fabs(fs_pieces_score(p, id)));
    return fs_unigram_reach(p, INFINITY, largest, 1);
}
