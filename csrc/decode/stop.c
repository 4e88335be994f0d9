#include "stop.h"

/* Whether the text that ends before byte `end` of the piece of the last token ends with the `length` bytes of `stop`. */
static int ends_with(const fs_strings *pieces, const int32_t *answer, int64_t count, int64_t end, const uint8_t *stop,
                     int64_t length) {
    int64_t token = count - 1;
    while (length > 0) {
        while (end == 0) {
            if (token-- == 0) return 0;
            end = pieces->offsets[answer[token] + 1] - pieces->offsets[answer[token]];
        }
        if (pieces->bytes[pieces->offsets[answer[token]] + --end] != stop[--length]) return 0;
    }
    return 1;
}

int fs_stop_met(const fs_strings *stops, const fs_strings *pieces, const int32_t *answer, int64_t count) {
    int64_t size;
    if (!count) return 0;
    size = pieces->offsets[answer[count - 1] + 1] - pieces->offsets[answer[count - 1]];
    for (int i = 0; i < stops->count; i++) {
        const int64_t begin = stops->offsets[i], length = stops->offsets[i + 1] - begin;
        for (int64_t end = 1; end <= size; end++)
            if (ends_with(pieces, answer, count, end, stops->bytes + begin, length)) return 1;
    }
    return 0;
}
