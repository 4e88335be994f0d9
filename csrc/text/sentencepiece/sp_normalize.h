/* How SentencePiece models prepare a text: rules of the character map, white space put in order and written as
 * U+2581. */
#ifndef FS_TEXT_SP_NORMALIZE_H
#define FS_TEXT_SP_NORMALIZE_H

#include "text/normalize/aligned.h"
#include "text/normalize/charsmap.h"
#include "text/lookup/piece_trie.h"

#define FS_SP_SPACE "\xE2\x96\x81" /* U+2581 */

typedef struct fs_sp_rules {
    fs_charsmap map;
    fs_piece_trie kept;  /* pieces that no rule changes */
    int has_kept, kept_spaced; /* some; some with U+0020 */
    int dummy_prefix;    /* a space before the text, */
    int suffix;          /* or behind it */
    int remove_spaces;   /* those at the ends, and all but one of others in a row */
    int escape;          /* U+0020 becomes U+2581 */
    int by_words;        /* the words of a text, between U+0020, can be prepared one by one: each becomes nothing or
                          * begins with the space before it, and together they are what the text becomes */
    uint64_t changing[256]; /* as the map's `begins`, with the pieces */
    uint8_t plain[256];  /* 1: an ASCII character that stays as it is when an ASCII character follows */
} fs_sp_rules;

/* Once map and kept are there. */
void fs_sp_rules_note(fs_sp_rules *r);
void fs_sp_rules_free(fs_sp_rules *r);

/* text of valid UTF-8, appended to *out. `goes_on`: from another, so that it does not begin a text. */
fs_status fs_sp_normalize(const fs_sp_rules *r, fs_text text, int goes_on, fs_aligned *out, fs_error *err);

#endif
