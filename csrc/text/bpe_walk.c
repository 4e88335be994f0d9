#include "bpe_walk.h"

#include <limits.h>
#include <string.h>

#include "base/arena.h"

FS_INLINE uint64_t two_bits(uint64_t hash) { return (uint64_t)1 << (hash & 63) | (uint64_t)1 << (hash >> 6 & 63); }

/* What a and b merge to; INT32_MAX: they do not. */
FS_INLINE int32_t made_of(const fs_bpe_walk *w, int32_t a, int32_t b) {
    const uint64_t pair = (uint64_t)(uint32_t)a << 21 | (uint32_t)b, hash = pair * w->secret, bits = two_bits(hash >> 20);
    size_t i;
    if ((w->filter[hash >> w->filter_shift] & bits) != bits) return INT32_MAX;
    for (i = hash >> w->pair_shift;; i = (i + 1) & (((size_t)1 << (64 - w->pair_shift)) - 1)) {
        const uint64_t slot = w->pairs[i];
        if (slot >> 22 == pair) return (int32_t)(slot & ((1 << 22) - 1));
        if (slot == UINT64_MAX) return INT32_MAX;
    }
}

/* Merges are undone from the last on: before each of them, what stood at the border must not have merged across it.
 * Of equal pairs the left one merges first. */
FS_INLINE int may_follow(const fs_bpe_walk *w, int32_t a, int32_t b) {
    int32_t limit = INT32_MAX;
    for (;;) {
        if (made_of(w, a, b) < limit) return 0;
        if (a > b) {
            if (a < 256) return 1;
            limit = a;
            a = w->symbols[a].right;
        } else {
            if (b < 256) return 1;
            limit = b + 1;
            b = w->symbols[b].left;
        }
    }
}

int fs_bpe_walk_may_follow(const fs_bpe_walk *w, int32_t a, int32_t b) { return may_follow(w, a, b); }

FS_INLINE int32_t longest(const fs_byte_trie *t, const uint8_t *p, int32_t size) {
    uint32_t base = t->root;
    int32_t best = p[0], value, i;
    for (i = 0; i < size && fs_byte_trie_step(t, &base, p[i], &value); i++) best = value >= 0 ? value : best;
    return best;
}

/* bad: a bit a place, where no symbol may end. */
static int32_t walk(const fs_bpe_walk *w, const uint8_t *piece, int32_t size, int32_t *out, uint64_t *bad) {
    const fs_bpe_symbol *symbols = w->symbols;
    int32_t at = 0, n = 0, next = longest(&w->trie, piece, size);
    for (;;) {
        const int32_t end = at + symbols[next].size;
        if (!(bad[end >> 6] >> (end & 63) & 1) && (!n || may_follow(w, out[n - 1], next))) {
            out[n++] = next;
            at = end;
            if (at == size) return n;
            next = longest(&w->trie, piece + at, size - at);
            continue;
        }
        next = w->shorter[next];
        while (next < 0) {
            bad[at >> 6] |= (uint64_t)1 << (at & 63);
            next = out[--n];
            at -= symbols[next].size;
            next = w->shorter[next];
        }
    }
}

int32_t fs_bpe_walk_encode(const fs_bpe_walk *w, const uint8_t *piece, int32_t size, int32_t *out) {
    uint64_t stack[FS_BPE_WALK_STACK / 64 + 1], *bad = stack;
    const size_t words = (size_t)(size >> 6) + 1;
    int32_t n, i;
    if (size > FS_BPE_WALK_STACK) {
        bad = fs_alloc(words * sizeof *bad);
        if (!bad) return -1;
    } else {
        memset(bad, 0, words * sizeof *bad);
    }
    n = walk(w, piece, size, out, bad);
    if (bad != stack) fs_free(bad);
    for (i = 0; i < n; i++) out[i] = w->ids[out[i]];
    return n;
}

fs_status fs_bpe_walk_open(fs_bpe_walk *w, uint64_t secret, int32_t most, fs_error *err) {
    int bits = 8;
    int32_t i;
    memset(w, 0, sizeof *w);
    w->room = most + 256;
    while (((int64_t)1 << bits) < (int64_t)most * 2) bits++;
    w->pair_shift = 64 - bits;
    w->filter_shift = 64 - (bits - 4);
    w->secret = secret | 1;
    w->symbols = fs_alloc_table((size_t)w->room * sizeof *w->symbols);
    w->shorter = fs_alloc_table((size_t)w->room * sizeof *w->shorter);
    w->ids = fs_alloc_table((size_t)w->room * sizeof *w->ids);
    w->pairs = fs_alloc_table(sizeof *w->pairs << bits);
    w->filter = fs_alloc(sizeof *w->filter << (bits - 4));
    if (!w->symbols || !w->shorter || !w->ids || !w->pairs || !w->filter) return fs_fail_memory(err, "merges", (uint64_t)most * 48);
    memset(w->pairs, 0xFF, sizeof *w->pairs << bits);
    for (i = 0; i < 256; i++) {
        const fs_bpe_symbol byte = {-1, -1, 1};
        w->symbols[i] = byte;
        w->shorter[i] = -1;
    }
    w->count = 256;
    return FS_OK;
}

void fs_bpe_walk_free(fs_bpe_walk *w) {
    fs_free(w->symbols);
    fs_free(w->shorter);
    fs_free(w->ids);
    fs_free(w->pairs);
    fs_free(w->filter);
    fs_byte_trie_free(&w->trie);
    memset(w, 0, sizeof *w);
}

int32_t fs_bpe_walk_add(fs_bpe_walk *w, int32_t left, int32_t right, int32_t size, int32_t id) {
    const fs_bpe_symbol made = {left, right, size};
    const uint64_t pair = (uint64_t)(uint32_t)left << 21 | (uint32_t)right, hash = pair * w->secret;
    const size_t mask = ((size_t)1 << (64 - w->pair_shift)) - 1;
    size_t i = hash >> w->pair_shift;
    while (w->pairs[i] != UINT64_MAX) i = (i + 1) & mask;
    w->pairs[i] = pair << 22 | (uint32_t)w->count;
    w->filter[hash >> w->filter_shift] |= two_bits(hash >> 20);
    w->symbols[w->count] = made;
    w->ids[w->count] = id;
    return w->count++;
}
