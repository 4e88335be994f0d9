#include "text/unicode/byte_letters.h"
#include "text/unicode/classes.h"
#include "normalize_data.h"
#include "normalize_steps.h"
#include "text/unicode/utf8.h"

#define BLOCK 16
#define GOES 0x80

int fs_is_white_space(uint32_t c) { return (FS_SET(fs_class_of(c)) & FS_SET_SPACES) != 0; }

/* A block of BLOCK ASCII characters at `at` by the table, when none of them goes. Returns 0 otherwise. */
static int map_block(fs_rewrite *r, const uint8_t ascii[128], int32_t at, fs_status *st) {
    const uint8_t *in = r->text.data + at;
    uint8_t mapped[BLOCK], wide = 0, changed = 0;
    int i;
    for (i = 0; i < BLOCK; i++) wide |= in[i];
    if (wide & 0x80) return 0;
    for (i = 0; i < BLOCK; i++) {
        mapped[i] = ascii[in[i]];
        wide |= mapped[i];
        changed |= mapped[i] ^ in[i];
    }
    if (wide & GOES) return 0;
    if (!changed) return 1;
    *st = fs_rewrite_keep(r, at + BLOCK);
    if (*st == FS_OK) memcpy(r->out->data + r->out->size - BLOCK, mapped, BLOCK);
    r->changed = 1;
    return 1;
}

static fs_status map_one(fs_rewrite *r, const uint8_t ascii[128], int32_t at) {
    const uint8_t c = r->text.data[at], mapped = ascii[c];
    if (mapped == c) return FS_OK;
    FS_TRY(fs_rewrite_replace(r, at, at + 1));
    return mapped == GOES ? FS_OK : fs_rewrite_put(r, &mapped, 1, at, at + 1);
}

fs_status fs_normalize_characters(fs_rewrite *r, const uint8_t ascii[128], fs_character_rule rule,
                                  const fs_normalize_step *step) {
    const int32_t size = (int32_t)r->text.size;
    const uint8_t *data = r->text.data;
    int32_t at = 0;
    while (at < size) {
        const int32_t from = at;
        fs_status st = FS_OK;
        if (at + BLOCK <= size && map_block(r, ascii, at, &st)) {
            if (st != FS_OK) return st;
            at += BLOCK;
        } else if (data[at] < 0x80) {
            int32_t stop = FS_MIN(at + BLOCK, size);
            for (; at < stop && data[at] < 0x80; at++) FS_TRY(map_one(r, ascii, at));
        } else {
            const uint32_t c = fs_utf8_read(data, &at);
            FS_TRY(rule(r, step, c, from, at));
            while (at < size && data[at] >= 0x80) {
                const int32_t next = at;
                const uint32_t more = fs_utf8_read(data, &at);
                FS_TRY(rule(r, step, more, next, at));
            }
        }
    }
    return FS_OK;
}

/* Marks begin at U+0300, so with the byte 0xCC. */
fs_status fs_normalize_strip_accents(fs_rewrite *r) {
    const int32_t size = (int32_t)r->text.size;
    int32_t at = 0;
    while (at < size) {
        const int32_t from = at;
        if (r->text.data[at] < 0xCC) at++;
        else if (fs_normal_of(fs_utf8_read(r->text.data, &at))->kinds & FS_NORMAL_MARK)
            FS_TRY(fs_rewrite_replace(r, from, at));
    }
    return FS_OK;
}

static fs_status nmt_character(fs_rewrite *r, const fs_normalize_step *step, uint32_t c, int32_t from, int32_t to) {
    const int goes = c == 0x8F || c == 0x9F;
    const int blank = c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                      c == 0xFEFF || c == 0xFFFD;
    if (!goes && !blank) return FS_OK;
    FS_TRY(fs_rewrite_replace(r, from, to));
    return goes ? FS_OK : fs_rewrite_put_character(r, ' ', from, to);
}

fs_status fs_normalize_nmt(fs_rewrite *r) {
    uint8_t ascii[128], c;
    for (c = 0; c < 128; c++) ascii[c] = c && (c < 0x20 || c == 0x7F) ? GOES : c;
    ascii['\t'] = ascii['\n'] = ascii['\f'] = ascii['\r'] = ' ';
    return fs_normalize_characters(r, ascii, nmt_character, NULL);
}

fs_status fs_normalize_byte_level(fs_rewrite *r) {
    int32_t at = 0;
    while (at < (int32_t)r->text.size) {
        const int32_t from = at, to = at + fs_utf8_size(r->text.data[at]);
        if (fs_byte_letter(r->text.data[at]) < 0x80) {
            at++;
            continue;
        }
        FS_TRY(fs_rewrite_replace(r, from, to));
        for (; at < to; at++) FS_TRY(fs_rewrite_put_character(r, fs_byte_letter(r->text.data[at]), from, to));
    }
    return FS_OK;
}

fs_status fs_normalize_strip(fs_rewrite *r, unsigned options) {
    const int32_t size = (int32_t)r->text.size;
    int32_t left = 0, right = size;
    while ((options & FS_NORMALIZE_LEFT) && left < size) {
        int32_t next = left;
        if (!fs_is_white_space(fs_utf8_read(r->text.data, &next))) break;
        left = next;
    }
    while ((options & FS_NORMALIZE_RIGHT) && right > left) {
        int32_t before = fs_utf8_back(r->text.data, right), next = before;
        if (!fs_is_white_space(fs_utf8_read(r->text.data, &next))) break;
        right = before;
    }
    if (left) FS_TRY(fs_rewrite_replace(r, 0, left));
    return right < size ? fs_rewrite_replace(r, right, size) : FS_OK;
}

fs_status fs_normalize_prepend(fs_rewrite *r, fs_text content) {
    if (!r->text.size || !content.size) return FS_OK;
    FS_TRY(fs_rewrite_replace(r, 0, 0));
    return fs_rewrite_put(r, content.data, content.size, 0, 0);
}
