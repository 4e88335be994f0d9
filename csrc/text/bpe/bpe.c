#include "bpe_build.h"

#include "base/arena.h"
#include "base/checked.h"

void fs_bpe_free(fs_bpe *m) {
    fs_buffer_free(&m->bytes);
    fs_buffer_free(&m->starts);
    fs_store_close(&m->tables);
    fs_bpe_walk_free(&m->walk);
    memset(m, 0, sizeof *m);
}

/* The slot of the key, or the free one where it belongs. */
static fs_bpe_word *word_slot(const fs_bpe *m, fs_piece_key key) {
    size_t i = (size_t)fs_piece_key_hash(key, m->key.k0) & m->word_mask;
    while (m->words[i].key.high && !fs_piece_key_same(m->words[i].key, key)) i = (i + 1) & m->word_mask;
    return &m->words[i];
}

static fs_bpe_long *long_slot(const fs_bpe *m, const uint8_t *piece, size_t size, uint32_t *tag) {
    const uint64_t hash = fs_hash(&m->key, piece, size);
    size_t i = (size_t)hash & m->long_mask;
    *tag = (uint32_t)(hash >> 32);
    for (;; i = (i + 1) & m->long_mask) {
        fs_bpe_long *slot = &m->longs[i];
        fs_text held;
        if (slot->index < 0) return slot;
        if (slot->tag != *tag) continue;
        held = fs_bpe_token(m, slot->index);
        if (held.size == size && memcmp(held.data, piece, size) == 0) return slot;
    }
}

int32_t fs_bpe_find_short(const fs_bpe *m, fs_piece_key key) {
    const fs_bpe_word *slot = word_slot(m, key);
    return slot->key.high ? slot->index : -1;
}

void fs_bpe_fetch_token(const fs_bpe *m, fs_text token, int64_t room) {
    if (token.size > FS_PIECE_SHORT) return;
    FS_PREFETCH(&m->words[fs_piece_key_hash(fs_piece_key_of(token.data, (int32_t)token.size, room), m->key.k0) & m->word_mask]);
}

int32_t fs_bpe_find_long(const fs_bpe *m, const uint8_t *piece, int32_t size) {
    uint32_t tag;
    return long_slot(m, piece, (size_t)size, &tag)->index;
}

int32_t fs_bpe_find(const fs_bpe *m, fs_text token) {
    if (token.size > FS_PIECE_SHORT) return fs_bpe_find_long(m, token.data, (int32_t)token.size);
    return fs_bpe_find_short(m, fs_piece_key_of(token.data, (int32_t)token.size, 0));
}

/* A power of two with at least half of it free. */
static size_t table_size(int64_t entries) {
    size_t n = 16;
    while (n < (size_t)entries * 2) n *= 2;
    return n;
}

/* Filled with `byte`; NULL when there is no memory. */
static void *table(fs_bpe *m, size_t count, size_t size, int byte) {
    size_t bytes;
    void *p = fs_size_array(count, size, 1, &bytes) ? fs_store_take(&m->tables, bytes) : NULL;
    if (p) memset(p, byte, bytes);
    return p;
}

enum { BYTE_PAIRS = 1 << 16 };

/* Bytes of all tables, about. */
static size_t tables_size(const fs_bpe *m, size_t tokens, size_t merges) {
    return (m->word_mask + 1) * sizeof *m->words + (m->pair_mask + 1) * sizeof *m->pairs + (m->long_mask + 1) * sizeof *m->longs +
           m->filter_mask / 8 + BYTE_PAIRS * sizeof *m->byte_pairs +
           (tokens + 1) * (sizeof *m->ids + sizeof *m->index_of + sizeof *m->whole) + (merges + 1) * sizeof *m->made +
           16 * FS_ALIGNMENT;
}

fs_status fs_bpe_open(fs_bpe *m, fs_hash_key key, int64_t tokens, int64_t longs, int64_t merges, fs_error *err) {
    static const int32_t zero = 0;
    memset(m, 0, sizeof *m);
    memset(m->of_byte, -1, sizeof m->of_byte);
    m->key = key;
    m->merge_rows = fs_bpe_merge_rows_portable;
    if (tokens > FS_BPE_TOKENS_MAX || merges > FS_BPE_MERGES_MAX)
        return fs_fail(err, FS_ERR_UNSUPPORTED, "vocabulary", "too large", "at most %d tokens and %d merges|%lld and %lld",
                       FS_BPE_TOKENS_MAX, FS_BPE_MERGES_MAX, (long long)tokens, (long long)merges);
    m->word_mask = table_size(tokens) - 1;
    m->long_mask = table_size(longs) - 1;
    m->pair_mask = table_size(merges) - 1;
    m->filter_mask = (m->pair_mask + 1) * 4 - 1;
    fs_store_expect(&m->tables, tables_size(m, (size_t)tokens, (size_t)merges));
    m->words = table(m, m->word_mask + 1, sizeof *m->words, 0);
    m->pairs = table(m, m->pair_mask + 1, sizeof *m->pairs, 0xFF);
    m->longs = table(m, m->long_mask + 1, sizeof *m->longs, 0xFF);
    m->filter = table(m, (m->filter_mask >> 6) + 1, sizeof *m->filter, 0);
    m->byte_pairs = table(m, BYTE_PAIRS, sizeof *m->byte_pairs, 0xFF);
    m->ids = table(m, (size_t)tokens + 1, sizeof *m->ids, 0);
    m->whole = table(m, (size_t)tokens + 1, 1, 0);
    m->made = table(m, (size_t)merges + 1, sizeof *m->made, 0);
    if (!m->ids || !m->whole || !m->made || !m->words || !m->longs || !m->pairs || !m->filter || !m->byte_pairs)
        return fs_fail_memory(err, "vocabulary", (uint64_t)tokens * 64);
    return fs_buffer_append(&m->starts, &zero, sizeof zero, err);
}

