/* Pieces that were encoded before are looked up; the others go to whoever knows how. */
#ifndef FS_TEXT_PIECE_LOOKUP_H
#define FS_TEXT_PIECE_LOOKUP_H

#include "bpe_cache.h"
#include "text/cut/cut.h"
#include "text/hash.h"

/* Appends the ids (int32) of one piece. What it appends depends on the piece's bytes alone. */
typedef fs_status (*fs_piece_job)(void *ctx, fs_text piece, fs_buffer *ids, fs_error *err);

/* Appends the ids of pieces (n) of a text. */
fs_status fs_look_up_pieces(fs_bpe_cache *cache, const fs_hash_key *key, fs_text text, const fs_piece_span *pieces,
                            int64_t n, fs_piece_job job, void *ctx, fs_buffer *ids, fs_error *err);

#endif
