/* What is done to a text before it is cut: lower-casing, and dropping characters that are not wanted. */
#ifndef FS_TEXT_TEXT_MAP_H
#define FS_TEXT_TEXT_MAP_H

#include "base/buffer.h"
#include "text/text_view.h"

typedef enum fs_keep { /* which characters stay; white space always does */
    FS_KEEP_ALL,
    FS_KEEP_ASCII_LETTERS,
    FS_KEEP_ASCII_ALPHANUMERIC,
    FS_KEEP_LETTERS,      /* and the marks on them */
    FS_KEEP_ALPHANUMERIC, /* letters, marks and numbers */
    FS_KEEP_COUNT
} fs_keep;

typedef struct fs_map_rules {
    int lowercase;      /* full lower-casing, as Python's str.lower() */
    fs_keep keep;       /* of the lower-cased characters */
    uint8_t ascii[128]; /* what becomes of each ASCII character; 0x80: dropped */
} fs_map_rules;

void fs_map_rules_init(fs_map_rules *rules, int lowercase, fs_keep keep);

/* The text as the splitter sees it. `from` gives for each byte where in the original the character that it
 * came from starts; NULL when nothing has moved, or when nobody asked. */
typedef struct fs_mapped {
    const uint8_t *data;
    int32_t size;
    const int32_t *from;
} fs_mapped;

typedef struct fs_map_scratch {
    fs_buffer data, from;
} fs_map_scratch;

/* Maps a valid UTF-8 text of at most FS_TEXT_MAX bytes. *out borrows from the text or from the scratch. */
fs_status fs_text_map(const fs_map_rules *rules, fs_text text, int want_from, fs_map_scratch *scratch, fs_mapped *out,
                      fs_error *err);
void fs_map_scratch_free(fs_map_scratch *scratch);

#endif
