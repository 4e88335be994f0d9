/* No pattern looks back, so what is behind a place where a piece starts in any case is cut as it is in the whole text.
 * What is before it is, if no pattern asks there what comes next: they do where white space ends (\s+(?!\S)), in a
 * group of digits, in a contraction. Of each rule these are such places, the cut at |:
 *
 *     x|  x            U+0020 behind what is no white space. Spaces stand at the start of pieces, or by themselves
 *     x\n|x            one newline between what is no white space: it ends a piece, be it one of signs. Not before a
 *                      slash, which o200k joins with signs and newlines
 *     letter|sign      a sign above ASCII behind a letter: no word has signs but for apostrophes */
#include "scan_part.h"

#include "scan_shapes.h"

#define SIGNS (FS_SET(FS_CLASS_PUNCTUATION) | FS_SET(FS_CLASS_SYMBOL))

int32_t fs_scan_part(fs_text text, int32_t at) {
    const uint8_t *p = text.data;
    const int32_t size = (int32_t)text.size;
    fs_class before = FS_CLASS_NEWLINE, here; /* of the two characters before `at` */
    if (at >= size) return size;
    while (at > 0 && (p[at] & 0xC0) == 0x80) at--;
    if (at > 0) before = fs_scan_peek(p, size, fs_utf8_back(p, at));
    for (;; before = here) {
        fs_class next;
        here = fs_scan_read(p, size, &at);
        if (at >= size) return size;
        next = fs_scan_peek(p, size, at);
        if (p[at] == ' ' && !fs_scan_in(FS_SET_SPACES, here)) return at;
        if (p[at - 1] == '\n' && p[at] != '/' && !fs_scan_in(FS_SET_SPACES, before) && !fs_scan_in(FS_SET_SPACES, next)) return at;
        if (p[at] >= 0x80 && fs_scan_in(SIGNS, next) && fs_scan_in(FS_SET_LETTERS, here)) return at;
    }
}
