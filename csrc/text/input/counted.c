#include "counted.h"

#include "text/unicode/utf8.h"

int64_t fs_counted_texts(fs_text data, size_t *at, int64_t count, fs_text *texts) {
    int64_t i;
    for (i = 0; i < count; i++) {
        uint64_t size;
        if (*at > data.size || data.size - *at < sizeof size) return i;
        size = fs_load_little(data.data + *at);
        if (size > data.size - *at - sizeof size) return i;
        texts[i].data = data.data + *at + sizeof size;
        texts[i].size = (size_t)size;
        *at += sizeof size + (size_t)size;
    }
    return count;
}

int64_t fs_texts_not_utf8(const fs_text *texts, int64_t count) {
    int64_t i;
    for (i = 0; i < count; i++)
        if (fs_utf8_valid(texts[i].data, texts[i].size) != texts[i].size) return i;
    return count;
}

int64_t fs_texts_halve(const fs_text *texts, int64_t count, fs_text *halves) {
    int64_t i;
    for (i = 0; i < count; i++) {
        const fs_text whole = texts[i];
        const uint8_t *space = whole.size ? memchr(whole.data, ' ', whole.size) : NULL;
        fs_text *half = halves + 2 * i;
        if (!space) return i;
        half[0].data = whole.data;
        half[0].size = (size_t)(space - whole.data);
        half[1].data = space + 1;
        half[1].size = whole.size - half[0].size - 1;
        if (half[1].size && memchr(half[1].data, ' ', half[1].size)) return i;
    }
    return count;
}
