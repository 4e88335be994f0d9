/* The character map of SentencePiece models: a rule "these bytes become those" for whatever a normalization
 * changes, in a double array (darts-clone) and a list of replacements.
 *
 *     size of the trie: u32      bytes, little-endian
 *     trie                       u32 a unit: label, offset of the children, whether a rule ends here
 *     replacements               UTF-8, each ended by NUL; a rule's value is where its own starts
 *
 * All of it comes from a file: units and values are walked and checked once, on loading. */
#ifndef FS_TEXT_CHARSMAP_H
#define FS_TEXT_CHARSMAP_H

#include "base/status.h"
#include "text/text_view.h"

typedef struct fs_charsmap {
    uint32_t *units; /* [unit_count] NULL: no rules */
    size_t unit_count;
    uint8_t *blob;
    size_t blob_size;
    int32_t longest;    /* bytes of the longest replacement */
    uint8_t alone[128]; /* 1: no rule is this ASCII character, or it and another one */
    uint64_t begins[256]; /* bit b2 & 63 of byte b1: some rule begins with these two, of a character that is not ASCII */
    int spaced;         /* some rule has a space in it, or makes two in a row, or U+2581 */
} fs_charsmap;

/* An empty file gives no rules. Free it either way. */
fs_status fs_charsmap_load(fs_charsmap *m, fs_text file, fs_error *err);
void fs_charsmap_free(fs_charsmap *m);

/* Bytes of the longest rule that begins here, and what they become; 0 when there is none. */
int32_t fs_charsmap_match(const fs_charsmap *m, const uint8_t *text, int32_t size, fs_text *out);

/* The same for the shortest. */
int32_t fs_charsmap_shortest(const fs_charsmap *m, const uint8_t *text, int32_t size, fs_text *out);

#endif
