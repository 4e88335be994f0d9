/* What the normalizations know of each code point, in tables that generate_normalize.py writes. Their Unicode
 * version is that of the library whose tokens ours equal; code points that are younger are inert. */
#ifndef FS_TEXT_NORMALIZE_DATA_H
#define FS_TEXT_NORMALIZE_DATA_H

#include <stdint.h>

#include "base/portable.h"

typedef enum fs_form { FS_NFC, FS_NFD, FS_NFKC, FS_NFKD } fs_form;

#define FS_FORM_COMPOSED(form) (((form) & 1) == 0)
#define FS_FORM_COMPATIBLE(form) ((form) >> 1)

/* fs_normal.kinds, as generate_normalize.py numbers them */
enum {
    FS_NORMAL_MARK = 1,       /* general category M* */
    FS_NORMAL_NONSPACING = 2, /* Mn, of Unicode 8.0 */
    FS_NORMAL_DROPPED = 4,    /* what BertNormalizer leaves out: Cc, Cf and Co of Unicode 8.0, U+FFFD */
    FS_NORMAL_HANGUL = 8,     /* a syllable, which is decomposed by rule */
    FS_NORMAL_BACK = 16,      /* may compose with a character before it */
    FS_NORMAL_IDEOGRAPH = 32  /* BertNormalizer's */
};

typedef struct fs_normal {
    uint16_t parts[2]; /* full decompositions, canonical and compatible: where they are in fs_normal_parts, */
    uint8_t sizes[2];  /* and of how many characters; 0: none */
    uint8_t combining; /* canonical combining class */
    uint8_t checks;    /* bit form: in that form wherever it stands (quick check: yes);
                          bit 4 + form: what is before it has no part in what it becomes */
    uint8_t kinds;
} fs_normal;

typedef struct fs_normal_pair {
    uint32_t first, second, composite; /* composite 0: a free slot */
} fs_normal_pair;

extern const char fs_normal_version[];
extern const fs_normal fs_normal_records[];  /* [0]: nothing ever happens to it */
extern const uint16_t fs_normal_blocks[];    /* of 64 code points */
extern const uint16_t fs_normal_index[];
extern const uint32_t fs_normal_parts[];     /* combining class << 24 | code point */
extern const fs_normal_pair fs_normal_pairs[]; /* [2048] open addressing */

/* c < 0x110000 */
FS_INLINE const fs_normal *fs_normal_of(uint32_t c) {
    return &fs_normal_records[fs_normal_index[((uint32_t)fs_normal_blocks[c >> 6] << 6) + (c & 63)]];
}

#endif
