/* SentencePiece's byte-pair encoding: of all neighbours whose union is a piece, those of the highest score are merged
 * first, the leftmost of equals. A piece can be made in several ways, so each has an entry: (left, right) -> piece.
 *
 * Short parts look for the best pair again after every merge; long ones keep them in a heap of
 * rank:32 place:32, in which entries that have lost a side are passed over. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/word_heap.h"
#include "pieces.h"
#include "text/unicode/utf8.h"

#define SHORT 48 /* symbols */
#define NO_RANK INT32_MAX

static size_t slot_of(const fs_pieces *p, uint64_t pair) {
    return (size_t)(((pair ^ p->key.k0) * 0x9E3779B97F4A7C15u) >> 32) & p->merge_mask;
}

/* What two symbols become; -1: nothing. */
static int32_t merged(const fs_pieces *p, int32_t left, int32_t right) {
    const uint64_t pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t i = slot_of(p, pair);
    for (;; i = (i + 1) & p->merge_mask) {
        if (p->merges[i].pair == pair) return p->merges[i].symbol;
        if (p->merges[i].pair == UINT64_MAX) return -1;
    }
}

static void put_merge(fs_pieces *p, uint64_t pair, int32_t symbol) {
    size_t i = slot_of(p, pair);
    while (p->merges[i].pair != UINT64_MAX) i = (i + 1) & p->merge_mask;
    p->merges[i].pair = pair;
    p->merges[i].symbol = symbol;
}

typedef struct scored {
    double score;
    int32_t id;
} scored;

static int by_score(const void *a, const void *b) {
    const double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return x < y ? 1 : x > y ? -1 : 0;
}

static fs_status rank_pieces(fs_pieces *p, fs_error *err) {
    scored *all = fs_alloc((size_t)p->count * sizeof *all);
    int32_t i, rank = -1;
    p->ranks = fs_alloc((size_t)p->count * sizeof *p->ranks);
    if (!all || !p->ranks) {
        fs_free(all);
        return fs_fail_memory(err, "pieces", (uint64_t)p->count * sizeof *all);
    }
    for (i = 0; i < p->count; i++) {
        all[i].score = (double)(float)fs_pieces_score(p, i);
        all[i].id = i;
    }
    qsort(all, (size_t)p->count, sizeof *all, by_score);
    for (i = 0; i < p->count; i++) {
        if (!i || all[i].score != all[i - 1].score) rank++;
        p->ranks[all[i].id] = rank;
    }
    fs_free(all);
    return FS_OK;
}

/* The symbol of a part of a piece: itself a piece, or one character; -1: it can not come about. */
static fs_status part_symbol(fs_pieces *p, fs_text part, int32_t *symbol, fs_error *err) {
    const int one = fs_utf8_size(part.data[0]) == (int)part.size;
    *symbol = fs_trie_find(&p->trie, part.data, (int32_t)part.size);
    if (*symbol >= 0 || !one) return FS_OK;
    *symbol = p->symbol_count++;
    return fs_trie_add(&p->trie, part, symbol, err);
}

typedef struct way {
    uint64_t pair;
    int32_t symbol;
} way;

/* All ways to make a piece of two parts. What the user defined is never a part of another. */
static fs_status add_ways(fs_pieces *p, int32_t id, fs_buffer *ways, fs_error *err) {
    const fs_text piece = fs_pieces_text(p, id);
    size_t i;
    for (i = (size_t)fs_utf8_size(piece.data[0]); i < piece.size; i += (size_t)fs_utf8_size(piece.data[i])) {
        const fs_text left = {piece.data, i}, right = {piece.data + i, piece.size - i};
        int32_t a, b;
        way w;
        FS_TRY(part_symbol(p, left, &a, err));
        FS_TRY(part_symbol(p, right, &b, err));
        if (a < 0 || b < 0) continue;
        if (a < p->count && fs_pieces_type(p, a) == FS_PIECE_DEFINED) continue;
        if (b < p->count && fs_pieces_type(p, b) == FS_PIECE_DEFINED) continue;
        w.pair = (uint64_t)(uint32_t)a << 32 | (uint32_t)b;
        w.symbol = id;
        FS_TRY(fs_buffer_append(ways, &w, sizeof w, err));
    }
    return FS_OK;
}

