/* One step of a normalization going over a text: what stays is copied in runs, what changes is put between them.
 * As long as nothing changes nothing is copied. */
#ifndef FS_TEXT_REWRITE_H
#define FS_TEXT_REWRITE_H

#include "normalize.h"

typedef struct fs_rewrite {
    fs_text text;               /* what is read, and where its bytes come from; NULL: from themselves */
    const int32_t *begin, *end;
    fs_aligned *out;
    int32_t done; /* of the text: what is before it has been dealt with */
    int changed;
    fs_error *err;
} fs_rewrite;

/* Everything up to `to` that has not been dealt with stays as it is. */
fs_status fs_rewrite_keep(fs_rewrite *r, int32_t to);

/* [from, to), which has not been dealt with, goes. */
fs_status fs_rewrite_replace(fs_rewrite *r, int32_t from, int32_t to);

/* Bytes that [from, to) becomes are next. */
fs_status fs_rewrite_put(fs_rewrite *r, const uint8_t *bytes, size_t n, int32_t from, int32_t to);

fs_status fs_rewrite_put_character(fs_rewrite *r, uint32_t c, int32_t from, int32_t to);

/* The place in the original of [from, to) of the text that is read. */
void fs_rewrite_place(const fs_rewrite *r, int32_t from, int32_t to, int32_t place[2]);

#endif
