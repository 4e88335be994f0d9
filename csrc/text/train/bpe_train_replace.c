/* One merge: every place of a pair becomes one symbol, and the pairs around them change. */
#include "bpe_train.h"

enum { LEFT, RIGHT, AHEAD = 12 };

static fs_status touch(fs_bpe_trainer *t, int side, int32_t neighbour, fs_train_side **at, fs_error *err) {
    fs_train_side *s = &t->sides[side][neighbour];
    *at = s;
    return s->lost || s->gained ? FS_OK : fs_buffer_append(&t->touched[side], &neighbour, sizeof neighbour, err);
}

static void join(fs_train_cell *left, int32_t made) {
    fs_train_cell *right = left + fs_train_span(left);
    const uint32_t span = (uint32_t)(right - left) + fs_train_span(right);
    left->symbol = made;
    left[1].symbol = right->symbol = left[span - 1].symbol = -(int32_t)span;
}

/* The first cell of the symbol before this one; the end of another word is one, too. */
static fs_train_cell *previous(fs_train_cell *cell) {
    return cell - (cell[-1].symbol < FS_TRAIN_END ? -cell[-1].symbol : 1);
}

/* The pair at one place, if it is still there, with what its neighbours lose. A neighbour on the left that was made
 * just now has lost its pair already, when it was the right one. */
static fs_status replace_at(fs_bpe_trainer *t, fs_train_merge merge, fs_train_cell *cell, int *done, fs_error *err) {
    const fs_train_cell *right = cell + fs_train_span(cell), *next;
    const int64_t count = ((const int64_t *)t->counts.data)[cell->word];
    const int32_t before = previous(cell)->symbol;
    fs_train_side *s;
    *done = cell->symbol == merge.left && right->symbol == merge.right;
    if (!*done) return FS_OK;
    next = right + fs_train_span(right);
    if (before >= 0 && before != merge.made) {
        FS_TRY(touch(t, LEFT, before, &s, err));
        s->lost += count;
    }
    if (next->symbol >= 0) {
        FS_TRY(touch(t, RIGHT, next->symbol, &s, err));
        s->lost += count;
    }
    join(cell, merge.made);
    return FS_OK;
}

/* Replaces at every place of the list, whose front takes those where it was done. Returns how many in *kept. */
static fs_status replace_all(fs_bpe_trainer *t, fs_train_merge merge, uint32_t *list, uint32_t *kept, fs_error *err) {
    fs_train_cell *cells = t->cells.data;
    const uint32_t n = list[0];
    *kept = 0;
    for (uint32_t i = 1; i <= n; i++) {
        int done;
        if (i + AHEAD <= n) FS_PREFETCH(cells + list[i + AHEAD]);
        if (cells[list[i]].symbol != merge.left) continue;
        FS_TRY(replace_at(t, merge, cells + list[i], &done, err));
        if (done) list[++*kept] = list[i];
    }
    return FS_OK;
}

static fs_status gain(fs_bpe_trainer *t, int side, int32_t neighbour, uint32_t place, int64_t count, fs_error *err) {
    const fs_train_event event = {neighbour, place};
    fs_train_side *s;
    FS_TRY(touch(t, side, neighbour, &s, err));
    s->gained += count;
    s->places++;
    return fs_buffer_append(&t->events[side], &event, sizeof event, err);
}

/* The pairs that the new symbol stands in. One with itself is seen from its left part alone. */
static fs_status gain_around(fs_bpe_trainer *t, const fs_bpe_plan *plan, int32_t made, uint32_t place, fs_error *err) {
    fs_train_cell *cells = t->cells.data, *cell = cells + place, *before = previous(cell);
    const int64_t count = ((const int64_t *)t->counts.data)[cell->word];
    const int32_t next = cell[fs_train_span(cell)].symbol;
    if (next >= 0 && fs_train_fits(t, plan, made, next)) FS_TRY(gain(t, RIGHT, next, place, count, err));
    if (before->symbol >= 0 && before->symbol != made && fs_train_fits(t, plan, before->symbol, made))
        FS_TRY(gain(t, LEFT, before->symbol, (uint32_t)(before - cells), count, err));
    return FS_OK;
}

static void lose(fs_bpe_trainer *t, uint64_t pair, int64_t count) {
    fs_pair_count *p = count ? fs_pairs_find(&t->pairs, pair) : NULL;
    if (p) p->count -= count;
}

/* Enters a new pair that is frequent enough, with room for its places; s->places then says where they go. */
static fs_status enter(fs_bpe_trainer *t, uint64_t pair, fs_train_side *s, fs_error *err) {
    const fs_queued one = {s->gained, pair};
    const size_t at = t->lists.size / sizeof(uint32_t), bytes = ((size_t)s->places + 1) * sizeof(uint32_t);
    uint32_t *list = fs_buffer_add(&t->lists, bytes);
    fs_pair_count *p;
    if (!list) return fs_fail_memory(err, "pairs", bytes);
    FS_TRY(fs_pairs_add(&t->pairs, pair, &p, err));
    list[0] = (uint32_t)s->places;
    p->count = s->gained;
    p->places = at;
    s->places = at + 1;
    return fs_queue_push(&t->queue, one, err);
}

/* Brings the pairs with the neighbours of one side up to date. */
static fs_status settle(fs_bpe_trainer *t, fs_train_merge merge, int side, fs_error *err) {
    const int32_t *touched = t->touched[side].data;
    const size_t n = t->touched[side].size / sizeof *touched;
    const fs_train_event *events = t->events[side].data, *end = events + t->events[side].size / sizeof *events;
    for (size_t i = 0; i < n; i++) {
        const int32_t other = touched[i];
        fs_train_side *s = &t->sides[side][other];
        lose(t, side == LEFT ? fs_pair_of(other, merge.left) : fs_pair_of(merge.right, other), s->lost);
        if (s->gained >= t->floor)
            FS_TRY(enter(t, side == LEFT ? fs_pair_of(other, merge.made) : fs_pair_of(merge.made, other), s, err));
        else
            s->places = 0;
    }
    for (const fs_train_event *e = events; e < end; e++) {
        fs_train_side *s = &t->sides[side][e->neighbour];
        if (s->places) ((uint32_t *)t->lists.data)[s->places++] = e->place;
    }
    for (size_t i = 0; i < n; i++) {
        const fs_train_side nothing = {0, 0, 0};
        t->sides[side][touched[i]] = nothing;
    }
    t->touched[side].size = t->events[side].size = 0;
    return FS_OK;
}

fs_status fs_bpe_replace(fs_bpe_trainer *t, const fs_bpe_plan *plan, fs_train_merge merge, uint64_t places, fs_error *err) {
    uint32_t *list = (uint32_t *)t->lists.data + places, kept;
    fs_pair_count *merged;
    FS_TRY(replace_all(t, merge, list, &kept, err));
    for (uint32_t i = 1; i <= kept; i++) {
        if (i + AHEAD <= kept) FS_PREFETCH((fs_train_cell *)t->cells.data + list[i + AHEAD]);
        FS_TRY(gain_around(t, plan, merge.made, list[i], err));
    }
    FS_TRY(settle(t, merge, LEFT, err));
    FS_TRY(settle(t, merge, RIGHT, err));
    merged = fs_pairs_find(&t->pairs, fs_pair_of(merge.left, merge.right));
    if (merged) merged->count = 0; /* of a pair of equals, overlapping places are left in it */
    return FS_OK;
}
