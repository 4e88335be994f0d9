/* The steps of a normalizer, each a pass over a text. */
#ifndef FS_TEXT_NORMALIZE_STEPS_H
#define FS_TEXT_NORMALIZE_STEPS_H

#include "rewrite.h"

/* What a step does to a character that is not ASCII, at [from, to) of the text that is read: nothing, or
 * fs_rewrite_replace and then what it becomes. */
typedef fs_status (*fs_character_rule)(fs_rewrite *r, const fs_normalize_step *step, uint32_t c, int32_t from, int32_t to);

/* Every character: those of ASCII by the table, where 0x80 means that it goes; the others by the rule. */
fs_status fs_normalize_characters(fs_rewrite *r, const uint8_t ascii[128], fs_character_rule rule,
                                  const fs_normalize_step *step);

fs_status fs_normalize_lowercase(fs_rewrite *r);
fs_status fs_normalize_strip_accents(fs_rewrite *r);
fs_status fs_normalize_nmt(fs_rewrite *r);
fs_status fs_normalize_byte_level(fs_rewrite *r);
fs_status fs_normalize_strip(fs_rewrite *r, unsigned options);
fs_status fs_normalize_prepend(fs_rewrite *r, fs_text content);
fs_status fs_normalize_replace(fs_rewrite *r, const fs_normalize_step *step); /* and runs */
fs_status fs_normalize_precompiled(fs_rewrite *r, const fs_charsmap *map);

/* *unordered: the text has marks that must be put in order first and then stay, which this one pass cannot do. */
fs_status fs_normalize_bert(fs_rewrite *r, const fs_normalize_step *step, int *unordered);
#define FS_NORMALIZE_NONSPACING 16 /* option of it, within: nonspacing marks out, nothing decomposed */

/* For Replace: where a failed match goes on (Knuth, Morris, Pratt), as int32_t, one a byte of the pattern. */
fs_status fs_normalize_note_pattern(fs_normalize_step *step, fs_error *err);

/* The lower case of c: one character, or two for U+0130. */
int fs_lower(uint32_t c, uint32_t out[2]);

int fs_is_white_space(uint32_t c);

#endif