/* Makes a token that can be found so; else the index of the one that is already. */
static int32_t note_token(fs_bpe *m, const uint8_t *token, int32_t size, int64_t room) {
    if (size <= FS_PIECE_SHORT) {
        const fs_piece_key key = fs_piece_key_of(token, size, room);
        fs_bpe_word *slot = word_slot(m, key);
        if (slot->key.high) return slot->index;
        slot->key = key;
        slot->index = m->count;
        if (size == 1) m->of_byte[token[0]] = m->count;
    } else {
        uint32_t tag;
        fs_bpe_long *slot = long_slot(m, token, (size_t)size, &tag);
        if (slot->index >= 0) return slot->index;
        slot->tag = tag;
        slot->index = m->count;
    }
    return -1;
}

fs_status fs_bpe_add_token(fs_bpe *m, fs_text token, int32_t id, int findable, int32_t *same, fs_error *err) {
    enum { BEHIND = 16 }; /* bytes that may be read there */
    uint8_t *at;
    int32_t end;
    *same = -1;
    if (token.size > FS_BPE_TOKEN_BYTES_MAX || m->bytes.size + token.size > INT32_MAX)
        return fs_fail(err, FS_ERR_FORMAT, "token", "too long", "at most %d bytes|%llu", FS_BPE_TOKEN_BYTES_MAX,
                       (unsigned long long)token.size);
    at = fs_buffer_add(&m->bytes, token.size + BEHIND);
    if (!at) return fs_fail_memory(err, "vocabulary", (uint64_t)m->bytes.size + token.size);
    m->bytes.size -= token.size + BEHIND;
    if (token.size) memcpy(at, token.data, token.size);
    memset(at + token.size, 0, BEHIND);
    if (findable && (*same = note_token(m, at, (int32_t)token.size, (int64_t)token.size + BEHIND)) >= 0) return FS_OK;
    m->bytes.size += token.size;
    end = (int32_t)m->bytes.size;
    FS_TRY(fs_buffer_append(&m->starts, &end, sizeof end, err));
    m->ids[m->count++] = id;
    return FS_OK;
}

int fs_bpe_add_merge(fs_bpe *m, int32_t left, int32_t right, int32_t made) {
    const uint64_t pair = (uint64_t)(uint32_t)left << 21 | (uint32_t)right, hash = fs_bpe_pair_hash(m, pair);
    const size_t bit = (size_t)(hash >> 16) & m->filter_mask;
    const fs_text a = fs_bpe_token(m, left), b = fs_bpe_token(m, right);
    size_t i = (size_t)(hash >> 32) & m->pair_mask;
    for (; m->pairs[i] != UINT64_MAX; i = (i + 1) & m->pair_mask)
        if (m->pairs[i] >> 22 == pair) return 0;
    m->filter[bit >> 6] |= (uint64_t)1 << (bit & 63);
    if (a.size == 1 && b.size == 1) m->byte_pairs[a.data[0] << 8 | b.data[0]] = m->merge_count;
    m->pairs[i] = pair << 22 | (uint32_t)m->merge_count;
    m->made[m->merge_count++] = made;
    return 1;
}

fs_status fs_bpe_close(fs_bpe *m, fs_error *err) {
    int32_t i, last = -1;
    for (i = 0; i < m->count; i++) last = FS_MAX(last, m->ids[i]);
    m->id_end = last + 1;
    m->index_of = table(m, (size_t)m->id_end + 1, sizeof *m->index_of, 0xFF);
    if (!m->index_of) return fs_fail_memory(err, "ids", (uint64_t)m->id_end * sizeof *m->index_of);
    for (i = 0; i < m->count; i++) {
        int32_t *place = &m->index_of[m->ids[i]];
        if (*place >= 0)
            return fs_fail(err, FS_ERR_FORMAT, "tokens", "duplicate id", "each id once|%d twice", (int)m->ids[i]);
        *place = i;
    }
    return FS_OK;
}
