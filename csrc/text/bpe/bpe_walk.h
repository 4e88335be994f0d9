/* Byte-pair encoding from left to right: the longest token that can stand next, again and again.
 *
 * Tokens a b stand side by side in what byte-pair encoding makes of a text exactly when encoding the two alone gives
 * a b again (Berglund and van der Merwe 2023), which the merges that made them tell. So the longest token that begins
 * here is taken if it may follow the one before; else a shorter one; and where none may, the one before is given up for
 * a shorter one and its end is not tried again. That takes time in proportion to the piece, however long it is.
 *
 * Symbols are the tokens that merging can make, in the order of their merges: 0 to 255 the bytes, 256 + k what the
 * k-th of them makes. Where several merges make the same bytes only one of them is ever reached.
 *
 *     symbols  left:21 right:21 size:22      what was merged, and its bytes
 *     records  int32_t ...                   all that is asked about a symbol while walking, side by side; where a
 *                                            symbol's is tells which one it is
 *     trie     bytes -> record
 *     pairs    left, right -> made
 *     ids      symbol -> what it is called outside
 *     bytes    what two bytes merge to       [256][256] */
#ifndef FS_TEXT_BPE_WALK_H
#define FS_TEXT_BPE_WALK_H

#include "text/lookup/bpe_follows.h"
#include "text/lookup/byte_trie.h"
#include "text/lookup/pair_table.h"

typedef struct fs_bpe_walk {
    uint64_t *symbols; /* [count]; of bytes, left and right are not used */
    int32_t *records;  /* fs_bpe_record ... */
    fs_buffer growing; /* them while they are made */
    int32_t count, room;
    fs_byte_trie trie;
    fs_pair_table pairs;
    int32_t *ids;   /* [count] */
    int32_t *bytes; /* [256][256] FS_PAIR_NONE: nothing */
    int whole;       /* 1: it finds all pieces that are a token as they stand */
} fs_bpe_walk;

/* The edges of a symbol are the symbols that begin it, and those that end it: itself, its left (right) part, the left
 * (right) part of that, to a byte. */
typedef struct fs_bpe_record {
    int32_t id;      /* what it is called outside */
    int32_t shorter; /* the record of the longest shorter symbol that begins it; -1: none */
    int32_t size;    /* bytes */
    int32_t right;   /* where in `edges` the right edge begins */
    int32_t edges[]; /* left, then right; what is deeper than FS_BPE_EDGE is cut off, and -1 stands there */
} fs_bpe_record;
#define FS_BPE_EDGE 30

struct fs_bpe;

/* From a vocabulary all of whose bytes are tokens and whose merges rise, each token made in one way: FS_ERR_UNSUPPORTED
 * when it is no such. */
fs_status fs_bpe_walk_build(fs_bpe_walk *w, const struct fs_bpe *m, fs_error *err);
void fs_bpe_walk_free(fs_bpe_walk *w); /* zero-filled ones, too */

/* Room for so many merges, in the order of their ranks; the bytes are added first. */
fs_status fs_bpe_walk_open(fs_bpe_walk *w, uint64_t secret, int32_t most, fs_error *err);

/* A symbol, and where its record is. */
typedef struct fs_bpe_made {
    int32_t symbol, record;
} fs_bpe_made;

/* The next byte; the next symbol, which the pair merges to. */
fs_status fs_bpe_walk_add_byte(fs_bpe_walk *w, int32_t id, fs_bpe_made *made, fs_error *err);
fs_status fs_bpe_walk_add(fs_bpe_walk *w, fs_bpe_made left, fs_bpe_made right, int32_t id, fs_bpe_made *made, fs_error *err);

/* Once all are added: the records are at rest. */
fs_status fs_bpe_walk_close(fs_bpe_walk *w, fs_error *err);

/* Whether a and b, of symbols that are there, may stand side by side. */
int fs_bpe_walk_may_follow(const fs_bpe_walk *w, int32_t a, int32_t b);

FS_INLINE int32_t fs_bpe_symbol_left(uint64_t symbol) { return (int32_t)(symbol >> 43); }
FS_INLINE int32_t fs_bpe_symbol_right(uint64_t symbol) { return (int32_t)(symbol >> 22 & FS_PAIR_SYMBOLS_MAX); }
FS_INLINE int32_t fs_bpe_symbol_size(uint64_t symbol) { return (int32_t)(symbol & ((1 << 22) - 1)); }

/* The first two symbols that a walk tries, and where they end: what is needed of each is on its way once it is found. */
typedef struct fs_bpe_ahead {
    int32_t next[2], end[2];
} fs_bpe_ahead;

/* Finds the first (which = 0), then the second. It pays to do so for some pieces before the first of them is walked. */
void fs_bpe_walk_ahead(const fs_bpe_walk *w, const uint8_t *piece, int32_t size, int which, fs_bpe_ahead *ahead);

/* The ids of a piece: `out` has room for one a byte. How many; -1: no memory, which only pieces of more than
 * FS_BPE_WALK_STACK bytes ask for. `ahead`: both symbols of the piece; NULL: not looked for yet. */
#define FS_BPE_WALK_STACK 4096
int32_t fs_bpe_walk_encode(const fs_bpe_walk *w, fs_bpe_follows *known, const uint8_t *piece, int32_t size,
                           const fs_bpe_ahead *ahead, int32_t *out);

#endif
