/* The Unigram model on words, as unigram.c has it on stretches of any length, with sums in float: a word is short enough for
 * arrays of a fixed size, and begins anew, without a sum before it. No step is a guess but how long the word is and which
 * pieces are far: a wrong one takes as long as all steps of a place.
 *
 * Places are bytes, but for the first one, which is all of the U+2581 before the word:
 *
 *     place    0 1 2 3 4 5
 *              _ w o r d .      a piece of `length` places that ends before place i begins at i - length
 *
 * Pieces are found for some places together, so that the trie's answers come side by side; then the sum of the best way to
 * each place follows from those before it. Which way that is, and how much better than the next best, is asked only of the
 * places that the best way to the end goes through. */
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

#define ROW (NEAR - 1 + FS_UNIGRAM_WORD)

typedef struct word {
    float add[NEAR][ROW];               /* [length - 1][NEAR - 1 + place] score of the piece; -infinity: none */
    int32_t value[NEAR][ROW];           /* its id + 1; 0: what is unknown */
    float sums[NEAR + FS_UNIGRAM_WORD + 1]; /* [NEAR + place] of the best way to it */
} word;

/* Characters (of several bytes) that no piece is. */
static void add_unknown(word *w, const uint8_t *text, int32_t places, float unknown) {
    int32_t at, bytes;
    for (at = 1; at < places; at += bytes) {
        bytes = fs_utf8_size(text[at]);
        if (bytes == 1 || w->add[bytes - 1][NEAR - 1 + at] > -INFINITY) continue;
        w->add[bytes - 1][NEAR - 1 + at] = unknown;
        w->value[bytes - 1][NEAR - 1 + at] = 0;
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

/* Whether no piece begins at any place but the first, nor goes on from that: so it is with scripts that a vocabulary lacks. */
static int none_begins(const fs_pieces *p, const uint8_t *text, int32_t places) {
    uint64_t any = child(p->found.units[(uint32_t)(p->first_units[FS_UNIGRAM_SPACE] >> 32) ^ text[1]], text[1]);
    int32_t i;
    for (i = 1; i < places; i++) any |= p->first_units[text[i]];
    return any == 0;
}

/* Pieces that begin at each place: those of up to NEAR places in `add`, others listed by their ends. Returns whether there are
 * any, besides a space. */
FS_INLINE int find_pieces(const fs_pieces *p, word *w, far_pieces *far, const uint8_t *text, int32_t places) {
    const float *scores = p->word_scores;
    const uint64_t *units = p->found.units;
    uint32_t bases[FS_UNIGRAM_WORD], all = 0, any = 0;
    int32_t longer[FS_UNIGRAM_WORD + 1], count = 0, i, k;
    if (text[1] >= 0x80 && none_begins(p, text, places)) return 0;
    for (k = 0; k < NEAR; k++)
        for (i = 0; i < NEAR - 1; i++) w->add[k][i] = -INFINITY;
    for (i = 0; i < places; i += SIDE) {
        uint64_t found[SIDE];
        int32_t side;
        FS_UNROLL
        for (side = 0; side < SIDE; side++) {
            const uint8_t byte = text[i + side];
            found[side] = p->first_units[byte];
            w->value[0][NEAR - 1 + i + side] = (int32_t)((uint32_t)found[side] >> 9);
            w->add[0][NEAR - 1 + i + side] = p->first_scores[byte];
            any |= (uint32_t)found[side] >> 9;
            all |= byte + 2u; /* bit 7: one may be not ASCII, nor the space, nor behind the word */
        }
        FS_UNROLL
        for (k = 1; k < NEAR; k++) {
            FS_UNROLL
            for (side = 0; side < SIDE; side++) {
                const int32_t at = i + side;
                const uint8_t byte = text[at + k];
                uint32_t value;
                found[side] = child(units[(uint32_t)(found[side] >> 32) ^ byte], byte);
                value = (uint32_t)found[side] >> 9;
                w->value[k][NEAR - 1 + at] = (int32_t)value;
                w->add[k][NEAR - 1 + at] = scores[value];
                any |= value;
            }
        }
        FS_UNROLL
        for (side = 0; side < SIDE; side++) {
            bases[i + side] = (uint32_t)(found[side] >> 32);
            longer[count] = i + side;
            count += bases[i + side] != 0;
        }
    }
    w->value[0][NEAR - 1] = p->space_value;
    for (i = 0; i < count; i++) find_far(p, far, text, longer[i], bases[longer[i]]);
    if (far->count) any = 1;
    if (any && all & 0x80) add_unknown(w, text, places, p->sums_float[1]);
    return any != 0;
}

/* A word of which no piece covers a character: there is one way. Ids end before `end`. */
static int32_t leave_unknown(const fs_pieces *p, const uint8_t *text, int32_t places, int32_t *end, double *largest) {
    const float *scores = p->sums_float + 1;
    float sum = scores[p->space_value];
    int32_t n = 1, at;
    for (at = 1; at < places; at += fs_utf8_size(text[at]), n++) {
        sum += scores[0];
        end[-n] = -1;
    }
    end[-n] = p->space_value - 1;
    *largest = fabs((double)sum);
    return n;
}

/* Of the best way to a place: its last piece, and how much better it is than the next best one. */
typedef struct way {
    float best, second;
    int32_t value, length;
} way;

/* Of equal ones the way whose last piece is longer. */
static way way_to(const fs_pieces *p, const word *w, const far_pieces *far, int32_t place) {
    const float *sums = w->sums + NEAR + place, *add = &w->add[0][NEAR - 1 + place];
    const float c1 = sums[-1] + add[-1], c2 = sums[-2] + add[ROW - 2], c3 = sums[-3] + add[2 * ROW - 3], c4 = sums[-4] + add[3 * ROW - 4];
    const float high = FS_MAX(c3, c4), other = FS_MIN(c3, c4), more = FS_MAX(high, c2);
    const float next = FS_MAX(other, FS_MIN(high, c2)); /* the second of three */
    way to = {FS_MAX(more, c1), FS_MAX(next, FS_MIN(more, c1)), 0, 0};
    int32_t e;
    to.length = 1 + fs_highest_bit(1u | (uint64_t)(c2 >= to.best) << 1 | (uint64_t)(c3 >= to.best) << 2 | (uint64_t)(c4 >= to.best) << 3);
    to.value = w->value[to.length - 1][NEAR - 1 + place - to.length];
    if (!(far->ends >> place & 1)) return to;
    for (e = far->first[place]; e >= 0; e = far->pieces[e].next) {
        const far_piece *piece = &far->pieces[e];
        const float sum = w->sums[NEAR + piece->from] + p->word_scores[piece->value];
        const int32_t length = place - piece->from;
        if (sum > to.best || (sum == to.best && length > to.length)) {
            const way better = {sum, to.best, piece->value, length};
            to = better;
        } else {
            to.second = FS_MAX(to.second, sum);
        }
    }
    return to;
}

/* The sum of the best way to a place by a piece that is longer than NEAR, if that is more. */
static float take_far(const fs_pieces *p, const word *w, const far_pieces *far, int32_t place, float best) {
    int32_t e;
    for (e = far->first[place]; e >= 0; e = far->pieces[e].next) {
        const float sum = w->sums[NEAR + far->pieces[e].from] + p->word_scores[far->pieces[e].value];
        best = FS_MAX(best, sum);
    }
    return best;
}

/* The sums of the best ways. Returns the largest absolute value of one. */
FS_INLINE float find_sums(const fs_pieces *p, word *w, const far_pieces *far, int32_t places) {
    float *sums = w->sums + NEAR;
    float b1 = 0, b2 = -INFINITY, b3 = b2, b4 = b2, least = 0, most = 0;
    int32_t i;
    for (i = 1; i <= NEAR; i++) sums[-i] = -INFINITY;
    sums[0] = 0;
    for (i = 1; i <= places; i++) {
        const float *add = &w->add[0][NEAR - 1 + i];
        const float high = FS_MAX(b3 + add[2 * ROW - 3], b4 + add[3 * ROW - 4]), more = FS_MAX(high, b2 + add[ROW - 2]);
        const float sum = b1 + add[-1];
        float best = FS_MAX(more, sum);
        if (far->ends >> i & 1) best = take_far(p, w, far, i, best);
        sums[i] = best;
        b4 = b3;
        b3 = b2;
        b2 = b1;
        b1 = best;
        most = FS_MAX(most, best);
        least = FS_MIN(least, best);
    }
    if (least == -INFINITY) /* there is no way to places within a character */
        for (least = 0, i = 1; i <= places; i++)
            if (sums[i] > -INFINITY) least = FS_MIN(least, sums[i]);
    return FS_MAX(most, -least);
}

static int32_t encode(const fs_pieces *p, const uint8_t *text, int32_t places, int32_t *end, double *gap, double *largest) {
    word w;
    far_pieces far;
    float least = INFINITY;
    int32_t n = 0, at;
    far.ends = 0;
    far.count = 0;
    *gap = INFINITY;
    if (!find_pieces(p, &w, &far, text, places)) return leave_unknown(p, text, places, end, largest);
    *largest = (double)find_sums(p, &w, &far, places);
    for (at = places; at > 0;) {
        const way to = way_to(p, &w, &far, at);
        const float more = to.best - to.second;
        least = FS_MIN(least, more);
        end[-++n] = to.value - 1;
        at -= to.length;
    }
    *gap = (double)least;
    return n;
}

int32_t fs_unigram_encode_word(const fs_pieces *p, const uint8_t *text, int32_t places, int32_t *end, float *reach) {
    double gap, largest;
    const int32_t n = encode(p, text, places, end, &gap, &largest);
    *reach = fs_unigram_reach(p, gap, largest, places + 2);
    return n;
}
