/* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * With single digits every \p{N} is a piece, and what is between them is cut as if it were the whole text. */
#include "scan_shapes.h"

#define NUMBERS FS_SET(FS_CLASS_NUMBER)
#define SIGNS (FS_SET_ALL & ~(FS_SET_LETTERS | NUMBERS | FS_SET_SPACES))

int32_t fs_scan_gpt2(const uint8_t *text, int32_t size, int32_t at, int single_digits) {
    int32_t begin = at, next = at, contraction;
    fs_class c = fs_scan_read(text, size, &next);
    if (text[at] == '\'' && (contraction = fs_scan_contraction(text, size, at, 0)) > 0) return at + contraction;
    if (single_digits && c == FS_CLASS_NUMBER) return next;
    if (text[at] == ' ') {
        begin = next;
        c = fs_scan_peek(text, size, begin);
        if (single_digits && c == FS_CLASS_NUMBER) return begin;
    }
    if (fs_scan_in(FS_SET_LETTERS, c)) return fs_scan_run(text, size, begin, FS_SET_LETTERS);
    if (fs_scan_in(NUMBERS, c)) return fs_scan_run(text, size, begin, NUMBERS);
    if (fs_scan_in(SIGNS, c)) return fs_scan_run(text, size, begin, SIGNS);
    begin = fs_scan_run(text, size, at, FS_SET_SPACES);
    if (single_digits && fs_scan_peek(text, size, begin) == FS_CLASS_NUMBER) return begin;
    return fs_scan_spaces(text, size, at, 0);
}
