#include "text_array.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "text/unicode/utf8.h"

static fs_status fail_at(const fs_text_array *a, int64_t i, const char *unit, int64_t at, const char *what,
                         const char *facts, uint32_t found, fs_error *err) {
    char where[120];
    snprintf(where, sizeof where, "%.60s[%lld], %s %lld", a->name, (long long)(a->first + i), unit, (long long)at);
    return fs_fail(err, FS_ERR_VALUE, where, what, facts, (unsigned)found);
}

fs_status fs_text_array_bytes(const fs_text_array *a, fs_text *texts, fs_error *err) {
    int64_t i;
    for (i = 0; i < a->count; i++) {
        const uint8_t *p = a->data + i * a->stride;
        size_t size = (size_t)a->width, valid;
        while (size && !p[size - 1]) size--;
        texts[i].data = p;
        texts[i].size = size;
        valid = fs_utf8_valid(p, size);
        if (valid != size)
            return fail_at(a, i, "byte", (int64_t)valid, "not UTF-8", "valid UTF-8|0x%02x", p[valid], err);
    }
    return FS_OK;
}

static uint32_t code_at(const uint8_t *element, int64_t i) {
    uint32_t c;
    memcpy(&c, element + i * 4, sizeof c);
    return c;
}

/* Code points without the zeros behind them, and their bytes in UTF-8; -1: one is none, at *length. */
static int64_t measure(const uint8_t *element, int64_t width, int64_t *length) {
    int64_t i, n = width, bytes = 0;
    while (n && !code_at(element, n - 1)) n--;
    *length = n;
    for (i = 0; i < n; i++) {
        const uint32_t c = code_at(element, i);
        if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
            *length = i;
            return -1;
        }
        bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    }
    return bytes;
}

fs_status fs_text_array_codes(const fs_text_array *a, fs_buffer *utf8, fs_text *texts, fs_error *err) {
    size_t total = 0;
    int64_t i, j, length;
    uint8_t *out;
    for (i = 0; i < a->count; i++) {
        const uint8_t *element = a->data + i * a->stride;
        const int64_t bytes = measure(element, a->width, &length);
        if (bytes < 0)
            return fail_at(a, i, "character", length, "not a character", "a code point of Unicode|U+%04X",
                           code_at(element, length), err);
        texts[i].size = (size_t)bytes;
        if (!fs_size_add(total, (size_t)bytes, &total)) return fs_fail_memory(err, a->name, UINT64_MAX);
    }
    out = fs_buffer_add(utf8, total + 1);
    if (!out) return fs_fail_memory(err, a->name, total);
    for (i = 0; i < a->count; i++) {
        const uint8_t *element = a->data + i * a->stride, *end = out + texts[i].size;
        texts[i].data = out;
        for (j = 0; out < end; j++) out += fs_utf8_write(out, code_at(element, j));
    }
    return FS_OK;
}
