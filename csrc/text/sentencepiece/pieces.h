/* A vocabulary of pieces with scores, and how a stretch of normalized text becomes ids: SentencePiece's models.
 *
 *     bytes    "<unk><s></s>▁the..."      all pieces, one behind the other; a piece's id is its place
 *     starts   0 5 8 12 ...               of id i: [starts[i], starts[i + 1])
 *     found    piece -> id                those that a text can have
 *
 * Nothing changes after fs_pieces_ready; any number of threads may encode at once. */
#ifndef FS_TEXT_PIECES_H
#define FS_TEXT_PIECES_H

#include "base/buffer.h"
#include "text/lookup/bpe_cache.h"
#include "text/lookup/byte_trie.h"
#include "text/hash.h"
#include "joints.h"
#include "text/lookup/piece_trie.h"

#define FS_UNIGRAM_SUM_MAX 100000.0 /* then sums begin anew, as SentencePiece has it since 0.2 */
#define FS_PIECE_MAX 4096    /* bytes of a piece */
#define FS_PIECES_MAX (1 << 22)
#define FS_UNIGRAM_MARGIN 8
#define FS_UNIGRAM_SPACE 0xFE /* stands for U+2581 before a word */
#define FS_UNIGRAM_WORD 60   /* bytes of a word that is searched as a whole */

typedef enum fs_pieces_kind {
    FS_PIECES_UNIGRAM, /* the segmentation of the highest sum of scores */
    FS_PIECES_MERGE    /* the neighbours whose union has the highest score are merged, again and again */
} fs_pieces_kind;

typedef enum fs_piece_type { /* as the files number them */
    FS_PIECE_NORMAL = 1,
    FS_PIECE_UNKNOWN,
    FS_PIECE_CONTROL,
    FS_PIECE_DEFINED, /* by the user: found before all others */
    FS_PIECE_UNUSED,
    FS_PIECE_BYTE
} fs_piece_type;

typedef struct fs_merge_slot {
    uint64_t pair;  /* left:32 right:32; UINT64_MAX: free */
    int32_t symbol; /* what they become */
} fs_merge_slot;

typedef struct fs_pieces {
    fs_pieces_kind kind;
    int single;          /* sums are rounded to float, as SentencePiece does; otherwise double */
    int byte_fallback;   /* what no piece covers becomes the pieces of its bytes */
    int join_unknown;    /* unknown ids in a row become one */
    fs_hash_key key;
    int32_t count;
    fs_buffer bytes, starts; /* starts: int32_t [count + 1] */
    fs_buffer scores;        /* double [count] */
    fs_buffer types;         /* uint8_t [count] */
    fs_byte_trie found;      /* pieces that are found in texts, and of merging the symbols above them */
    fs_piece_trie trie, reserved; /* while pieces are added: those, and the others */
    int32_t unknown;         /* its id; -1: none */
    int32_t of_byte[256];    /* ids; -1: none */
    double unknown_score;
    double largest;      /* absolute value of a score that counts */
    float *sums_float;   /* of Unigram: [count + 2] what each id + 2 adds to a sum: nothing, what is unknown, the pieces; */
    double *sums_double; /* one of the two */
    int32_t space_value; /* id + 1 of U+2581, 0: no piece */
    uint64_t first_units[256]; /* of `found`, by the first byte of a piece; 0: there is none; FS_UNIGRAM_SPACE: U+2581 */
    float first_scores[256];   /* of characters of one byte, and of U+2581; -infinity: the byte is none */
    float *word_scores;        /* by id + 1; -infinity: no piece */
    int quick;           /* no sum of a word is out of bounds: fs_unigram_encode_word may be asked */
    float reach_one;     /* up to which sum any single character is what it is without one */
    fs_joints joints;
    int words;  /* no piece has U+2581 behind another character */
    int unused, defined; /* whether there are such */
    /* of merging alone: */
    fs_merge_slot *merges;
    size_t merge_mask;
    int32_t *ranks;       /* [count] 0 for the highest score; equal scores are equal */
    int32_t symbol_count; /* pieces, then single characters that are none but begin or end one */
} fs_pieces;

fs_status fs_pieces_init(fs_pieces *p, fs_hash_key key, fs_error *err);
void fs_pieces_free(fs_pieces *p); /* zero-filled ones, too */

/* Adds a piece of the next id. */
fs_status fs_pieces_add(fs_pieces *p, fs_text piece, double score, fs_piece_type type, fs_error *err);

/* Once all are there and kind, single and byte_fallback are set. */
fs_status fs_pieces_ready(fs_pieces *p, fs_error *err);

FS_INLINE fs_text fs_pieces_text(const fs_pieces *p, int32_t id) {
    const int32_t *start = (const int32_t *)p->starts.data + id;
    fs_text piece = {(const uint8_t *)p->bytes.data + start[0], (size_t)(start[1] - start[0])};
    return piece;
}

FS_INLINE double fs_pieces_score(const fs_pieces *p, int32_t id) { return ((const double *)p->scores.data)[id]; }
FS_INLINE fs_piece_type fs_pieces_type(const fs_pieces *p, int32_t id) {
    return (fs_piece_type)((const uint8_t *)p->types.data)[id];
}

/* What is made of a stretch. */
typedef struct fs_pieces_out {
    fs_buffer *ids;  /* int32_t */
    fs_buffer *ends; /* int32_t: where in the stretch each id ends, or NULL */
} fs_pieces_out;

/* text of at most INT32_MAX / 2 bytes. *cache may keep what was found. */
fs_status fs_pieces_encode(const fs_pieces *p, fs_bpe_cache *cache, fs_text text, fs_pieces_out *out, fs_error *err);

/* The pieces of a text, of which `room` bytes more may be read, added to `found` as those of fs_unigram_encode, whose *sum
 * and *reach they have; *cache may keep parts of it. */
fs_status fs_pieces_search(const fs_pieces *p, fs_bpe_cache *cache, fs_text text, int32_t room, double *sum, float *reach,
                           fs_buffer *found, fs_error *err);

/* The two models, over a part [begin, end) of the text. Each adds its pieces to `found` (int32_t), -1 for every
 * character that no piece covers.
 * *sum: of the scores before it, and then with it. *reach: up to which absolute value of that sum the result would be
 * the same. */
fs_status fs_unigram_encode(const fs_pieces *p, fs_text text, int32_t begin, int32_t end, double *sum, float *reach,
                            fs_buffer *found, fs_error *err);
/* Up to which sum before a text of at most `chars` characters the same way wins: `gap` is how much better it is than any other
 * at each of its places, `largest` the largest absolute value of a sum. */
float fs_unigram_reach(const fs_pieces *p, double gap, double largest, int32_t chars);

/* The same of a word of at most FS_UNIGRAM_WORD bytes that nothing is before, the first one FS_UNIGRAM_SPACE; FS_UNIGRAM_MARGIN bytes
 * of 0xFF are behind it. The ids, of which there may be one a byte, end before `end`; returns how many there are. Only where
 * p->quick is set. */
int32_t fs_unigram_encode_word(const fs_pieces *p, const uint8_t *text, int32_t places, int32_t *end, float *reach);

/* The least reach of single characters. */
float fs_unigram_reach_one(const fs_pieces *p);

fs_status fs_scored_merge_ready(fs_pieces *p, fs_error *err);
fs_status fs_scored_merge_encode(const fs_pieces *p, fs_text text, int32_t begin, int32_t end, fs_buffer *found,
                                 fs_error *err);

#endif
