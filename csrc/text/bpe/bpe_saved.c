#include "bpe_saved.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "bpe_build.h"

static const uint8_t MAGIC[8] = {'F', 'S', 'B', 'P', 'E', 0, 0, 1};

enum { FOUND = 1, WHOLE = 2, HEADER = 24 };

typedef struct saved { /* where each list begins */
    uint32_t tokens, merges, bytes;
    const uint8_t *ids, *ends, *merge, *flags, *data;
} saved;

static uint32_t read32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static fs_status add32(fs_buffer *out, uint32_t value, fs_error *err) {
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
    return fs_buffer_append(out, bytes, sizeof bytes, err);
}

/* The merges in the order of their ranks; `places` is [merge_count][3]. */
static void list_merges(const fs_bpe *m, int32_t *places) {
    size_t i;
    for (i = 0; i <= m->pair_mask; i++) {
        const uint64_t slot = m->pairs[i];
        int32_t *place;
        if (slot == UINT64_MAX) continue;
        place = places + (slot & FS_BPE_MERGES_MAX) * 3;
        place[0] = (int32_t)(slot >> 43);
        place[1] = (int32_t)(slot >> 22 & FS_BPE_TOKENS_MAX);
        place[2] = m->made[slot & FS_BPE_MERGES_MAX];
    }
}

static fs_status save_merges(const fs_bpe *m, fs_buffer *out, fs_error *err) {
    const int64_t n = (int64_t)m->merge_count * 3;
    int32_t *places = fs_alloc((size_t)n * sizeof *places);
    int64_t i;
    fs_status st = FS_OK;
    if (!places) return fs_fail_memory(err, "merges", (uint64_t)n * sizeof *places);
    list_merges(m, places);
    for (i = 0; i < n && st == FS_OK; i++) st = add32(out, (uint32_t)places[i], err);
    fs_free(places);
    return st;
}

static fs_status save_spelled(const fs_bpe *m, fs_buffer *out, fs_error *err) {
    fs_bpe listed;
    fs_status st;
    FS_TRY(fs_bpe_spell_out(m, &listed, err));
    st = fs_bpe_save(&listed, out, err);
    fs_bpe_free(&listed);
    return st;
}

fs_status fs_bpe_save(const fs_bpe *m, fs_buffer *out, fs_error *err) {
    const int32_t *starts = m->starts.data;
    int32_t i;
    if (m->spelled) return save_spelled(m, out, err);
    FS_TRY(fs_buffer_append(out, MAGIC, sizeof MAGIC, err));
    FS_TRY(add32(out, (uint32_t)m->count, err));
    FS_TRY(add32(out, (uint32_t)m->merge_count, err));
    FS_TRY(add32(out, (uint32_t)m->bytes.size, err));
    FS_TRY(add32(out, 0, err));
    for (i = 0; i < m->count; i++) FS_TRY(add32(out, (uint32_t)m->ids[i], err));
    for (i = 0; i < m->count; i++) FS_TRY(add32(out, (uint32_t)starts[i + 1], err));
    FS_TRY(save_merges(m, out, err));
    for (i = 0; i < m->count; i++) {
        const fs_text token = fs_bpe_token(m, i);
        const uint8_t flags = (uint8_t)((token.size && fs_bpe_find(m, token) == i ? FOUND : 0) | (m->whole[i] ? WHOLE : 0));
        FS_TRY(fs_buffer_append(out, &flags, 1, err));
    }
    return fs_buffer_append(out, m->bytes.data, m->bytes.size, err);
}

static fs_status fail_place(fs_error *err, const char *list, uint32_t place, const char *what, const char *expected,
                            int64_t found) {
    char where[60];
    snprintf(where, sizeof where, "%s[%u]", list, (unsigned)place);
    return fs_fail(err, FS_ERR_FORMAT, where, what, "%s|%lld", expected, (long long)found);
}

static fs_status open_saved(saved *s, fs_text file, fs_error *err) {
    uint64_t size;
    if (file.size < HEADER || memcmp(file.data, MAGIC, sizeof MAGIC - 1) != 0)
        return fs_fail(err, FS_ERR_FORMAT, "byte 0", "not a saved vocabulary", "FSBPE and a header of %d bytes|", HEADER);
    if (file.data[7] != MAGIC[7])
        return fs_fail(err, FS_ERR_UNSUPPORTED, "byte 7", "another version", "%d|%d", MAGIC[7], file.data[7]);
    s->tokens = read32(file.data + 8);
    s->merges = read32(file.data + 12);
    s->bytes = read32(file.data + 16);
    size = HEADER + (uint64_t)s->tokens * 9 + (uint64_t)s->merges * 12 + s->bytes;
    if (size != file.size || read32(file.data + 20) != 0)
        return fs_fail(err, FS_ERR_FORMAT, "byte 8", "sizes contradict the file", "%llu bytes|%llu",
                       (unsigned long long)size, (unsigned long long)file.size);
    s->ids = file.data + HEADER;
    s->ends = s->ids + (size_t)s->tokens * 4;
    s->merge = s->ends + (size_t)s->tokens * 4;
    s->flags = s->merge + (size_t)s->merges * 12;
    s->data = s->flags + s->tokens;
    return FS_OK;
}

