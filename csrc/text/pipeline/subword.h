/* The models of tokenizer.json: the ids of one piece.
 *
 *     WordPiece   trie    the longest token that begins the piece, then the longest that goes on, spelled with a prefix
 *     WordLevel   trie    the token that the piece is
 *     Unigram     pieces  the way of the highest sum of scores, as double
 *     BPE         bpe     characters, then merges of the lowest rank first
 *
 * Nothing changes once it is made; any number of threads may encode at once. */
#ifndef FS_TEXT_SUBWORD_H
#define FS_TEXT_SUBWORD_H

#include "text/bpe/bpe.h"
#include "text/sentencepiece/pieces.h"

typedef enum fs_subword_kind {
    FS_SUBWORD_WORDPIECE,
    FS_SUBWORD_WORDLEVEL,
    FS_SUBWORD_UNIGRAM,
    FS_SUBWORD_BPE,
    FS_SUBWORD_KIND_COUNT
} fs_subword_kind;

/* What it is made of. */
typedef struct fs_subword_parts {
    fs_subword_kind kind;
    const fs_text *tokens; /* [count] UTF-8 */
    const int32_t *ids;    /* [count] in [0, FS_BPE_ID_MAX); Unigram's are 0, 1, 2 ... */
    const double *scores;  /* [count] of Unigram */
    const uint8_t *hidden; /* [count] 1: no text is this token, as it is a control token */
    int64_t count;
    const fs_text *merges; /* [2 * merge_count] of BPE: left, right; the rank is the place */
    int64_t merge_count;
    int32_t unknown;       /* id; -1: none */
    fs_text prefix;        /* of tokens that go on within a piece */
    fs_text suffix;        /* of BPE's that end one */
    int32_t longest;       /* WordPiece: pieces of more characters are unknown */
    int byte_fallback, fuse_unknown, ignore_merges;
} fs_subword_parts;

typedef struct fs_subword {
    fs_subword_kind kind;
    int32_t unknown; /* id; -1: none */
    int32_t longest;
    fs_piece_trie trie; /* token -> id */
    int64_t going_on;   /* node of the trie behind the prefix; -1: none */
    fs_pieces pieces;
    fs_bpe bpe;
    fs_buffer prefix, suffix;
    int32_t unknown_index, byte_index[256]; /* of BPE: indices of tokens; -1: none */
    int byte_fallback, fuse_unknown, ignore_merges;
} fs_subword;

/* Errors name the place in the vocabulary or among the merges. */
fs_status fs_subword_init(fs_subword *m, fs_hash_key key, const fs_subword_parts *parts, fs_error *err);
void fs_subword_free(fs_subword *m); /* zero-filled ones, too */

/* Appends the ids (int32) of a piece of at least a byte, and, where it is not NULL, to `ends` (int32) where in the
 * piece each ends. Fails with FS_ERR_UNKNOWN_TOKEN where the vocabulary lacks even the unknown token. `cache`: of
 * Unigram's words in long pieces; may be NULL. */
fs_status fs_subword_encode(const fs_subword *m, fs_bpe_cache *cache, fs_text piece, fs_buffer *ids, fs_buffer *ends,
                            fs_error *err);

/* Of fs_subword_init and fs_subword_encode: the larger models. */
fs_status fs_subword_bpe_init(fs_subword *m, fs_hash_key key, const fs_subword_parts *parts, fs_error *err);
fs_status fs_subword_bpe_encode(const fs_subword *m, fs_text piece, fs_buffer *ids, fs_buffer *ends, fs_error *err);
fs_status fs_subword_unigram_init(fs_subword *m, fs_hash_key key, const fs_subword_parts *parts, fs_error *err);

/* What is wrong with the token or the merge (`list`) of a place. */
fs_status fs_subword_refuse(fs_error *err, const char *list, int64_t place, const char *what, const char *expected,
                            fs_text found);
fs_status fs_subword_no_unknown(fs_error *err, fs_text piece);

/* One id. */
FS_INLINE fs_status fs_subword_put(int32_t id, int32_t end, fs_buffer *ids, fs_buffer *ends, fs_error *err) {
    FS_TRY(fs_buffer_append(ids, &id, sizeof id, err));
    return ends ? fs_buffer_append(ends, &end, sizeof end, err) : FS_OK;
}

#endif
