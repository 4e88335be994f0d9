/* Byte-pair encoding over bytes: the vocabulary, its merges, and the ids of a piece of text.
 *
 *     tokens    bytes    "!" "\"" ... " the" ...       one behind the other; a token's place is its index,
 *               starts    0   1                         which is what merges work on: dense, below 2^21
 *               ids       0   1  ... 279               what the index is called outside; gaps are fine
 *     words     (16-byte key, index)                   tokens of up to 15 bytes; power of two, linear probing
 *     long      (tag, index)                           longer ones
 *     pairs     left:21 right:21 rank:22               what merges: one word a slot, linear probing
 *     filter    bits, 8 or more a pair                 most pairs that do not merge end here
 *     made      rank -> index of the token it makes
 *
 * A piece is encoded by merging, again and again, the adjacent pair of the lowest rank, the leftmost first. In a
 * file of ranks (tiktoken) any two tokens whose bytes together are a token merge at that token's rank. One
 * pair a token is enough for the same result: when two parts of a token stand side by side and its rank is
 * the lowest left, all merges below it have been done inside the token's bytes and none across its ends, so
 * the two parts are those that the token's own bytes come to. They are found on loading, in the order of ranks.
 *
 * Finding them takes most of the time of loading. A vocabulary of ranks is therefore `spelled`: its merges are not listed,
 * the rank of a pair is the index of the token of both. That serves the first pieces; the walk finds its merges itself.
 *
 * Nothing changes after loading but for the walk (bpe_walk.h), which is built when there is much to merge; any number of
 * threads may encode at once. */
#ifndef FS_TEXT_BPE_H
#define FS_TEXT_BPE_H

#include "base/buffer.h"
#include "base/store.h"
#include "bpe_rows.h"
#include "bpe_walk.h"
#include "text/hash.h"
#include "text/lookup/piece_key.h"
#include "text/text_view.h"

#define FS_BPE_TOKENS_MAX ((1 << 21) - 1)
#define FS_BPE_MERGES_MAX ((1 << 22) - 1)
#define FS_BPE_SPELLED_MOST 512
#define FS_BPE_ID_MAX (1 << 24) /* ids are below; the table of ids is as long as the largest */

typedef struct fs_bpe_word {
    fs_piece_key key; /* high is 0: free */
    int32_t index;
} fs_bpe_word;

typedef struct fs_bpe_long {
    uint32_t tag;
    int32_t index; /* -1: free */
} fs_bpe_long;

typedef struct fs_bpe {
    fs_hash_key key;
    int32_t count;   /* tokens */
    fs_buffer bytes;
    fs_buffer starts; /* int32_t [count + 1] */
    int32_t *ids;     /* [count] */
    int32_t *index_of; /* [id_end] -1: no such id */
    int32_t id_end;
    uint8_t *whole;      /* [count] 1: a piece spelled like it is this token */
    fs_store tables;     /* which has these and those below */
    int32_t of_byte[256]; /* index of the token of that one byte; -1: none, the byte is left out */
    fs_bpe_word *words;
    size_t word_mask;
    fs_bpe_long *longs;
    size_t long_mask;
    uint64_t *pairs;
    size_t pair_mask;
    uint64_t *filter;    /* a bit a hash of a pair: where it is 0 the pair does not merge */
    size_t filter_mask;  /* of bits */
    int32_t *byte_pairs; /* [256][256] the rank of the pair of two bytes; -1 */
    int32_t *made; /* [merge_count] */
    int32_t merge_count;
    int32_t spelled; /* > 0: merges are not listed; bytes of the longest token, at most FS_BPE_SPELLED_MOST */
    int rising; /* no merge makes a token that a merge of lower or equal rank takes */
    fs_bpe_merge_rows merge_rows; /* the portable one, unless another is chosen after loading */
    fs_atomic walk_state; /* of fs_bpe_walk_of */
    fs_bpe_walk walk;
} fs_bpe;

