/* A block's choices, as the spec lists them: named numbers and words, read with their bounds. */
#ifndef FS_NN_OPTIONS_H
#define FS_NN_OPTIONS_H

#include "../base/status.h"

#define FS_MAX_WIDTH (1 << 24) /* rows, columns and vocabularies past this are refused */

typedef struct fs_option {
    const char *key;
    const char *word; /* NULL for a number */
    double number;
} fs_option;

typedef struct fs_options {
    const fs_option *items;
    int count;
    const char *where; /* the block's weights or kind, for messages */
} fs_options;

/* Each reads `key` into *out, or leaves *out as it is (the default) when the key is missing. */
fs_status fs_option_int(const fs_options *o, const char *key, int low, int high, int *out, fs_error *err);
fs_status fs_option_float(const fs_options *o, const char *key, float *out, fs_error *err);
const char *fs_option_word(const fs_options *o, const char *key, const char *fallback);

/* The place of the key's word in `words` (ended by NULL; the first is the default). */
fs_status fs_option_choice(const fs_options *o, const char *key, const char *const *words, int *out, fs_error *err);

/* A size that must be there: 1 to FS_MAX_WIDTH. */
fs_status fs_option_width(const fs_options *o, const char *key, int *out, fs_error *err);

#endif