/* The bytes of token i. Those of the tokens before it were checked. */
static fs_status token_at(const saved *s, uint32_t i, fs_text *token, fs_error *err) {
    const uint32_t begin = i ? read32(s->ends + (size_t)(i - 1) * 4) : 0, end = read32(s->ends + (size_t)i * 4);
    if (end < begin || end > s->bytes) return fail_place(err, "ends", i, "outside the bytes", "rising to their size", end);
    token->data = s->data + begin;
    token->size = end - begin;
    return FS_OK;
}

static fs_status add_tokens(fs_bpe *m, const saved *s, fs_error *err) {
    uint32_t i;
    int32_t same;
    for (i = 0; i < s->tokens; i++) {
        const uint32_t id = read32(s->ids + (size_t)i * 4);
        const uint8_t flags = s->flags[i];
        fs_text token = {NULL, 0};
        FS_TRY(token_at(s, i, &token, err));
        if (id >= FS_BPE_ID_MAX) return fail_place(err, "ids", i, "id out of range", "0 to 16777215", id);
        if (flags > (FOUND | WHOLE) || (!token.size && (flags & FOUND)))
            return fail_place(err, "flags", i, "unknown flags", "0 to 3, and 0 for no bytes", flags);
        FS_TRY(fs_bpe_add_token(m, token, (int32_t)id, flags & FOUND, &same, err));
        if (same >= 0) return fail_place(err, "tokens", i, "duplicate token", "each token once", same);
        m->whole[i] = (flags & WHOLE) != 0;
    }
    return FS_OK;
}

/* Whether two tokens together are the third. */
static int makes(const fs_bpe *m, const int32_t *merge) {
    const fs_text a = fs_bpe_token(m, merge[0]), b = fs_bpe_token(m, merge[1]), c = fs_bpe_token(m, merge[2]);
    return a.size && b.size && a.size + b.size == c.size && memcmp(a.data, c.data, a.size) == 0 &&
           memcmp(b.data, c.data + a.size, b.size) == 0;
}

/* highest: [tokens] zeros; takes the last merge that makes each token, + 1. */
static fs_status add_merges(fs_bpe *m, const saved *s, int32_t *highest, fs_error *err) {
    uint32_t i;
    int side;
    for (i = 0; i < s->merges; i++) {
        int32_t merge[3];
        for (side = 0; side < 3; side++) {
            const uint32_t place = read32(s->merge + (size_t)i * 12 + (size_t)side * 4);
            if (place >= s->tokens) return fail_place(err, "merges", i, "no such token", "a place of one", place);
            if (!(s->flags[place] & FOUND)) return fail_place(err, "merges", i, "not found in texts", "a token that is", place);
            merge[side] = (int32_t)place;
        }
        if (!makes(m, merge)) return fail_place(err, "merges", i, "makes another token", "the bytes of both", merge[2]);
        if (!fs_bpe_add_merge(m, merge[0], merge[1], merge[2]))
            return fail_place(err, "merges", i, "a merge comes twice", "each pair once", merge[2]);
        highest[merge[2]] = (int32_t)i + 1;
    }
    m->rising = 1;
    for (i = 0; i < s->merges && m->rising; i++)
        for (side = 0; side < 2; side++)
            if (highest[read32(s->merge + (size_t)i * 12 + (size_t)side * 4)] > (int32_t)i) m->rising = 0;
    return FS_OK;
}

fs_status fs_bpe_from_saved(fs_bpe *m, fs_hash_key key, fs_text file, fs_error *err) {
    saved s = {0, 0, 0, NULL, NULL, NULL, NULL, NULL};
    int64_t longs = 0;
    uint32_t i;
    int32_t *highest = NULL;
    fs_status st;
    memset(m, 0, sizeof *m);
    FS_TRY_DONE(open_saved(&s, file, err));
    for (i = 0; i < s.tokens; i++) {
        fs_text token = {NULL, 0};
        FS_TRY_DONE(token_at(&s, i, &token, err));
        longs += token.size > FS_PIECE_SHORT;
    }
    FS_TRY_DONE(fs_bpe_open(m, key, s.tokens, longs, s.merges, err));
    FS_TRY_DONE(add_tokens(m, &s, err));
    highest = fs_alloc(((size_t)s.tokens + 1) * sizeof *highest);
    if (!highest) FS_TRY_DONE(fs_fail_memory(err, "merges", (uint64_t)s.tokens * sizeof *highest));
    FS_TRY_DONE(add_merges(m, &s, highest, err));
    st = fs_bpe_close(m, err);
done:
    fs_free(highest);
    if (st != FS_OK) fs_bpe_free(m);
    return st;
}
