/* Filling an fs_bpe, for its loaders: open, then tokens, then merges, then close. */
#ifndef FS_TEXT_BPE_BUILD_H
#define FS_TEXT_BPE_BUILD_H

#include "bpe.h"

#define FS_BPE_TOKEN_BYTES_MAX (1 << 20)

/* Room for so many tokens, so many of them longer than FS_PIECE_SHORT, and so many merges. */
fs_status fs_bpe_open(fs_bpe *m, fs_hash_key key, int64_t tokens, int64_t longs, int64_t merges, fs_error *err);

/* The next token. One that is not findable is for decoding alone. *same: the index of an earlier token of the
 * same bytes, in which case nothing was added; else -1. */
fs_status fs_bpe_add_token(fs_bpe *m, fs_text token, int32_t id, int findable, int32_t *same, fs_error *err);

/* Starts to fetch what adding the token will ask for; `room`: bytes that may be read from its first one on. */
void fs_bpe_fetch_token(const fs_bpe *m, fs_text token, int64_t room);

/* The merge of the next rank; 0 when the pair already has one. */
int fs_bpe_add_merge(fs_bpe *m, int32_t left, int32_t right, int32_t made);

/* Makes the table of ids, which must differ and be in [0, FS_BPE_ID_MAX). */
fs_status fs_bpe_close(fs_bpe *m, fs_error *err);

int32_t fs_bpe_find(const fs_bpe *m, fs_text token);

/* The next token of a vocabulary of ranks, in their order, with the merge that its bytes come to where merges are
 * listed. parts: room for its bytes. *same: as above. */
fs_status fs_bpe_add_ranked(fs_bpe *m, fs_text token, int32_t id, int32_t *parts, int32_t *same, fs_error *err);

/* A spelled vocabulary with its merges listed. On failure *out is empty. */
fs_status fs_bpe_spell_out(const fs_bpe *m, fs_bpe *out, fs_error *err);

#endif
