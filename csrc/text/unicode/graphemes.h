/* Extended grapheme clusters (UAX #29, table 1c), with tables that generate_graphemes.py writes. */
#ifndef FS_TEXT_GRAPHEMES_H
#define FS_TEXT_GRAPHEMES_H

#include "base/portable.h"
#include "text/text_view.h"

typedef enum fs_grapheme {
    FS_GRAPHEME_OTHER,
    FS_GRAPHEME_CR,
    FS_GRAPHEME_LF,
    FS_GRAPHEME_CONTROL,
    FS_GRAPHEME_ZWJ,
    FS_GRAPHEME_LINKER,      /* of Extend: joins Indic consonants */
    FS_GRAPHEME_EXTEND,      /* of Extend: may stand between a consonant and its linker */
    FS_GRAPHEME_EXTEND_ONLY, /* of Extend: may not */
    FS_GRAPHEME_SPACING,
    FS_GRAPHEME_PREPEND,
    FS_GRAPHEME_REGIONAL,
    FS_GRAPHEME_L,
    FS_GRAPHEME_V,
    FS_GRAPHEME_T,
    FS_GRAPHEME_LV,
    FS_GRAPHEME_LVT,
    FS_GRAPHEME_PICTOGRAPH,
    FS_GRAPHEME_CONSONANT
} fs_grapheme;

extern const uint16_t fs_grapheme_blocks[]; /* of 128 code points */
extern const uint8_t fs_grapheme_index[];

/* c < 0x110000 */
FS_INLINE fs_grapheme fs_grapheme_of(uint32_t c) {
    return (fs_grapheme)fs_grapheme_index[((uint32_t)fs_grapheme_blocks[c >> 7] << 7) + (c & 127)];
}

/* Where the cluster ends that begins at `at`, before the end of a text of valid UTF-8. */
int32_t fs_grapheme_end(fs_text text, int32_t at);

#endif
