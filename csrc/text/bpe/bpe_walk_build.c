/* The symbols of a vocabulary. A merge counts only where its two sides may stand side by side by the merges before it:
 * otherwise other merges come first, and it is never reached. */
#include <string.h>

#include "base/arena.h"
#include "bpe_build.h"

typedef struct pair {
    int32_t left, right;
} pair;

/* All merges by rank. */
static pair *merges_of(const fs_bpe *m) {
    pair *all = fs_alloc(((size_t)m->merge_count + 1) * sizeof *all);
    size_t i;
    for (i = 0; all && i <= m->pair_mask; i++) {
        const uint64_t slot = m->pairs[i];
        const pair found = {(int32_t)(slot >> 43), (int32_t)(slot >> 22 & ((1 << 21) - 1))};
        if (slot != UINT64_MAX) all[slot & FS_BPE_MERGES_MAX] = found;
    }
    return all;
}

static fs_status refuse(fs_error *err) {
    return fs_fail(err, FS_ERR_UNSUPPORTED, "merges", "no walk", "rising merges, one a token|others");
}

/* made_of: of a token, by its index; symbol -1: none. */
static fs_status add_bytes(fs_bpe_walk *w, const fs_bpe *m, fs_bpe_made *made_of, fs_piece_trie *trie, fs_error *err) {
    int32_t b;
    for (b = 0; b < 256; b++) {
        const uint8_t byte = (uint8_t)b;
        const fs_text spelling = {&byte, 1};
        fs_bpe_made *made = &made_of[FS_MAX(m->of_byte[b], 0)];
        int32_t value;
        if (m->of_byte[b] < 0) return refuse(err);
        FS_TRY(fs_bpe_walk_add_byte(w, m->ids[m->of_byte[b]], made, err));
        value = made->record;
        FS_TRY(fs_trie_add(trie, spelling, &value, err));
    }
    return FS_OK;
}

static fs_status add_merges(fs_bpe_walk *w, const fs_bpe *m, fs_bpe_made *made_of, const pair *merges, fs_piece_trie *trie,
                            fs_error *err) {
    int32_t rank;
    for (rank = 0; rank < m->merge_count; rank++) {
        const fs_bpe_made left = made_of[merges[rank].left], right = made_of[merges[rank].right];
        const int32_t token = m->made[rank];
        int32_t value;
        if (left.symbol < 0 || right.symbol < 0 || !fs_bpe_walk_may_follow(w, left.symbol, right.symbol)) continue;
        if (made_of[token].symbol >= 0) return refuse(err);
        FS_TRY(fs_bpe_walk_add(w, left, right, m->ids[token], &made_of[token], err));
        value = made_of[token].record;
        FS_TRY(fs_trie_add(trie, fs_bpe_token(m, token), &value, err));
    }
    return FS_OK;
}

/* The two symbols so far that a token's bytes come to; 0: there are not two. */
static int split_of(const fs_bpe_walk *w, const fs_bpe *m, const fs_bpe_made *made_of, fs_text token, pair *split) {
    size_t i;
    for (i = 1; i < token.size; i++) {
        const fs_text a = {token.data, i}, b = {token.data + i, token.size - i};
        split->left = fs_bpe_find(m, a);
        if (split->left < 0 || made_of[split->left].symbol < 0) continue;
        split->right = fs_bpe_find(m, b);
        if (split->right < 0 || made_of[split->right].symbol < 0) continue;
        if (fs_bpe_walk_may_follow(w, made_of[split->left].symbol, made_of[split->right].symbol)) return 1;
    }
    return 0;
}

/* Of a spelled vocabulary: the tokens in the order of their ranks. */
static fs_status add_spelled(fs_bpe_walk *w, const fs_bpe *m, fs_bpe_made *made_of, fs_piece_trie *trie, fs_error *err) {
    int32_t i;
    for (i = 0; i < m->count; i++) {
        const fs_text token = fs_bpe_token(m, i);
        pair split;
        int32_t value;
        if (token.size < 2 || !split_of(w, m, made_of, token, &split)) continue;
        FS_TRY(fs_bpe_walk_add(w, made_of[split.left], made_of[split.right], m->ids[i], &made_of[i], err));
        value = made_of[i].record;
        FS_TRY(fs_trie_add(trie, token, &value, err));
    }
    return FS_OK;
}

static int finds_all(const fs_bpe *m, const fs_bpe_made *made_of) {
    int32_t i;
    for (i = 0; i < m->count; i++)
        if (m->whole[i] && made_of[i].symbol < 0) return 0;
    return 1;
}

fs_status fs_bpe_walk_build(fs_bpe_walk *w, const fs_bpe *m, fs_error *err) {
    fs_piece_trie trie = {0};
    fs_bpe_made *made_of = NULL;
    pair *merges = NULL;
    fs_status st;
    const int32_t most = m->spelled ? m->count : m->merge_count;
    memset(w, 0, sizeof *w);
    if (!m->rising || most > FS_PAIR_SYMBOLS_MAX - 256) return refuse(err);
    merges = merges_of(m);
    made_of = fs_alloc(((size_t)m->count + 1) * sizeof *made_of);
    if (!merges || !made_of) FS_TRY_DONE(fs_fail_memory(err, "merges", (uint64_t)m->merge_count * sizeof *merges));
    memset(made_of, 0xFF, ((size_t)m->count + 1) * sizeof *made_of);
    FS_TRY_DONE(fs_bpe_walk_open(w, m->key.k0 ^ m->key.k1, most, err));
    FS_TRY_DONE(fs_trie_init(&trie, m->key.k1, err));
    FS_TRY_DONE(add_bytes(w, m, made_of, &trie, err));
    FS_TRY_DONE(m->spelled ? add_spelled(w, m, made_of, &trie, err) : add_merges(w, m, made_of, merges, &trie, err));
    w->whole = finds_all(m, made_of);
    FS_TRY_DONE(fs_bpe_walk_close(w, err));
    st = fs_byte_trie_build(&w->trie, &trie, w->records + 1, err); /* fs_bpe_record.shorter, by the record */
done:
    fs_free(merges);
    fs_free(made_of);
    fs_trie_free(&trie);
    if (st != FS_OK) fs_bpe_walk_free(w);
    return st;
}

const fs_bpe_walk *fs_bpe_walk_of(fs_bpe *m) {
    const int64_t state = fs_atomic_load(&m->walk_state);
    fs_error err;
    if (state == FS_BPE_WALK_READY) return &m->walk;
    if (state != FS_BPE_WALK_UNTRIED || !fs_atomic_swap_if(&m->walk_state, state, FS_BPE_WALK_UNDER_WAY)) return NULL;
    fs_atomic_store(&m->walk_state, fs_bpe_walk_build(&m->walk, m, &err) == FS_OK ? FS_BPE_WALK_READY : FS_BPE_WALK_NONE);
    return fs_bpe_walk_of(m);
}
