#include "sp_normalize.h"

#include "text/unicode/utf8.h"

void fs_sp_rules_note(fs_sp_rules *r) {
    int byte;
    for (byte = 0; byte < 256; byte++)
        r->plain[byte] = byte < 128 && byte != ' ' && r->map.alone[byte] && !(r->has_kept && r->kept.first[byte]);
    for (byte = 0; byte < 256; byte++) r->changing[byte] = r->has_kept && r->kept.first[byte] ? UINT64_MAX : r->map.begins[byte];
    r->by_words = r->dummy_prefix && !r->suffix && r->remove_spaces && r->escape && !r->map.spaced && !r->kept_spaced;
}

void fs_sp_rules_free(fs_sp_rules *r) {
    fs_charsmap_free(&r->map);
    fs_trie_free(&r->kept);
}

/* Bytes of the text that are taken next, and what becomes of them. */
static int32_t next_part(const fs_sp_rules *r, const uint8_t *text, int32_t size, fs_text *part) {
    int32_t taken, value;
    if (r->has_kept) {
        taken = fs_trie_longest(&r->kept, text, size, &value);
        if (taken) goto as_it_is;
    }
    taken = fs_charsmap_match(&r->map, text, size, part);
    if (taken) return taken;
    taken = fs_utf8_size(text[0]);
as_it_is:
    part->data = text;
    part->size = (size_t)taken;
    return taken;
}

static void put_space(const fs_sp_rules *r, fs_aligned *out, int32_t begin, int32_t end) {
    fs_aligned_put(out, (const uint8_t *)(r->escape ? FS_SP_SPACE : " "), r->escape ? 3 : 1, begin, end);
}

/* A part that comes from [begin, end) of the text. *spaced: whether a space is before it, and then behind it. */
static void put_part(const fs_sp_rules *r, fs_aligned *out, fs_text part, int32_t begin, int32_t end, int *spaced) {
    size_t i = 0;
    while (*spaced && i < part.size && part.data[i] == ' ') i++;
    if (i == part.size) return;
    for (; i < part.size; i++) {
        if (part.data[i] == ' ')
            put_space(r, out, begin, end);
        else
            fs_aligned_put(out, part.data + i, 1, begin, end);
    }
    *spaced = r->remove_spaces && part.data[part.size - 1] == ' ';
}

/* Copies the characters from `at` on that no rule changes, whatever follows, for which there is room; returns how many
 * bytes. Of ASCII ones it is known only when an ASCII character follows. */
static int32_t put_plain(const fs_sp_rules *r, fs_text text, int32_t at, fs_aligned *out) {
    const uint8_t *p = text.data + at;
    uint8_t *to = out->data + out->size;
    const int32_t most = (int32_t)text.size - at;
    int32_t n = 0, i, k, size;
    while (n < most) {
        if (p[n] < 0x80) {
            if (!r->plain[p[n]] || (n + 1 < most && p[n + 1] >= 0x80)) break;
            to[n] = p[n];
            n++;
        } else {
            if (r->changing[p[n]] >> (p[n + 1] & 63) & 1) break;
            size = fs_utf8_size(p[n]);
            if (most - n >= 4)
                memcpy(to + n, p + n, 4); /* no loop whose length is a guess */
            else
                for (i = 0; i < size; i++) to[n + i] = p[n + i];
            n += size;
        }
    }
    for (i = 0; i < n && out->tracked; i += size) {
        size = fs_utf8_size(p[i]);
        for (k = out->size + i; k < out->size + i + size; k++) {
            out->begins[k] = at + i;
            out->ends[k] = at + i + size;
        }
    }
    out->size += n;
    return n;
}

/* Those behind the text are dropped. Returns where in the text the first of them is, `size` when there is none. */
static int32_t drop_spaces_behind(const fs_sp_rules *r, fs_aligned *out, int32_t from, int32_t size) {
    const char *space = r->escape ? FS_SP_SPACE : " ";
    const int32_t n = r->escape ? 3 : 1;
    while (out->size - from >= n && memcmp(out->data + out->size - n, space, (size_t)n) == 0) {
        out->size -= n;
        if (out->tracked) size = out->begins[out->size];
    }
    return size;
}

fs_status fs_sp_normalize(const fs_sp_rules *r, fs_text text, int goes_on, fs_aligned *out, fs_error *err) {
    const int32_t size = (int32_t)text.size, from = out->size;
    const int lone_space = r->map.alone[' '] && !(r->has_kept && r->kept.first[' ']);
    int32_t at = 0, taken;
    int spaced = r->remove_spaces && !goes_on;
    fs_text part;
    while (spaced && at < size) {
        taken = next_part(r, text.data + at, size - at, &part);
        if (part.size != 1 || part.data[0] != ' ') break;
        at += taken;
    }
    if (at == size) return FS_OK;
    FS_TRY(fs_aligned_room(out, text.size + text.size / 2 + 16, err));
    if (r->dummy_prefix && !r->suffix && !goes_on) put_space(r, out, at, at);
    while (at < size) {
        FS_TRY(fs_aligned_room(out, (size_t)(size - at) + 8, err));
        taken = put_plain(r, text, at, out);
        if (taken) spaced = 0;
        at += taken;
        if (at == size) break;
        if (lone_space && text.data[at] == ' ' && (at + 1 == size || text.data[at + 1] < 0x80)) {
            if (!spaced) put_space(r, out, at, at + 1);
            spaced = r->remove_spaces;
            at++;
            continue;
        }
        taken = next_part(r, text.data + at, size - at, &part);
        FS_TRY(fs_aligned_room(out, 3 * part.size, err));
        put_part(r, out, part, at, at + taken, &spaced);
        at += taken;
    }
    if (r->remove_spaces) at = drop_spaces_behind(r, out, from, size);
    if (r->dummy_prefix && r->suffix) {
        FS_TRY(fs_aligned_room(out, 3, err));
        put_space(r, out, at, at);
    }
    return FS_OK;
}
