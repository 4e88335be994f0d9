#include "bpe_walk.h"

#include <string.h>

#include "base/arena.h"

/* Merges are undone from the last on: before each of them, what stood at the border must not have merged across it.
 * Of equal pairs the left one merges first. */
int fs_bpe_walk_may_follow(const fs_bpe_walk *w, int32_t a, int32_t b) {
    int32_t limit = FS_PAIR_NONE;
    for (;;) {
        if (fs_pair_made(&w->pairs, a, b) < limit) return 0;
        if (a > b) {
            if (a < 256) return 1;
            limit = a;
            a = fs_bpe_symbol_right(w->symbols[a]);
        } else {
            if (b < 256) return 1;
            limit = b + 1;
            b = fs_bpe_symbol_left(w->symbols[b]);
        }
    }
}

FS_INLINE const fs_bpe_record *record_at(const fs_bpe_walk *w, int32_t place) {
    return (const fs_bpe_record *)(const void *)(w->records + place);
}

/* The same of two records: what is compared does not depend on what was found, so all of it is on its way at once. */
FS_INLINE int may_follow(const fs_bpe_walk *w, const fs_bpe_record *left, const fs_bpe_record *right) {
    const int32_t *a = left->edges + left->right, *b = right->edges;
    int32_t limit = FS_PAIR_NONE;
    for (;;) {
        const int from_a = *a > *b;
        const int32_t later = from_a ? *a : *b;
        if ((*a | *b) < 0) return fs_bpe_walk_may_follow(w, left->edges[left->right], right->edges[0]);
        if (fs_pair_made(&w->pairs, *a, *b) < limit) return 0;
        if (later < 256) return 1;
        limit = later + !from_a;
        a += from_a;
        b += !from_a;
    }
}

/* Where a walk stands: the symbols of what is before `at`, and the one that is tried there, as their records. */
typedef struct place {
    int32_t *out;
    int32_t n, at, size;
    int32_t next, end; /* what is tried, and where it ends */
    uint64_t *bad;     /* a bit a place, where no symbol may end */
} place;

/* may_follow, remembered. */
FS_INLINE int follows(const fs_bpe_walk *w, fs_bpe_follows *known, int32_t a, int32_t b) {
    const uint64_t pair = (uint64_t)(uint32_t)a << 23 | (uint32_t)b;
    uint64_t *slot;
    slot = &known->pairs[pair * w->pairs.secret >> (64 - FS_BPE_FOLLOWS_BITS)];
    if (*slot >> 1 != (pair << 1 | 1)) *slot = pair << 2 | 2 | (uint64_t)may_follow(w, record_at(w, a), record_at(w, b));
    return (int)(*slot & 1);
}

/* Takes the one that is tried, or a shorter one, or one at an earlier place. */
FS_INLINE void take(const fs_bpe_walk *w, fs_bpe_follows *known, place *p) {
    while ((p->bad[p->end >> 6] >> (p->end & 63) & 1) || (p->n && !follows(w, known, p->out[p->n - 1], p->next))) {
        p->next = record_at(w, p->next)->shorter;
        while (p->next < 0) {
            p->bad[p->at >> 6] |= (uint64_t)1 << (p->at & 63);
            p->next = p->out[--p->n];
            p->at -= record_at(w, p->next)->size;
            p->next = record_at(w, p->next)->shorter;
        }
        p->end = p->at + record_at(w, p->next)->size;
    }
    p->out[p->n++] = p->next;
    p->at = p->end;
}

/* The longest symbol at p->at: what is tried next. */
FS_INLINE void longest(const fs_byte_trie *t, const uint8_t *piece, place *p) {
    const int32_t size = p->size;
    uint32_t base = t->root;
    int32_t value, i = p->at, next = 0, end = i;
    while (i < size && fs_byte_trie_step(t, &base, piece[i], &value)) {
        i++;
        next = value >= 0 ? value : next;
        end = value >= 0 ? i : end;
    }
    p->next = next;
    p->end = end;
}

void fs_bpe_walk_ahead(const fs_bpe_walk *w, const uint8_t *piece, int32_t size, int which, fs_bpe_ahead *ahead) {
    place p = {NULL, 0, which ? ahead->end[0] : 0, size, 0, 0, NULL};
    longest(&w->trie, piece, &p); /* nothing, where the first one ends the piece */
    ahead->next[which] = p.next;
    ahead->end[which] = p.end;
    FS_PREFETCH(record_at(w, p.next));
}

/* Goes on from p->at to the end of the piece. */
static void walk(const fs_bpe_walk *w, fs_bpe_follows *known, const uint8_t *piece, place *p) {
    while (p->at < p->size) {
        longest(&w->trie, piece, p);
        take(w, known, p);
    }
}

/* The first symbol follows nothing, so it is taken. */
static void take_ahead(const fs_bpe_walk *w, fs_bpe_follows *known, const fs_bpe_ahead *ahead, place *p) {
    p->out[p->n++] = ahead->next[0];
    p->at = ahead->end[0];
    if (p->at >= p->size) return;
    p->next = ahead->next[1];
    p->end = ahead->end[1];
    take(w, known, p);
}

