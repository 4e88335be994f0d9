/* Vocabularies with a list of merges, as tokenizer.json has them, the bytes written in GPT-2's alphabet. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "bpe_build.h"
#include "text/unicode/byte_letters.h"
#include "text/unicode/utf8.h"

/* The bytes of a token; 0 when a character is not of the alphabet, and it stands for its own UTF-8 alone. */
static int to_bytes(fs_text token, fs_buffer *out, fs_error *err, fs_status *st) {
    int32_t at = 0;
    uint8_t *room;
    out->size = 0;
    room = fs_buffer_add(out, token.size + 1);
    if (!room) {
        *st = fs_fail_memory(err, "token", token.size);
        return 0;
    }
    out->size = 0;
    while (at < (int32_t)token.size) {
        const int byte = fs_letter_byte(fs_utf8_read(token.data, &at));
        if (byte < 0) {
            memcpy(room, token.data, token.size);
            out->size = token.size;
            return 0;
        }
        room[out->size++] = (uint8_t)byte;
    }
    return 1;
}

static fs_status fail_place(fs_error *err, const char *list, int64_t place, const char *what, const char *expected,
                            fs_text found) {
    char where[60];
    snprintf(where, sizeof where, "%s[%lld]", list, (long long)place);
    return fs_fail(err, FS_ERR_FORMAT, where, what, "%s|%.*s", expected, (int)FS_MIN(found.size, 60),
                   (const char *)found.data);
}

static fs_status add_tokens(fs_bpe *m, const fs_bpe_parts *parts, fs_buffer *bytes, fs_error *err) {
    int64_t i;
    int32_t same;
    for (i = 0; i < parts->count; i++) {
        fs_status st = FS_OK;
        const int findable = to_bytes(parts->tokens[i], bytes, err, &st);
        const fs_text token = {bytes->data, bytes->size};
        FS_TRY(st);
        if (parts->ids[i] < 0 || parts->ids[i] >= FS_BPE_ID_MAX)
            return fail_place(err, "vocab", i, "id out of range", "0 to 16777215", parts->tokens[i]);
        FS_TRY(fs_bpe_add_token(m, token, parts->ids[i], findable && token.size, &same, err));
        if (same >= 0) return fail_place(err, "vocab", i, "duplicate token", "each token once", parts->tokens[i]);
    }
    return FS_OK;
}

/* The index of a side of a merge. */
static fs_status find_side(const fs_bpe *m, fs_text side, int64_t merge, fs_buffer *bytes, int32_t *index, fs_error *err) {
    fs_status st = FS_OK;
    const int spelled = to_bytes(side, bytes, err, &st);
    const fs_text token = {bytes->data, bytes->size};
    FS_TRY(st);
    *index = spelled && token.size ? fs_bpe_find(m, token) : -1;
    if (*index < 0) return fail_place(err, "merges", merge, "not in the vocabulary", "two tokens of it", side);
    return FS_OK;
}

static fs_status add_merges(fs_bpe *m, const fs_bpe_parts *parts, fs_buffer *bytes, fs_error *err) {
    fs_buffer both = {0};
    int32_t *highest = fs_alloc(((size_t)m->count + 1) * sizeof *highest); /* merge that makes a token, + 1 */
    int64_t i;
    fs_status st = FS_OK;
    if (!highest) return fs_fail_memory(err, "merges", (uint64_t)m->count * sizeof *highest);
    m->rising = 1;
    for (i = 0; i < parts->merge_count; i++) {
        int32_t left, right, made;
        fs_text token;
        FS_TRY_DONE(find_side(m, parts->merges[2 * i], i, bytes, &left, err));
        FS_TRY_DONE(find_side(m, parts->merges[2 * i + 1], i, bytes, &right, err));
        both.size = 0;
        token = fs_bpe_token(m, left);
        FS_TRY_DONE(fs_buffer_append(&both, token.data, token.size, err));
        token = fs_bpe_token(m, right);
        FS_TRY_DONE(fs_buffer_append(&both, token.data, token.size, err));
        token.data = both.data;
        token.size = both.size;
        made = fs_bpe_find(m, token);
        if (made < 0)
            FS_TRY_DONE(fail_place(err, "merges", i, "makes no token of the vocabulary", "a token of both sides",
                                   parts->merges[2 * i]));
        if (!fs_bpe_add_merge(m, left, right, made))
            FS_TRY_DONE(fail_place(err, "merges", i, "a merge comes twice", "each pair once", parts->merges[2 * i]));
        highest[made] = (int32_t)i + 1;
    }
    for (i = 0; i < parts->merge_count && m->rising; i++) {
        int32_t left, right;
        FS_TRY_DONE(find_side(m, parts->merges[2 * i], i, bytes, &left, err));
        FS_TRY_DONE(find_side(m, parts->merges[2 * i + 1], i, bytes, &right, err));
        if (highest[left] > i || highest[right] > i) m->rising = 0;
    }
done:
    fs_buffer_free(&both);
    fs_free(highest);
    return st;
}

/* Which tokens their own bytes come to; with ignore_merges all are. */
static fs_status find_whole(fs_bpe *m, int all, fs_error *err) {
    int32_t i, longest = 1, *parts;
    for (i = 0; i < m->count; i++) longest = FS_MAX(longest, (int32_t)fs_bpe_token(m, i).size);
    parts = fs_alloc((size_t)longest * sizeof *parts);
    if (!parts) return fs_fail_memory(err, "tokens", (uint64_t)longest * sizeof *parts);
    for (i = 0; i < m->count; i++) {
        const fs_text token = fs_bpe_token(m, i);
        m->whole[i] = (uint8_t)(all || (fs_bpe_merge(m, token.data, (int32_t)token.size, parts) == 1 && parts[0] == i));
    }
    fs_free(parts);
    return FS_OK;
}

fs_status fs_bpe_from_merges(fs_bpe *m, fs_hash_key key, const fs_bpe_parts *parts, fs_error *err) {
    fs_buffer bytes = {0};
    int64_t i, longs = 0;
    fs_status st;
    memset(m, 0, sizeof *m);
    for (i = 0; i < parts->count; i++) longs += parts->tokens[i].size > FS_PIECE_SHORT;
    FS_TRY_DONE(fs_bpe_open(m, key, parts->count, longs, parts->merge_count, err));
    FS_TRY_DONE(add_tokens(m, parts, &bytes, err));
    FS_TRY_DONE(add_merges(m, parts, &bytes, err));
    FS_TRY_DONE(find_whole(m, parts->ignore_merges, err));
    st = fs_bpe_close(m, err);
done:
    fs_buffer_free(&bytes);
    if (st != FS_OK) fs_bpe_free(m);
    return st;
}
