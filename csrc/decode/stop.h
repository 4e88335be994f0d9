/* Texts that end an answer, wherever the borders of its tokens are. */
#ifndef FS_DECODE_STOP_H
#define FS_DECODE_STOP_H

#include "../base/portable.h"

/* Byte strings one behind the other: string i is bytes[offsets[i] .. offsets[i + 1]). */
typedef struct fs_strings {
    const uint8_t *bytes;
    const int64_t *offsets; /* (count + 1) */
    int count;
} fs_strings;

/* Whether the text of an answer holds one of `stops`, none of which is empty, that ends in its last token. pieces (V): what each
 * token adds to a text. answer (count). */
int fs_stop_met(const fs_strings *stops, const fs_strings *pieces, const int32_t *answer, int64_t count);

#endif
