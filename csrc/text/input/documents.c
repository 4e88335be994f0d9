#include "documents.h"

#include <string.h>

#include "text/unicode/utf8.h"

/* Where the separator begins next, from `at`; block.size when it does not. */
static size_t find(fs_text block, fs_text separator, size_t at) {
    while (separator.size && at + separator.size <= block.size) {
        const uint8_t *begin = block.data + at;
        const uint8_t *found = memchr(begin, separator.data[0], block.size - separator.size + 1 - at);
        if (!found) break;
        if (memcmp(found, separator.data, separator.size) == 0) return (size_t)(found - block.data);
        at = (size_t)(found - block.data) + 1;
    }
    return block.size;
}

static fs_status add(fs_buffer *texts, fs_text block, size_t begin, size_t end, fs_error *err) {
    const fs_text text = {block.data + begin, end - begin};
    return fs_buffer_append(texts, &text, sizeof text, err);
}

fs_status fs_documents_add(fs_buffer *texts, fs_text block, fs_text separator, int last, size_t *used, size_t *valid,
                           fs_error *err) {
    const size_t before = texts->size;
    size_t begin = 0, end;
    while ((end = find(block, separator, begin)) < block.size) {
        FS_TRY(add(texts, block, begin, end, err));
        begin = end + separator.size;
    }
    if (last && (begin < block.size || !separator.size)) {
        FS_TRY(add(texts, block, begin, block.size, err));
        begin = block.size;
    }
    *used = begin;
    *valid = fs_utf8_valid(block.data, begin);
    if (*valid != begin) texts->size = before;
    return FS_OK;
}
