/* How training cuts texts into the pieces that it counts.
 *
 *     pattern   the scanners of byte-level tokenizers (scan.h)
 *     split     mapped and cut as vocabularies of words and characters are (text_map.h, split.h)
 *     bert      normalized, then cut at white space, signs by themselves
 *     spaces    SentencePiece: normalized, then cut before each U+2581, where the script changes and around the
 *               symbols that the user defines, which are left out */
#ifndef FS_TEXT_WORD_CUT_H
#define FS_TEXT_WORD_CUT_H

#include "text/normalize/normalize.h"
#include "text/scan/scan.h"
#include "text/sentencepiece/sp_normalize.h"
#include "text/words/split.h"
#include "text/words/text_map.h"

typedef enum fs_word_rule { FS_WORDS_PATTERN, FS_WORDS_SPLIT, FS_WORDS_BERT, FS_WORDS_SPACES } fs_word_rule;

typedef struct fs_word_cutter {
    fs_word_rule rule;
    fs_scan scan; /* pattern */
    fs_scan_rule pattern;
    fs_map_rules map; /* split */
    fs_split_rule split;
    int punctuation;
    const fs_normalizer *normalizer; /* bert: borrowed */
    const fs_sp_rules *spaces; /* borrowed */
    int scripts; /* spaces: whether a piece holds one script only, */
    int digits;  /* and whether each digit is a piece */
    int bare_lines; /* lines end before their LF or CR LF */
} fs_word_cutter;

typedef struct fs_word_scratch { /* a thread's */
    fs_map_scratch map;
    fs_aligned aligned;
    fs_normalize_scratch normal;
} fs_word_scratch;

void fs_word_scratch_free(fs_word_scratch *s);

/* Gives every word of a text of valid UTF-8, by any rule but the pattern's. */
typedef fs_status (*fs_word_seen)(void *ctx, fs_text word, fs_error *err);
fs_status fs_words_each(const fs_word_cutter *c, fs_word_scratch *s, fs_text text, fs_word_seen seen, void *ctx,
                        fs_error *err);

#endif
