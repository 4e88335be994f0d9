#include "piece_trie.h"

#include <string.h>

#include "base/arena.h"

static int32_t node_count(const fs_piece_trie *t) { return (int32_t)(t->values.size / sizeof(int32_t)); }

static fs_status add_node(fs_piece_trie *t, uint32_t way, fs_error *err) {
    const int32_t none = -1;
    if (node_count(t) >= FS_TRIE_NODES_MAX)
        return fs_fail(err, FS_ERR_UNSUPPORTED, "vocabulary", "too large", "at most %d different prefixes|more",
                       FS_TRIE_NODES_MAX);
    FS_TRY(fs_buffer_append(&t->ways, &way, sizeof way, err));
    return fs_buffer_append(&t->values, &none, sizeof none, err);
}

static void put(fs_piece_trie *t, uint64_t edge) {
    size_t i = (size_t)(((edge >> 32) * t->secret) >> t->shift);
    while (t->edges[i]) i = (i + 1) & t->edge_mask;
    t->edges[i] = edge;
}

/* A table twice as large. */
static fs_status grow(fs_piece_trie *t, fs_error *err) {
    uint64_t *old = t->edges;
    const size_t slots = old ? t->edge_mask + 1 : 512, wanted = old ? 2 * slots : slots;
    size_t i;
    t->edges = fs_alloc(wanted * sizeof *t->edges);
    if (!t->edges) {
        t->edges = old;
        return fs_fail_memory(err, "trie", (uint64_t)wanted * sizeof *t->edges);
    }
    t->edge_mask = wanted - 1;
    t->shift = 63 - fs_highest_bit(wanted) + 1;
    for (i = 0; old && i < slots; i++)
        if (old[i]) put(t, old[i]);
    fs_free(old);
    return FS_OK;
}

fs_status fs_trie_init(fs_piece_trie *t, uint64_t secret, fs_error *err) {
    memset(t, 0, sizeof *t);
    t->secret = secret | 1;
    FS_TRY(grow(t, err));
    return add_node(t, 0, err);
}

void fs_trie_free(fs_piece_trie *t) {
    fs_free(t->edges);
    fs_buffer_free(&t->values);
    fs_buffer_free(&t->ways);
    memset(t, 0, sizeof *t);
}

fs_status fs_trie_add(fs_piece_trie *t, fs_text string, int32_t *value, fs_error *err) {
    uint32_t node = 0;
    size_t i;
    int32_t *at;
    for (i = 0; i < string.size; i++) {
        uint32_t child = fs_trie_child(t, node, string.data[i]);
        if (!child) {
            child = (uint32_t)node_count(t);
            FS_TRY(add_node(t, node << 8 | string.data[i], err));
            if ((size_t)child * 2 > t->edge_mask) FS_TRY(grow(t, err));
            put(t, ((uint64_t)node << 8 | string.data[i]) << 32 | child);
            if (!node) t->first[string.data[i]] = (int32_t)child;
        }
        node = child;
    }
    at = (int32_t *)t->values.data + node;
    if (*at < 0) *at = *value;
    *value = *at;
    return FS_OK;
}

int32_t fs_trie_longest(const fs_piece_trie *t, const uint8_t *text, int32_t size, int32_t *value) {
    uint32_t node;
    int32_t i, longest = 0;
    if (size < 1) return 0;
    node = (uint32_t)t->first[text[0]];
    for (i = 1; node; i++) {
        if (fs_trie_value(t, node) >= 0) {
            longest = i;
            *value = fs_trie_value(t, node);
        }
        if (i == size) break;
        node = fs_trie_child(t, node, text[i]);
    }
    return longest;
}

int64_t fs_trie_node(const fs_piece_trie *t, const uint8_t *text, int32_t size) {
    uint32_t node = 0;
    int32_t i;
    for (i = 0; i < size; i++) {
        node = fs_trie_child(t, node, text[i]);
        if (!node) return -1;
    }
    return node;
}

int32_t fs_trie_find(const fs_piece_trie *t, const uint8_t *text, int32_t size) {
    const int64_t node = fs_trie_node(t, text, size);
    return node > 0 ? fs_trie_value(t, (uint32_t)node) : -1;
}