fs_status fs_scored_merge_ready(fs_pieces *p, fs_error *err) {
    fs_buffer ways = {0};
    fs_status st;
    size_t i, n, slots = 64;
    int32_t id;
    p->symbol_count = p->count;
    FS_TRY_DONE(rank_pieces(p, err));
    for (id = 0; id < p->count; id++) {
        const fs_piece_type type = fs_pieces_type(p, id);
        if (type == FS_PIECE_NORMAL || type == FS_PIECE_UNUSED || type == FS_PIECE_DEFINED)
            FS_TRY_DONE(add_ways(p, id, &ways, err));
    }
    n = ways.size / sizeof(way);
    while (slots < 2 * n) slots *= 2;
    p->merges = fs_alloc(slots * sizeof *p->merges);
    if (!p->merges) {
        st = fs_fail_memory(err, "merges", (uint64_t)slots * sizeof *p->merges);
        goto done;
    }
    p->merge_mask = slots - 1;
    for (i = 0; i < slots; i++) p->merges[i].pair = UINT64_MAX;
    for (i = 0; i < n; i++) put_merge(p, ((way *)ways.data)[i].pair, ((way *)ways.data)[i].symbol);
done:
    fs_buffer_free(&ways);
    return st;
}

typedef struct symbol {
    int32_t id;         /* piece, or lone character; UNSEEN; TAKEN by its left neighbour */
    int32_t prev, next; /* -1: none */
    int32_t frozen;     /* defined by the user: merges with nothing */
    int32_t rank;       /* of its union with the next one */
} symbol;
#define UNSEEN (-1)
#define TAKEN (-2)

/* A part of a text on its way. */
typedef struct work {
    const fs_pieces *p;
    const uint8_t *text;
    symbol *all;
    int32_t (*parts)[2]; /* [pieces] of unused ones: the pair that was last seen to make it, + 1; NULL: none is unused */
} work;

/* The text as characters, and what the user defined as one symbol each. Returns how many. */
static int32_t split(const fs_pieces *p, const uint8_t *text, int32_t begin, int32_t end, symbol *all) {
    int32_t n = 0, at = begin, size;
    for (; at < end; at += size, n++) {
        uint32_t base = p->found.root;
        int32_t i, id = -1, found;
        size = fs_utf8_size(text[at]);
        all[n].frozen = 0;
        for (i = at; i < (p->defined ? end : at + size); i++) {
            if (!fs_byte_trie_step(&p->found, &base, text[i], &found)) break;
            if (i + 1 == at + size && !all[n].frozen) id = found;
            if (found < 0 || found >= p->count || fs_pieces_type(p, found) != FS_PIECE_DEFINED) continue;
            size = i + 1 - at;
            id = found;
            all[n].frozen = 1;
        }
        all[n].id = id;
        all[n].prev = n - 1;
        all[n].next = n + 1;
    }
    if (n) all[n - 1].next = -1;
    return n;
}

static void set_rank(work *w, int32_t left) {
    symbol *all = w->all;
    const int32_t right = left < 0 ? -1 : all[left].next;
    int32_t made = -1;
    if (left < 0) return;
    if (right >= 0 && !all[left].frozen && !all[right].frozen && all[left].id >= 0 && all[right].id >= 0)
        made = merged(w->p, all[left].id, all[right].id);
    all[left].rank = made < 0 ? NO_RANK : w->p->ranks[made];
    if (made >= 0 && w->parts && fs_pieces_type(w->p, made) == FS_PIECE_UNUSED) {
        w->parts[made][0] = all[left].id + 1;
        w->parts[made][1] = all[right].id + 1;
    }
}

