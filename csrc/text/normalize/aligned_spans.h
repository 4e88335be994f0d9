/* From tokens of a normalized text back to places in the original. */
#ifndef FS_TEXT_ALIGNED_SPANS_H
#define FS_TEXT_ALIGNED_SPANS_H

#include "aligned.h"
#include "text/encode.h"

/* Places in one text, asked for in an order that hardly ever falls. */
typedef struct fs_place_counter {
    int32_t byte, character; /* the same place, counted both ways */
} fs_place_counter;

/* ends (n): where in `a` each token ends; those that share an end are parts of the same character. Their spans in the
 * original `text`, in the unit that `want` says, are added to block->spans. */
fs_status fs_aligned_spans(const fs_aligned *a, fs_text text, const int32_t *ends, int64_t n, unsigned want,
                           fs_text_block *block);

/* One span [begin, end) of bytes. `at`: counters of begins and of ends, zero-filled at the start of a text. */
fs_status fs_add_span(fs_place_counter at[2], fs_text text, int32_t begin, int32_t end, unsigned want,
                      fs_text_block *block);

#endif
