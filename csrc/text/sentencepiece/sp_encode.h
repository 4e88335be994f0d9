/* Texts to ids and back by a SentencePiece model. */
#ifndef FS_TEXT_SP_ENCODE_H
#define FS_TEXT_SP_ENCODE_H

#include "text/encode.h"
#include "sp_file.h"

typedef struct fs_sp_encoder {
    fs_sp_model model;
    fs_cache_pool pool;        /* the only part that changes, and safely */
    fs_buffer prepend, append; /* int32_t: ids around every text */
} fs_sp_encoder;

void fs_sp_encoder_free(fs_sp_encoder *e);

/* The job of an fs_sp_encoder. Of `want` it knows all but FS_WANT_PIECES. */
fs_status fs_sp_job(const fs_text_call *call, fs_text text, int64_t place, unsigned want, fs_text_block *block,
                    int64_t *tokens);

/* Its fs_block_job. */
fs_status fs_sp_block_job(const fs_text_call *call, const fs_text *texts, unsigned want, fs_text_block *block,
                          int64_t *tokens);

/* Its fs_part_cut. */
int32_t fs_sp_cut(const fs_text_call *call, fs_text text, unsigned want, int32_t at);

/* The text of ids (n), appended. An id that is not in the vocabulary fails, naming its place. */
fs_status fs_sp_decode(const fs_sp_encoder *e, const int32_t *ids, int64_t n, fs_buffer *out, fs_error *err);

/* The normalized text, appended. */
fs_status fs_sp_prepare(const fs_sp_encoder *e, fs_text text, fs_buffer *out, fs_error *err);

#endif
