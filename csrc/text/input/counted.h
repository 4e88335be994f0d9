/* Strings that lie one behind another, each behind its size: u64, little-endian. */
#ifndef FS_TEXT_COUNTED_H
#define FS_TEXT_COUNTED_H

#include "text/text_view.h"

/* texts (count) of the strings from byte *at on; *at moves behind them. How many there are: fewer where the data ends
 * before they do. */
int64_t fs_counted_texts(fs_text data, size_t *at, int64_t count, fs_text *texts);

/* The place of the first text (count) that is not UTF-8; `count` when all are. */
int64_t fs_texts_not_utf8(const fs_text *texts, int64_t count);

/* halves (2 * count): what is before the one space of each text, and behind it. The place of the first text that has not
 * one space; `count` when all have. */
int64_t fs_texts_halve(const fs_text *texts, int64_t count, fs_text *halves);

#endif
