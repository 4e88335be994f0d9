/* What the scanners of the patterns (scan_*.c) share. */
#ifndef FS_TEXT_SCAN_SHAPES_H
#define FS_TEXT_SCAN_SHAPES_H

#include "text/unicode/classes.h"
#include "scan.h"
#include "text/unicode/utf8.h"

/* Class of the character at `at`, which moves behind it; FS_CLASS_END at the end, and `at` stays. */
FS_INLINE fs_class fs_scan_read(const uint8_t *text, int32_t size, int32_t *at) {
    if (*at >= size) return FS_CLASS_END;
    return fs_class_of(fs_utf8_read(text, at));
}

FS_INLINE fs_class fs_scan_peek(const uint8_t *text, int32_t size, int32_t at) {
    return fs_scan_read(text, size, &at);
}

FS_INLINE int fs_scan_in(unsigned set, fs_class c) { return (int)(set >> c & 1); }

/* Where the run of characters of a set that starts at `at` ends; `at` itself when there is none. */
FS_INLINE int32_t fs_scan_run(const uint8_t *text, int32_t size, int32_t at, unsigned set) {
    int32_t next = at;
    while (fs_scan_in(set, fs_scan_read(text, size, &next))) at = next;
    return at;
}

/* The same of at most `most` characters. */
FS_INLINE int32_t fs_scan_some(const uint8_t *text, int32_t size, int32_t at, unsigned set, int most) {
    int32_t next = at;
    while (most-- > 0 && fs_scan_in(set, fs_scan_read(text, size, &next))) at = next;
    return at;
}

/* White space that starts at `at`. In patterns that name newlines (\s*[\r\n]+|\s+(?!\S)|\s+) it goes to the
 * last of them; what is left goes up to its last character where something follows, which may belong to that. */
int32_t fs_scan_spaces(const uint8_t *text, int32_t size, int32_t at, int newlines);

/* One shape each. */
int32_t fs_scan_gpt2(const uint8_t *text, int32_t size, int32_t at, int single_digits);
int32_t fs_scan_cl100k(const uint8_t *text, int32_t size, int32_t at, int digits, int whole_tail);
int32_t fs_scan_o200k(const uint8_t *text, int32_t size, int32_t at, int digits, int contractions);
int32_t fs_scan_deepseek(const uint8_t *text, int32_t size, int32_t at);

#endif
