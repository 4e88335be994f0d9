/* The normalization forms of Unicode (UAX #15), and the parts of them that BertNormalizer has a use for. */
#ifndef FS_TEXT_NORMALIZE_FORMS_H
#define FS_TEXT_NORMALIZE_FORMS_H

#include "normalize_data.h"
#include "rewrite.h"

/* segment, sorted: scratch. */
fs_status fs_normalize_form(fs_rewrite *r, fs_form form, fs_buffer *segment, fs_buffer *sorted);

/* The full decomposition of c: at most FS_DECOMPOSED_MOST characters, each with its combining class << 24. */
#define FS_DECOMPOSED_MOST 18
int fs_decompose(uint32_t c, int compatible, uint32_t *out);

#endif