/* tiktoken's file: a line a token, "base64 rank"; the rank is the id. Errors name the line. Zero-filled structs
 * are freed safely, also after a failure. */
fs_status fs_bpe_from_ranks(fs_bpe *m, fs_hash_key key, fs_text file, fs_error *err);

/* How fs_bpe_from_merges is told its tokens. */
typedef struct fs_bpe_parts {
    const fs_text *tokens; /* [count] UTF-8, bytes written in GPT-2's alphabet */
    const int32_t *ids;    /* [count] */
    int64_t count;
    const fs_text *merges; /* [2 * merge_count] left, right; the rank is the place */
    int64_t merge_count;
    int ignore_merges;     /* a piece that is a token is that token, whatever the merges say */
} fs_bpe_parts;
fs_status fs_bpe_from_merges(fs_bpe *m, fs_hash_key key, const fs_bpe_parts *parts, fs_error *err);

void fs_bpe_free(fs_bpe *m);

/* Index of the token that is spelled so; -1. `key` of pieces of at most FS_PIECE_SHORT bytes. */
int32_t fs_bpe_find_short(const fs_bpe *m, fs_piece_key key);
int32_t fs_bpe_find_long(const fs_bpe *m, const uint8_t *piece, int32_t size);

FS_INLINE uint64_t fs_bpe_pair_hash(const fs_bpe *m, uint64_t pair) { return pair * (m->key.k0 | 1); }

int32_t fs_bpe_rank_spelled(const fs_bpe *m, int32_t left, int32_t right);

/* Rank of the pair of two indices; -1 when it does not merge. */
FS_INLINE int32_t fs_bpe_rank(const fs_bpe *m, int32_t left, int32_t right) {
    const uint64_t pair = (uint64_t)(uint32_t)left << 21 | (uint32_t)right, hash = fs_bpe_pair_hash(m, pair);
    const size_t bit = (size_t)(hash >> 16) & m->filter_mask;
    size_t i = (size_t)(hash >> 32) & m->pair_mask;
    if (m->spelled) return fs_bpe_rank_spelled(m, left, right);
    if (!(m->filter[bit >> 6] >> (bit & 63) & 1)) return -1;
    for (;; i = (i + 1) & m->pair_mask) {
        const uint64_t slot = m->pairs[i];
        if (slot >> 22 == pair) return (int32_t)(slot & FS_BPE_MERGES_MAX);
        if (slot == UINT64_MAX) return -1;
    }
}

/* The token that the merge of a rank makes. */
FS_INLINE int32_t fs_bpe_made_by(const fs_bpe *m, int32_t rank) { return m->spelled ? rank : m->made[rank]; }

FS_INLINE fs_text fs_bpe_token(const fs_bpe *m, int32_t index) {
    const int32_t *start = (const int32_t *)m->starts.data + index;
    fs_text token = {(const uint8_t *)m->bytes.data + start[0], (size_t)(start[1] - start[0])};
    return token;
}

/* Merges a piece: indices (at least `size`) takes the tokens, and how many there are is returned; -1 when there is
 * no memory, which only pieces of more than FS_BPE_SHORT bytes ask for. */
#define FS_BPE_SHORT 64
int32_t fs_bpe_merge(const fs_bpe *m, const uint8_t *piece, int32_t size, int32_t *indices);

/* The quick way to merge, built by the first call; NULL while another thread is at that, or when there is none. */
enum { FS_BPE_WALK_UNTRIED, FS_BPE_WALK_UNDER_WAY, FS_BPE_WALK_READY, FS_BPE_WALK_NONE };
const fs_bpe_walk *fs_bpe_walk_of(fs_bpe *m);

/* Of fs_bpe_merge: `n` indices merged in place, n > FS_BPE_SHORT. */
int32_t fs_bpe_merge_long(const fs_bpe *m, int32_t *indices, int32_t n);

#endif
