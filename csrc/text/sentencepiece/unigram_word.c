/* The Unigram model on words, as unigram.c has it on stretches of any length, with sums in float: a word is short enough for
 * arrays of a fixed size, and begins anew, without a sum before it. No step is a guess but how long the word is and which
 * pieces are far: a wrong one takes as long as all steps of a place.
 *
 * Places are bytes, but for the first one of a word behind a space, which is all of U+2581:
 *
 *     place    0 1 2 3 4 5
 *              _ w o r d .      a piece of `length` places that ends before place i begins at i - length
 *
 * All pieces of a length are found together, for each place where one may begin, so that the trie's answers come side by
 * side; then the best way to each place follows from those before it. */
#include <math.h>

#include "pieces.h"
#include "text/unicode/utf8.h"

#define NEAR 4 /* places of a piece: longer ones are few, but for those that begin the word */
#define SIDE 4 /* places side by side: how often a loop goes around is a guess, of which this leaves few to choose from */
#define FAR_MOST ((FS_UNIGRAM_WORD - NEAR) * (FS_UNIGRAM_WORD - NEAR + 1) / 2)

/* Pieces of more than NEAR places, listed by the place where they end. */
typedef struct far_piece {
    int32_t value; /* id + 1 */
    int16_t next;  /* that ends there; -1: none */
    uint8_t from;
} far_piece;

typedef struct far_pieces {
    uint64_t ends; /* bit i: some end before place i */
    int32_t count;
    int16_t first[FS_UNIGRAM_WORD + 1];
    far_piece pieces[FAR_MOST];
} far_pieces;

static void add_far(far_pieces *far, int32_t from, int32_t end, int32_t value) {
    far_piece *piece = &far->pieces[far->count];
    piece->value = value;
    piece->from = (uint8_t)from;
    piece->next = (int16_t)(far->ends >> end & 1 ? far->first[end] : -1);
    far->first[end] = (int16_t)far->count++;
    far->ends |= (uint64_t)1 << end;
}

/* A unit of the trie if it is that of a child by `byte`, else 0, which is a node without children or value. */
FS_INLINE uint64_t child(uint64_t unit, uint8_t byte) {
    return unit & (uint64_t)(((int64_t)((unit ^ byte) & FS_BYTE_TRIE_FREE) - 1) >> 63);
}

typedef struct word {
    float add[NEAR][NEAR - 1 + FS_UNIGRAM_WORD]; /* [length - 1][NEAR - 1 + place] score of the piece; -infinity: none */
    int32_t value[NEAR][FS_UNIGRAM_WORD];       /* its id + 1; 0: what is unknown */
    float sums[FS_UNIGRAM_WORD + 1];             /* of the best way to each place */
    float seconds[FS_UNIGRAM_WORD + 1];          /* and of the next best */
    uint8_t length[FS_UNIGRAM_WORD + 1];        /* of its last piece, */
    int32_t far[FS_UNIGRAM_WORD + 1];           /* whose value this is, if it is longer than NEAR */
} word;

/* Characters (of several bytes) that no piece is. */
static void add_unknown(word *w, const uint8_t *text, int32_t places, int32_t spaced, float unknown) {
    int32_t at, bytes;
    for (at = spaced; at < places; at += bytes) {
        bytes = fs_utf8_size(text[at]);
        if (bytes == 1 || w->add[bytes - 1][NEAR - 1 + at] > -INFINITY) continue;
        w->add[bytes - 1][NEAR - 1 + at] = unknown;
        w->value[bytes - 1][at] = 0;
    }
}

/* Pieces that are longer than NEAR, of those that begin at a place. */
static void find_far(const fs_pieces *p, far_pieces *far, const uint8_t *text, int32_t from, uint32_t base) {
    const uint64_t *units = p->found.units;
    int32_t end = from + NEAR;
    for (;;) {
        const uint8_t byte = text[end];
        const uint64_t unit = units[base ^ byte];
        if ((unit & FS_BYTE_TRIE_FREE) != byte) return;
        base = (uint32_t)(unit >> 32);
        end++;
        if ((uint32_t)unit >> 9) add_far(far, from, end, (int32_t)((uint32_t)unit >> 9));
    }
}

