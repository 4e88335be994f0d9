#include "normalize_steps.h"
#include "text/unicode/unicode.h"
#include "text/unicode/utf8.h"

#define CAPITAL_I_WITH_DOT 0x130
#define DOT_ABOVE 0x307

/* Capital letters that came with Unicode 16.0 and 17.0, which the library whose tokens ours equal knows. */
static const struct {
    int32_t first, last, lower;
} young[] = {
    {0x1C89, 0x1C89, 0x1C8A}, {0xA7CB, 0xA7CB, 0x264},  {0xA7CC, 0xA7CC, 0xA7CD},   {0xA7CE, 0xA7CE, 0xA7CF},
    {0xA7D2, 0xA7D2, 0xA7D3}, {0xA7D4, 0xA7D4, 0xA7D5}, {0xA7DA, 0xA7DA, 0xA7DB},   {0xA7DC, 0xA7DC, 0x19B},
    {0x10D50, 0x10D65, 0x10D70}, {0x16EA0, 0x16EB8, 0x16EBB},
};

int fs_lower(uint32_t c, uint32_t out[2]) {
    const fs_character *known = fs_unicode_of(c);
    out[0] = c + (uint32_t)known->lower;
    if (c == CAPITAL_I_WITH_DOT) {
        out[0] = 'i';
        out[1] = DOT_ABOVE;
        return 2;
    }
    if (!known->flags) { /* as it is of unassigned code points */
        size_t i;
        for (i = 0; i < sizeof young / sizeof *young; i++)
            if ((int32_t)c >= young[i].first && (int32_t)c <= young[i].last)
                out[0] = (uint32_t)((int32_t)c - young[i].first + young[i].lower);
    }
    return 1;
}

static fs_status lower_character(fs_rewrite *r, const fs_normalize_step *step, uint32_t c, int32_t from, int32_t to) {
    uint32_t lower[2];
    const int n = fs_lower(c, lower);
    int i;
    if (lower[0] == c) return FS_OK;
    FS_TRY(fs_rewrite_replace(r, from, to));
    for (i = 0; i < n; i++) FS_TRY(fs_rewrite_put_character(r, lower[i], from, to));
    return FS_OK;
}

fs_status fs_normalize_lowercase(fs_rewrite *r) {
    uint8_t ascii[128], c;
    for (c = 0; c < 128; c++) ascii[c] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
    return fs_normalize_characters(r, ascii, lower_character, NULL);
}
