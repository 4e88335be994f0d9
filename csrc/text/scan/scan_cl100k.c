/* (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
 * |\s*[\r\n]+|\s+(?!\S)|\s+
 *
 * and as tiktoken has it today, with |\s++$|\s*[\r\n]|\s+(?!\S)|\s at the end: `whole_tail`. */
#include "scan_shapes.h"

#define NUMBERS FS_SET(FS_CLASS_NUMBER)
#define SIGNS (FS_SET_ALL & ~(FS_SET_LETTERS | NUMBERS | FS_SET_SPACES))
#define BEFORE_WORD (SIGNS | FS_SET(FS_CLASS_BLANK))

int32_t fs_scan_cl100k(const uint8_t *text, int32_t size, int32_t at, int digits, int whole_tail) {
    int32_t next = at, end;
    fs_class c = fs_scan_read(text, size, &next), d;
    if (text[at] == '\'' && (end = fs_scan_contraction(text, size, at, 1)) > 0) return at + end;
    if (fs_scan_in(FS_SET_LETTERS, c)) return fs_scan_run(text, size, next, FS_SET_LETTERS);
    if (c == FS_CLASS_NUMBER) return fs_scan_some(text, size, at, NUMBERS, digits);
    d = fs_scan_peek(text, size, next);
    if (fs_scan_in(BEFORE_WORD, c) && fs_scan_in(FS_SET_LETTERS, d)) return fs_scan_run(text, size, next, FS_SET_LETTERS);
    if (fs_scan_in(SIGNS, c) || (text[at] == ' ' && fs_scan_in(SIGNS, d))) {
        end = fs_scan_run(text, size, next, SIGNS);
        return fs_scan_run(text, size, end, FS_SET(FS_CLASS_NEWLINE));
    }
    if (whole_tail && (end = fs_scan_run(text, size, at, FS_SET_SPACES)) == size) return end;
    return fs_scan_spaces(text, size, at, 1);
}