/* Pieces of one place, of a length that is one byte (or the space). Returns whether any piece may be longer; *all: the bytes
 * together, *any: the values. */
FS_INLINE int find_first(const fs_pieces *p, word *w, uint32_t *bases, const uint8_t *text, int32_t places, int32_t spaced,
                               uint32_t *all, uint32_t *any) {
    static const float none[2] = {0, -INFINITY};
    const float *scores = p->sums_float + 1; /* by value */
    const uint64_t *units = p->found.units;
    uint32_t left = spaced && child(units[p->space_base ^ text[1]], text[1]);
    int32_t i;
    *all = *any = 0;
    for (i = 0; i < places; i += SIDE) {
        int32_t side;
        FS_UNROLL
        for (side = 0; side < SIDE; side++) {
            const int32_t at = i + side;
            const uint8_t byte = text[at];
            const uint64_t found = child(units[p->found.root ^ byte], byte);
            const uint32_t value = (uint32_t)found >> 9;
            w->value[0][at] = (int32_t)value;
            w->add[0][NEAR - 1 + at] = scores[value] + none[byte >> 7];
            bases[at] = (uint32_t)(found >> 32);
            left |= bases[at];
            *any |= value;
            *all |= byte + 1u; /* bit 7: one is not ASCII, nor behind the word */
        }
    }
    if (spaced) {
        w->value[0][0] = p->space_value;
        w->add[0][NEAR - 1] = scores[p->space_value];
        bases[0] = p->space_base;
    }
    return left != 0;
}

/* Pieces that begin at each place: those of up to NEAR places in `add`, others listed by their ends. Returns whether there are
 * any, besides a space. */
FS_INLINE int find_pieces(const fs_pieces *p, word *w, far_pieces *far, const uint8_t *text, int32_t places,
                                int32_t spaced) {
    static const float none[2] = {0, -INFINITY};
    const float *scores = p->sums_float + 1; /* by value */
    const uint64_t *units = p->found.units;
    uint32_t bases[FS_UNIGRAM_WORD], all, any, left;
    int32_t i, k;
    for (k = 0; k < NEAR; k++)
        for (i = 0; i < NEAR - 1; i++) w->add[k][i] = -INFINITY;
    left = (uint32_t)find_first(p, w, bases, text, places, spaced, &all, &any);
    for (k = 1; k < NEAR && left; k++) {
        for (left = 0, i = 0; i < places; i += SIDE) {
            int32_t side;
            FS_UNROLL
            for (side = 0; side < SIDE; side++) {
                const int32_t at = i + side;
                const uint8_t byte = text[at + k];
                const uint64_t found = child(units[bases[at] ^ byte], byte);
                const uint32_t value = (uint32_t)found >> 9;
                w->value[k][at] = (int32_t)value;
                w->add[k][NEAR - 1 + at] = scores[value] + none[!value];
                bases[at] = (uint32_t)(found >> 32);
                left |= bases[at];
                any |= value;
            }
        }
    }
    for (; k < NEAR && any; k++)
        for (i = 0; i < places; i++) w->add[k][NEAR - 1 + i] = -INFINITY;
    for (i = 0; i < places && left; i++)
        if (bases[i]) find_far(p, far, text, i, bases[i]);
    if (far->count) any = 1;
    if (any && all & 0x80) add_unknown(w, text, places, spaced, scores[0]);
    return any != 0;
}

/* A word of which no piece covers a character: there is one way. */
static int32_t leave_unknown(const fs_pieces *p, const uint8_t *text, int32_t places, int32_t spaced, int32_t *ids, double *largest) {
    const float *scores = p->sums_float + 1;
    float sum = 0;
    int32_t n = 0, at;
    if (spaced) ids[n++] = p->space_value - 1;
    for (at = spaced; at < places; at += fs_utf8_size(text[at])) ids[n++] = -1;
    for (at = 0; at < n; at++) sum += scores[ids[at] + 1];
    *largest = fabs((double)sum);
    return n;
}

