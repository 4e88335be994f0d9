/* The Unigram model on words, as unigram.c has it on stretches of any length: a word is short enough for arrays of a fixed
 * size, and begins anew, without a sum before it. */
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

#define REAL float
#define NAME(name) name##_float
#include "text/body/unigram_word.inc"
#undef REAL
#undef NAME
#define REAL double
#define NAME(name) name##_double
#include "text/body/unigram_word.inc"

int32_t fs_unigram_encode_word(const fs_pieces *p, const uint8_t *text, int32_t places, int spaced, int32_t *ids, float *reach) {
    double gap, largest;
    const int32_t n = p->single ? encode_float(p, text, places, spaced != 0, ids, &gap, &largest)
                                : encode_double(p, text, places, spaced != 0, ids, &gap, &largest);
    *reach = fs_unigram_reach(p, gap, largest, places + 2);
    return n;
}
