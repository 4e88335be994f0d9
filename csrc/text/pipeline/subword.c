#include "subword.h"

#include <stdio.h>

#include "text/unicode/utf8.h"

fs_status fs_subword_refuse(fs_error *err, const char *list, int64_t place, const char *what, const char *expected,
                            fs_text found) {
    char where[60];
    snprintf(where, sizeof where, "%s[%lld]", list, (long long)place);
    return fs_fail(err, FS_ERR_FORMAT, where, what, "%s|%.*s", expected, (int)FS_MIN(found.size, 60),
                   found.size ? (const char *)found.data : "");
}

fs_status fs_subword_no_unknown(fs_error *err, fs_text piece) {
    int32_t shown = (int32_t)FS_MIN(piece.size, 100);
    while (shown > 0 && shown < (int32_t)piece.size && (piece.data[shown] & 0xC0) == 0x80) shown--;
    return fs_fail(err, FS_ERR_UNKNOWN_TOKEN, "text", "token not in the vocabulary, which has none for what is unknown",
                   "a token of the vocabulary|%.*s", (int)shown, (const char *)piece.data);
}

void fs_subword_free(fs_subword *m) {
    fs_trie_free(&m->trie);
    fs_pieces_free(&m->pieces);
    fs_bpe_free(&m->bpe);
    fs_buffer_free(&m->prefix);
    fs_buffer_free(&m->suffix);
}

/* Tokens of a trie, and where those that go on begin in it. */
static fs_status init_trie(fs_subword *m, fs_hash_key key, const fs_subword_parts *parts, fs_error *err) {
    int64_t i;
    FS_TRY(fs_trie_init(&m->trie, key.k0, err));
    for (i = 0; i < parts->count; i++) {
        int32_t id = parts->ids[i];
        if (!parts->tokens[i].size || parts->hidden[i]) continue;
        FS_TRY(fs_trie_add(&m->trie, parts->tokens[i], &id, err));
        if (id != parts->ids[i])
            return fs_subword_refuse(err, "vocab", i, "duplicate token", "each token once", parts->tokens[i]);
    }
    m->going_on = fs_trie_node(&m->trie, parts->prefix.data, (int32_t)parts->prefix.size);
    return FS_OK;
}

fs_status fs_subword_init(fs_subword *m, fs_hash_key key, const fs_subword_parts *parts, fs_error *err) {
    memset(m, 0, sizeof *m);
    m->kind = parts->kind;
    m->unknown = parts->unknown;
    m->longest = parts->longest;
    m->byte_fallback = parts->byte_fallback;
    m->fuse_unknown = parts->fuse_unknown;
    m->ignore_merges = parts->ignore_merges;
    FS_TRY(fs_buffer_append(&m->prefix, parts->prefix.data, parts->prefix.size, err));
    FS_TRY(fs_buffer_append(&m->suffix, parts->suffix.data, parts->suffix.size, err));
    if (parts->kind == FS_SUBWORD_BPE) return fs_subword_bpe_init(m, key, parts, err);
    if (parts->kind == FS_SUBWORD_UNIGRAM) return fs_subword_unigram_init(m, key, parts, err);
    return init_trie(m, key, parts, err);
}

static fs_status put_unknown(const fs_subword *m, fs_text piece, fs_buffer *ids, fs_buffer *ends, fs_error *err) {
    if (m->unknown < 0) return fs_subword_no_unknown(err, piece);
    return fs_subword_put(m->unknown, (int32_t)piece.size, ids, ends, err);
}

/* The longest token that begins at `at`, from a node of the trie on; where it ends, `at` when there is none. */
static int32_t longest_from(const fs_piece_trie *t, uint32_t node, fs_text piece, int32_t at, int32_t *id) {
    const int32_t size = (int32_t)piece.size;
    int32_t end = at, i = at;
    while (i < size) {
        node = node ? fs_trie_child(t, node, piece.data[i]) : (uint32_t)t->first[piece.data[i]];
        if (!node) break;
        i++;
        if (fs_trie_value(t, node) < 0) continue;
        *id = fs_trie_value(t, node);
        end = i;
    }
    return end;
}

/* A place where no token goes on makes the whole piece unknown. */
static fs_status encode_wordpiece(const fs_subword *m, fs_text piece, fs_buffer *ids, fs_buffer *ends, fs_error *err) {
    const size_t ids_before = ids->size, ends_before = ends ? ends->size : 0;
    int32_t at = 0, id = -1;
    if ((int64_t)piece.size > m->longest && fs_utf8_length(piece.data, piece.size) > m->longest)
        return put_unknown(m, piece, ids, ends, err);
    while (at < (int32_t)piece.size) {
        const int64_t node = at ? m->going_on : 0;
        const int32_t end = node < 0 ? at : longest_from(&m->trie, (uint32_t)node, piece, at, &id);
        if (end == at) {
            ids->size = ids_before;
            if (ends) ends->size = ends_before;
            return put_unknown(m, piece, ids, ends, err);
        }
        FS_TRY(fs_subword_put(id, end, ids, ends, err));
        at = end;
    }
    return FS_OK;
}

fs_status fs_subword_encode(const fs_subword *m, fs_bpe_cache *cache, fs_text piece, fs_buffer *ids, fs_buffer *ends,
                            fs_error *err) {
    fs_pieces_out out = {ids, ends};
    int32_t id;
    switch (m->kind) {
        case FS_SUBWORD_WORDPIECE: return encode_wordpiece(m, piece, ids, ends, err);
        case FS_SUBWORD_UNIGRAM: return fs_pieces_encode(&m->pieces, cache, piece, &out, err);
        case FS_SUBWORD_BPE: return fs_subword_bpe_encode(m, piece, ids, ends, err);
        default: break;
    }
    id = fs_trie_find(&m->trie, piece.data, (int32_t)piece.size);
    return id < 0 ? put_unknown(m, piece, ids, ends, err) : fs_subword_put(id, (int32_t)piece.size, ids, ends, err);
}
