/* BertNormalizer in one pass: controls out, spaces around ideographs, accents out, lower case. Characters are
 * decomposed one at a time: the order of marks does not matter to those that all go. */
#include "normalize_forms.h"
#include "normalize_steps.h"

static const uint32_t unordered_mark = UINT32_MAX;

/* What c becomes, without the spaces; a mark that stays makes it `unordered_mark`. */
static int become(uint32_t c, unsigned options, uint32_t *out) {
    uint32_t parts[FS_DECOMPOSED_MOST] = {c};
    int n = 1, made = 0, i;
    if (options & FS_NORMALIZE_NO_ACCENTS) n = fs_decompose(c, 0, parts);
    for (i = 0; i < n; i++) {
        const uint32_t part = parts[i] & 0x1FFFFF;
        if ((options & (FS_NORMALIZE_NO_ACCENTS | FS_NORMALIZE_NONSPACING)) &&
            fs_normal_of(part)->kinds & FS_NORMAL_NONSPACING)
            continue;
        if (parts[i] >> 24) {
            out[0] = unordered_mark;
            return 1;
        }
        if (options & FS_NORMALIZE_LOWER) made += fs_lower(part, out + made);
        else out[made++] = part;
    }
    return made;
}

static fs_status bert_character(fs_rewrite *r, const fs_normalize_step *step, uint32_t c, int32_t from, int32_t to) {
    const unsigned options = step->options, kinds = fs_normal_of(c)->kinds;
    const int spaced = (options & FS_NORMALIZE_SPACED_IDEOGRAPHS) && (kinds & FS_NORMAL_IDEOGRAPH);
    uint32_t made[2 * FS_DECOMPOSED_MOST];
    int n, i;
    if (options & FS_NORMALIZE_CLEAN) {
        if (kinds & FS_NORMAL_DROPPED) return fs_rewrite_replace(r, from, to);
        if (fs_is_white_space(c)) {
            FS_TRY(fs_rewrite_replace(r, from, to));
            return fs_rewrite_put_character(r, ' ', from, to);
        }
    }
    n = become(c, options, made);
    if (n == 1 && made[0] == c && !spaced) return FS_OK;
    if (n && made[0] == unordered_mark) return FS_ERR_UNSUPPORTED;
    FS_TRY(fs_rewrite_replace(r, from, to));
    if (spaced) FS_TRY(fs_rewrite_put_character(r, ' ', from, from));
    for (i = 0; i < n; i++) FS_TRY(fs_rewrite_put_character(r, made[i], from, to));
    return spaced ? fs_rewrite_put_character(r, ' ', to, to) : FS_OK;
}

fs_status fs_normalize_bert(fs_rewrite *r, const fs_normalize_step *step, int *unordered) {
    const int clean = step->options & FS_NORMALIZE_CLEAN, lower = step->options & FS_NORMALIZE_LOWER;
    uint8_t ascii[128], c;
    fs_status st;
    for (c = 0; c < 128; c++) {
        ascii[c] = lower && c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
        if (clean && (c < 0x20 || c == 0x7F)) ascii[c] = 0x80;
    }
    if (clean) ascii['\t'] = ascii['\n'] = ascii['\r'] = ' ';
    st = fs_normalize_characters(r, ascii, bert_character, step);
    *unordered = st == FS_ERR_UNSUPPORTED;
    return *unordered ? FS_OK : st;
}
