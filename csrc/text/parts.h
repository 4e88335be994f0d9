/* The work of a batch in blocks: texts in a row of about equal bytes, or a part of a long text.
 *
 *     texts   [ a ][ b ][       c        ][ d ]
 *     blocks  |  0     |  1  |  2  |  3  |  4 |
 *
 * A text is cut only where what stands on the other side changes nothing (fs_part_cut), so that its ids are those of its
 * parts one behind the other. Where there is no such place, it stays whole. */
#ifndef FS_TEXT_PARTS_H
#define FS_TEXT_PARTS_H

#include "encode.h"

#define FS_PART_BYTES 65536 /* of a block, about */

/* Appends blocks (fs_text_block) of texts (count); `parted`: long ones may be cut. */
fs_status fs_blocks_cut(const fs_text_call *call, const fs_text *texts, int64_t count, unsigned want, int parted,
                        fs_buffer *blocks, fs_error *err);

/* The text of a block that is a part, and what is wanted of it. */
fs_text fs_part_text(const fs_text_block *b, fs_text whole);
unsigned fs_part_want(const fs_text_block *b, fs_text whole, unsigned want);

/* What a cut may begin with: U+0020 between two characters of which neither is white space, is left out or changes with
 * the space: most characters of ASCII, and letters, numbers and punctuation. The first behind `at`; size: none. */
int32_t fs_part_space(fs_text text, int32_t at);

/* Of the character at `at`, as fs_part_space asks it. */
int fs_part_solid(const uint8_t *text, int32_t at);

#endif
