#include "aligned_spans.h"

#include "text/unicode/utf8.h"

static int32_t characters_to(fs_place_counter *at, fs_text text, int32_t byte) {
    for (; at->byte < byte; at->byte++) at->character += (text.data[at->byte] & 0xC0) != 0x80;
    for (; at->byte > byte; at->byte--) at->character -= (text.data[at->byte - 1] & 0xC0) != 0x80;
    return at->character;
}

fs_status fs_add_span(fs_place_counter at[2], fs_text text, int32_t begin, int32_t end, unsigned want,
                      fs_text_block *block) {
    int32_t span[2] = {begin, end};
    if (want & FS_WANT_CHARACTER_SPANS) {
        span[0] = characters_to(&at[0], text, begin);
        span[1] = characters_to(&at[1], text, end);
    }
    return fs_buffer_append(&block->spans, span, sizeof span, &block->error);
}

fs_status fs_aligned_spans(const fs_aligned *a, fs_text text, const int32_t *ends, int64_t n, unsigned want,
                           fs_text_block *block) {
    fs_place_counter at[2] = {{0, 0}, {0, 0}};
    int32_t begin = 0;
    int64_t i;
    for (i = 0; i < n; i++) {
        if (i && ends[i] != ends[i - 1]) begin = ends[i - 1];
        FS_TRY(fs_add_span(at, text, a->begins[begin], FS_MAX(a->ends[ends[i] - 1], a->begins[begin]), want, block));
    }
    return FS_OK;
}