static void join(work *w, int32_t left) {
    symbol *all = w->all;
    const int32_t right = all[left].next;
    all[left].id = merged(w->p, all[left].id, all[right].id);
    all[left].next = all[right].next;
    if (all[right].next >= 0) all[all[right].next].prev = left;
    all[right].id = TAKEN;
    set_rank(w, all[left].prev);
    set_rank(w, left);
}

static void merge_short(work *w, int32_t n) {
    const symbol *all = w->all;
    int32_t i, best;
    for (i = 0; i < n; i++) set_rank(w, i);
    for (;;) {
        for (best = 0, i = all[0].next; i >= 0; i = all[i].next)
            if (all[i].rank < all[best].rank) best = i;
        if (all[best].rank == NO_RANK) return;
        join(w, best);
    }
}

static uint64_t entry_of(const symbol *all, int32_t left) {
    return (uint64_t)(uint32_t)all[left].rank << 32 | (uint32_t)left;
}

/* heap: room for 2 n entries, since a merge takes one and gives at most two. */
static void merge_long(work *w, int32_t n, uint64_t *heap) {
    const symbol *all = w->all;
    size_t entries = 0, i;
    for (i = 0; i < (size_t)n; i++) {
        set_rank(w, (int32_t)i);
        if (all[i].rank != NO_RANK) heap[entries++] = entry_of(all, (int32_t)i);
    }
    fs_word_heap_make(heap, entries);
    while (entries) {
        const uint64_t top = fs_word_heap_pop(heap, &entries);
        const int32_t left = (int32_t)(uint32_t)top;
        if (all[left].id == TAKEN || entry_of(all, left) != top) continue;
        join(w, left);
        if (all[left].rank != NO_RANK) fs_word_heap_push(heap, &entries, entry_of(all, left));
        if (all[left].prev >= 0 && all[all[left].prev].rank != NO_RANK) fs_word_heap_push(heap, &entries, entry_of(all, all[left].prev));
    }
}

/* Gives out a symbol; an unused piece as what it was made of. */
static fs_status give(const work *w, int32_t id, fs_buffer *found, fs_error *err) {
    const fs_pieces *p = w->p;
    while (id >= 0 && id < p->count && w->parts && fs_pieces_type(p, id) == FS_PIECE_UNUSED && w->parts[id][1]) {
        FS_TRY(give(w, w->parts[id][0] - 1, found, err));
        id = w->parts[id][1] - 1;
    }
    if (id >= p->count) id = -1;
    return fs_buffer_append(found, &id, sizeof id, err);
}

fs_status fs_scored_merge_encode(const fs_pieces *p, fs_text text, int32_t begin, int32_t end, fs_buffer *found,
                                 fs_error *err) {
    symbol stack[SHORT];
    work w = {p, text.data, stack, NULL};
    uint64_t *heap = NULL;
    const size_t room = (size_t)(end - begin);
    fs_status st = FS_OK;
    int32_t n, i;
    if (p->unused) w.parts = fs_alloc((size_t)p->count * sizeof *w.parts);
    if (room > SHORT) {
        w.all = fs_alloc(room * sizeof *w.all);
        heap = fs_alloc(2 * room * sizeof *heap);
    }
    if (!w.all || (room > SHORT && !heap) || (p->unused && !w.parts)) {
        st = fs_fail_memory(err, "text", (uint64_t)room * (sizeof *w.all + 2 * sizeof *heap));
        goto done;
    }
    n = split(p, text.data, begin, end, w.all);
    if (n <= SHORT)
        merge_short(&w, n);
    else
        merge_long(&w, n, heap);
    for (i = 0; i >= 0 && st == FS_OK; i = w.all[i].next) st = give(&w, w.all[i].id, found, err);
done:
    if (w.all != stack) fs_free(w.all);
    fs_free(heap);
    fs_free(w.parts);
    return st;
}