/* A way to `place` by a piece that is longer than NEAR. */
static void take_far(const fs_pieces *p, word *w, const far_pieces *far, int32_t place) {
    float best = w->sums[place], second = w->seconds[place];
    int32_t e;
    for (e = far->first[place]; e >= 0; e = far->pieces[e].next) {
        const far_piece *piece = &far->pieces[e];
        const float sum = w->sums[piece->from] + p->sums_float[piece->value + 1];
        const int32_t length = place - piece->from;
        if (sum > best || (sum == best && length > w->length[place])) {
            second = best;
            best = sum;
            w->far[place] = piece->value;
            w->length[place] = (uint8_t)length;
        } else {
            second = FS_MAX(second, sum);
        }
    }
    w->sums[place] = best;
    w->seconds[place] = second;
}

/* The best way to each place; of equal ones the way whose last piece is longer. Returns the largest absolute value of a sum. */
FS_INLINE float find_ways(const fs_pieces *p, word *w, const far_pieces *far, int32_t places) {
    float b1 = 0, b2 = -INFINITY, b3 = b2, b4 = b2, least = 0, most = 0, low;
    int32_t i;
    w->sums[0] = 0;
    for (i = 1; i <= places; i++) {
        const float *add = &w->add[0][NEAR - 1 + i];
        const int32_t row = NEAR - 1 + FS_UNIGRAM_WORD;
        const float c1 = b1 + add[-1], c2 = b2 + add[row - 2], c3 = b3 + add[2 * row - 3], c4 = b4 + add[3 * row - 4];
        const float high = FS_MAX(c3, c4), other = FS_MIN(c3, c4), more = FS_MAX(high, c2);
        const float next = FS_MAX(other, FS_MIN(high, c2)); /* the second of three */
        const float best = FS_MAX(more, c1), second = FS_MAX(next, FS_MIN(more, c1));
        const uint64_t equal = 1u | (uint64_t)(c2 >= best) << 1 | (uint64_t)(c3 >= best) << 2 | (uint64_t)(c4 >= best) << 3;
        w->sums[i] = best;
        w->seconds[i] = second;
        w->length[i] = (uint8_t)(fs_highest_bit(equal) + 1);
        if (far->ends >> i & 1) take_far(p, w, far, i);
        b4 = b3;
        b3 = b2;
        b2 = b1;
        b1 = w->sums[i];
        most = FS_MAX(most, b1);
        low = b1 > -INFINITY ? b1 : 0; /* there is no way to places within a character */
        least = FS_MIN(least, low);
    }
    return FS_MAX(most, -least);
}

static int32_t encode(const fs_pieces *p, const uint8_t *text, int32_t places, int32_t spaced, int32_t *ids, double *gap,
                            double *largest) {
    word w;
    far_pieces far;
    float least = INFINITY;
    int32_t n = 0, at, length;
    far.ends = 0;
    far.count = 0;
    *gap = INFINITY;
    if (!find_pieces(p, &w, &far, text, places, spaced)) return leave_unknown(p, text, places, spaced, ids, largest);
    *largest = (double)find_ways(p, &w, &far, places);
    for (at = places; at > 0; at -= length) {
        const float more = w.sums[at] - w.seconds[at];
        length = w.length[at];
        least = FS_MIN(least, more);
        ids[n++] = (length > NEAR ? w.far[at] : w.value[length - 1][at - length]) - 1;
    }
    *gap = (double)least;
    for (at = 0; at < n / 2; at++) {
        const int32_t id = ids[at];
        ids[at] = ids[n - 1 - at];
        ids[n - 1 - at] = id;
    }
    return n;
}

int32_t fs_unigram_encode_word(const fs_pieces *p, const uint8_t *text, int32_t places, int spaced, int32_t *ids, float *reach) {
    double gap, largest;
    const int32_t n = encode(p, text, places, spaced != 0, ids, &gap, &largest);
    *reach = fs_unigram_reach(p, gap, largest, places + 2);
    return n;
}
