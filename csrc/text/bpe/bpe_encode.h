/* Texts to ids by byte-pair encoding: markers are found, what is between them is cut and encoded. */
#ifndef FS_TEXT_BPE_ENCODE_H
#define FS_TEXT_BPE_ENCODE_H

#include "bpe_pieces.h"
#include "bpe_units.h"
#include "text/encode.h"
#include "text/markers.h"
#include "text/normalize/normalize.h"
#include "text/outside.h"

typedef struct fs_bpe_encoder {
    fs_bpe model;
    fs_markers markers;
    fs_cache_pool pool; /* the only part that changes, and safely, beside */
    fs_bpe_units units; /* what decoding makes of the vocabulary once */
    fs_scan scan;
    fs_scan_rule rule;
    fs_outside outside; /* cuts instead of the scanner; what is in no match is left out */
    const fs_normalizer *normalizer; /* of stretches of plain text, with no prefix_space; borrowed; NULL: none */
    int prefix_space; /* a space before each stretch of plain text that has none */
    fs_buffer prepend, append; /* int32_t: ids around every text */
    fs_buffer marker_of;       /* int32_t: the marker of an id, as far as they go; -1: none */
} fs_bpe_encoder;

void fs_bpe_encoder_free(fs_bpe_encoder *e);

/* Once all markers are added: their ids, in [0, FS_BPE_ID_MAX), become known to decoding. */
fs_status fs_bpe_note_markers(fs_bpe_encoder *e, fs_error *err);

/* The job of an fs_bpe_encoder. Of `want` it knows all but FS_WANT_PIECES. */
fs_status fs_bpe_job(const fs_text_call *call, fs_text text, int64_t place, unsigned want, fs_text_block *block,
                     int64_t *tokens);

/* Its fs_part_cut. */
int32_t fs_bpe_cut(const fs_text_call *call, fs_text text, unsigned want, int32_t at);

/* The bytes of ids (n), one behind the other, markers as they are spelled or left out when they are special and
 * `skip_special`. An unknown id fails, naming its place. */
fs_status fs_bpe_decode(const fs_bpe_encoder *e, const int32_t *ids, int64_t n, int skip_special, fs_buffer *out,
                        fs_error *err);

#define FS_BPE_NEAR 16 /* bytes of a token that are copied at once */

/* Whether the id is one of the vocabulary and no marker's, of at most FS_BPE_NEAR bytes that lie before as many others. */
FS_INLINE int fs_bpe_is_near(const fs_bpe_encoder *e, int32_t id, fs_text *token) {
    const fs_bpe *m = &e->model;
    const int32_t *marker_of = (const int32_t *)e->marker_of.data;
    const uint8_t *last = (const uint8_t *)m->bytes.data + m->bytes.size;
    if (id < 0 || id >= m->id_end || m->index_of[id] < 0) return 0;
    if ((size_t)id < e->marker_of.size / sizeof *marker_of && marker_of[id] >= 0) return 0;
    *token = fs_bpe_token(m, m->index_of[id]);
    return token->size <= FS_BPE_NEAR && last - token->data >= FS_BPE_NEAR;
}

/* The bytes of one id, or those of its marker; size 0 and data NULL when there is no such id. */
fs_text fs_bpe_bytes(const fs_bpe_encoder *e, int32_t id, int *special);

#endif