int32_t fs_bpe_walk_encode(const fs_bpe_walk *w, fs_bpe_follows *known, const uint8_t *piece, int32_t size,
                           const fs_bpe_ahead *ahead, int32_t *out) {
    uint64_t stack[FS_BPE_WALK_STACK / 64 + 1];
    place p = {out, 0, 0, size, 0, 0, stack};
    const size_t words = (size_t)(size >> 6) + 1;
    int32_t i;
    if (size > FS_BPE_WALK_STACK) {
        p.bad = fs_alloc(words * sizeof *p.bad);
        if (!p.bad) return -1;
    } else {
        memset(stack, 0, words * sizeof *stack);
    }
    if (ahead) take_ahead(w, known, ahead, &p);
    walk(w, known, piece, &p);
    if (p.bad != stack) fs_free(p.bad);
    for (i = 0; i < p.n; i++) out[i] = record_at(w, out[i])->id;
    return p.n;
}

/* ---- making one ---- */

fs_status fs_bpe_walk_open(fs_bpe_walk *w, uint64_t secret, int32_t most, fs_error *err) {
    int32_t i;
    memset(w, 0, sizeof *w);
    w->room = most + 256;
    w->symbols = fs_alloc_table((size_t)w->room * sizeof *w->symbols);
    w->ids = fs_alloc_table((size_t)w->room * sizeof *w->ids);
    w->bytes = fs_alloc_table(sizeof *w->bytes << 16);
    if (!w->symbols || !w->ids || !w->bytes) return fs_fail_memory(err, "merges", (uint64_t)most * 32);
    for (i = 0; i < 1 << 16; i++) w->bytes[i] = FS_PAIR_NONE;
    return fs_pair_table_open(&w->pairs, secret, most, err);
}

void fs_bpe_walk_free(fs_bpe_walk *w) {
    fs_free(w->symbols);
    fs_free(w->ids);
    fs_free(w->bytes);
    fs_free(w->records);
    fs_buffer_free(&w->growing);
    fs_pair_table_free(&w->pairs);
    fs_byte_trie_free(&w->trie);
    memset(w, 0, sizeof *w);
}

/* An edge of the symbol: itself, then that of its part. How long it is. */
static int32_t add_edge(int32_t *edge, int32_t symbol, const int32_t *part) {
    int32_t n = 0;
    edge[n++] = symbol;
    if (!part) return n;
    while (n < FS_BPE_EDGE && *part >= 256) edge[n++] = *part++;
    edge[n] = n < FS_BPE_EDGE ? *part : -1;
    return n + 1;
}

static fs_status add_record(fs_bpe_walk *w, const fs_bpe_made *left, const fs_bpe_made *right, int32_t size, int32_t id,
                            fs_bpe_made *made, fs_error *err) {
    const size_t place = w->growing.size / sizeof(int32_t), most = sizeof(fs_bpe_record) + 2 * (FS_BPE_EDGE + 1) * sizeof(int32_t);
    fs_bpe_record *r = fs_buffer_add(&w->growing, most);
    const int32_t *all = w->growing.data;
    const fs_bpe_record *before;
    int32_t n;
    if (!r) return fs_fail_memory(err, "merges", (uint64_t)w->growing.size);
    if (place >= FS_BYTE_TRIE_VALUES)
        return fs_fail(err, FS_ERR_UNSUPPORTED, "merges", "no walk", "records of at most %d|more", FS_BYTE_TRIE_VALUES);
    w->ids[w->count] = id;
    made->symbol = w->count++;
    made->record = (int32_t)place;
    r->id = id;
    r->shorter = -1;
    r->size = size;
    before = left ? (const fs_bpe_record *)(const void *)(all + left->record) : NULL;
    r->right = n = add_edge(r->edges, made->symbol, before ? before->edges : NULL);
    before = right ? (const fs_bpe_record *)(const void *)(all + right->record) : NULL;
    n += add_edge(r->edges + n, made->symbol, before ? before->edges + before->right : NULL);
    w->growing.size = place * sizeof(int32_t) + sizeof *r + (size_t)n * sizeof(int32_t);
    return FS_OK;
}

fs_status fs_bpe_walk_add_byte(fs_bpe_walk *w, int32_t id, fs_bpe_made *made, fs_error *err) {
    w->symbols[w->count] = 1;
    return add_record(w, NULL, NULL, 1, id, made, err);
}

fs_status fs_bpe_walk_add(fs_bpe_walk *w, fs_bpe_made left, fs_bpe_made right, int32_t id, fs_bpe_made *made, fs_error *err) {
    const int32_t size = fs_bpe_symbol_size(w->symbols[left.symbol]) + fs_bpe_symbol_size(w->symbols[right.symbol]);
    FS_TRY(fs_pair_table_add(&w->pairs, left.symbol, right.symbol, w->count, err));
    if (left.symbol < 256 && right.symbol < 256) w->bytes[left.symbol << 8 | right.symbol] = w->count;
    w->symbols[w->count] = fs_symbol_pair(left.symbol, right.symbol) << 22 | (uint32_t)size;
    return add_record(w, &left, &right, size, id, made, err);
}

fs_status fs_bpe_walk_close(fs_bpe_walk *w, fs_error *err) {
    w->records = fs_alloc_table(w->growing.size);
    if (!w->records) return fs_fail_memory(err, "merges", (uint64_t)w->growing.size);
    memcpy(w->records, w->growing.data, w->growing.size);
    fs_buffer_free(&w->growing);
    return FS_OK;
}
