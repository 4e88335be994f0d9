/* Cutting a text into the pieces that are looked up. */
#ifndef FS_TEXT_SPLIT_H
#define FS_TEXT_SPLIT_H

#include <stddef.h>
#include <stdint.h>

typedef enum fs_split_rule {
    FS_SPLIT_CHARACTERS, /* each character */
    FS_SPLIT_WORDS,      /* Unicode words (UAX #29) */
    FS_SPLIT_WHITESPACE, /* as Python's str.split() */
    FS_SPLIT_SPACE,      /* at U+0020 alone; no empty pieces */
    FS_SPLIT_NONE,       /* the whole text, even when it is empty */
    FS_SPLIT_COUNT
} fs_split_rule;

typedef struct fs_splitter {
    const uint8_t *text; /* valid UTF-8 */
    int32_t size;
    int32_t at;
    fs_split_rule rule;
    int punctuation; /* FS_SPLIT_WORDS: whether pieces without a letter, number or connector are given too */
} fs_splitter;

/* The next piece, [*begin, *end); 0 when there is none. */
int fs_split_next(fs_splitter *s, int32_t *begin, int32_t *end);

/* Where the UAX #29 segment that starts at `at` < size ends. *kinds is the union of its characters' flags,
 * except FS_CHAR_SILENT, which is there when all of them have it. */
int32_t fs_word_end(const uint8_t *text, int32_t size, int32_t at, unsigned *kinds);

#endif
