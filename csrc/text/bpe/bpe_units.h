/* Ids to UTF-16, where characters are not all ASCII: tokens that are whole characters are kept as such, so that only
 * what is between them goes through bytes.
 *
 *     places   begin:27 count:5      of each id, in units; count is 0 where the token is longer than FS_BPE_UNITS, no
 *                                    whole characters, characters of two units, a marker's or none
 *     units    uint16_t ...          FS_BPE_UNITS may be read from any place on
 *
 * Built when the first such text is decoded; any number of threads may decode at once. */
#ifndef FS_TEXT_BPE_UNITS_H
#define FS_TEXT_BPE_UNITS_H

#include "base/buffer.h"
#include "base/portable.h"

#define FS_BPE_UNITS 16

typedef struct fs_bpe_units {
    fs_atomic state;
    uint32_t *places; /* [id_end] */
    fs_buffer units;
} fs_bpe_units;

struct fs_bpe_encoder;

typedef enum fs_bpe_text {
    FS_BPE_TEXT_NONE,  /* bytes are the better way: a short text, ASCII, mostly parts of characters; or the only one: no
                        * UTF-8, an unknown id */
    FS_BPE_TEXT_UCS2,  /* each unit is a character */
    FS_BPE_TEXT_UTF16  /* some are halves */
} fs_bpe_text;

/* The text of ids (n), uint16_t appended to `out`: markers as they are spelled or left out when they are special and
 * `skip_special`. What is in `out` counts only where there is a text. */
fs_bpe_text fs_bpe_decode_units(struct fs_bpe_encoder *e, const int32_t *ids, int64_t n, int skip_special, fs_buffer *out);

void fs_bpe_units_free(fs_bpe_units *u); /* zero-filled ones, too */

#endif
