/* A|B|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+   where
 *
 *     A = [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
 *     B = [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(the same)? */
#include "scan_shapes.h"

#define NUMBERS FS_SET(FS_CLASS_NUMBER)
#define SIGNS (FS_SET_ALL & ~(FS_SET_LETTERS | NUMBERS | FS_SET_SPACES))
#define CASELESS (FS_SET(FS_CLASS_LETTER) | FS_SET(FS_CLASS_MARK))
#define HEAD (CASELESS | FS_SET(FS_CLASS_UPPER))
#define TAIL (CASELESS | FS_SET(FS_CLASS_LOWER))
#define WORD (HEAD | TAIL)
#define BEFORE_WORD (SIGNS | FS_SET(FS_CLASS_BLANK))

/* Where the word that starts at `at` ends. A head takes all it can, then at least one of TAIL must follow: a
 * lower-case letter does; else the head gives back to its last caseless character, and goes alone (B) when
 * there is none. */
static int32_t word_end(const uint8_t *text, int32_t size, int32_t at) {
    int32_t next = at, after_caseless = -1;
    fs_class c;
    while (fs_scan_in(HEAD, c = fs_scan_read(text, size, &next))) {
        at = next;
        if (c != FS_CLASS_UPPER) after_caseless = at;
    }
    if (c == FS_CLASS_LOWER) return fs_scan_run(text, size, next, TAIL);
    return after_caseless >= 0 ? after_caseless : at;
}

static int32_t with_contraction(const uint8_t *text, int32_t size, int32_t end) {
    return end < size && text[end] == '\'' ? end + fs_scan_contraction(text, size, end, 1) : end;
}

int32_t fs_scan_o200k(const uint8_t *text, int32_t size, int32_t at, int digits, int contractions) {
    int32_t next = at, word = -1, end;
    fs_class c = fs_scan_read(text, size, &next), d;
    if (c == FS_CLASS_NUMBER) return fs_scan_some(text, size, at, NUMBERS, digits);
    d = fs_scan_peek(text, size, next);
    if (fs_scan_in(WORD, c))
        word = at;
    else if (fs_scan_in(BEFORE_WORD, c) && fs_scan_in(WORD, d))
        word = next;
    if (word >= 0) {
        end = word_end(text, size, word);
        return contractions ? with_contraction(text, size, end) : end;
    }
    if (fs_scan_in(SIGNS, c) || (text[at] == ' ' && fs_scan_in(SIGNS, d))) {
        end = fs_scan_run(text, size, next, SIGNS);
        while (end < size && (text[end] == '\n' || text[end] == '\r' || text[end] == '/')) end++;
        return end;
    }
    return fs_scan_spaces(text, size, at, 1);
}
