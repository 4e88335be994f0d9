#include "bpe_train_pairs.h"

#include "base/arena.h"
#include "base/checked.h"

enum { FIRST_SLOTS = 1 << 12 };

/* ---- the table ---- */

static fs_status open_slots(fs_pairs *t, size_t count, fs_error *err) {
    size_t bytes;
    fs_pair_count *slots = fs_size_mul(count, sizeof *slots, &bytes) ? fs_alloc(bytes) : NULL;
    if (!slots) return fs_fail_memory(err, "pairs", (uint64_t)count * sizeof *slots);
    t->slots = slots;
    t->slot_count = count;
    fs_pairs_clear(t);
    return FS_OK;
}

fs_status fs_pairs_init(fs_pairs *t, fs_hash_key key, fs_error *err) {
    t->key = key;
    return open_slots(t, FIRST_SLOTS, err);
}

void fs_pairs_free(fs_pairs *t) {
    fs_free(t->slots);
    t->slots = NULL;
    t->slot_count = t->used = 0;
}

void fs_pairs_clear(fs_pairs *t) {
    for (size_t i = 0; i < t->slot_count; i++) t->slots[i].pair = UINT64_MAX;
    t->used = 0;
}

/* The slot of a pair, or the free one where it belongs. */
static fs_pair_count *slot_of(const fs_pairs *t, uint64_t pair) {
    uint64_t hash = (pair ^ t->key.k1) * (t->key.k0 | 1);
    size_t i = (size_t)(hash ^ hash >> 32) & (t->slot_count - 1);
    while (t->slots[i].pair != pair && t->slots[i].pair != UINT64_MAX) i = (i + 1) & (t->slot_count - 1);
    return &t->slots[i];
}

fs_pair_count *fs_pairs_find(const fs_pairs *t, uint64_t pair) {
    fs_pair_count *slot = slot_of(t, pair);
    return slot->pair == pair ? slot : NULL;
}

static fs_status grow(fs_pairs *t, fs_error *err) {
    fs_pairs old = *t;
    fs_status st = open_slots(t, old.slot_count * 2, err);
    if (st != FS_OK) {
        *t = old;
        return st;
    }
    for (size_t i = 0; i < old.slot_count; i++)
        if (old.slots[i].pair != UINT64_MAX) *slot_of(t, old.slots[i].pair) = old.slots[i];
    t->used = old.used;
    fs_free(old.slots);
    return FS_OK;
}

fs_status fs_pairs_add(fs_pairs *t, uint64_t pair, fs_pair_count **at, fs_error *err) {
    fs_pair_count empty = {pair, 0, 0};
    *at = slot_of(t, pair);
    if ((*at)->pair == pair) return FS_OK;
    if (3 * (t->used + 1) > 2 * t->slot_count) {
        FS_TRY(grow(t, err));
        *at = slot_of(t, pair);
    }
    t->used++;
    **at = empty;
    return FS_OK;
}

fs_status fs_pairs_keep(fs_pairs *t, int64_t least, fs_error *err) {
    fs_pairs old = *t;
    size_t kept = 0, slots = FIRST_SLOTS;
    fs_status st;
    for (size_t i = 0; i < old.slot_count; i++) kept += old.slots[i].pair != UINT64_MAX && old.slots[i].count >= least;
    while (2 * slots < 3 * (kept + 1)) slots *= 2;
    st = open_slots(t, slots, err);
    if (st != FS_OK) {
        *t = old;
        return st;
    }
    for (size_t i = 0; i < old.slot_count; i++)
        if (old.slots[i].pair != UINT64_MAX && old.slots[i].count >= least) *slot_of(t, old.slots[i].pair) = old.slots[i];
    t->used = kept;
    fs_free(old.slots);
    return FS_OK;
}

/* ---- the queue ---- */

static int before(fs_queued a, fs_queued b) { return a.count != b.count ? a.count > b.count : a.pair < b.pair; }

static void sift_down(fs_queued *heap, size_t n) {
    const fs_queued moving = heap[0];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(heap[child + 1], heap[child])) child++;
        if (!before(heap[child], moving)) break;
        heap[i] = heap[child];
    }
    heap[i] = moving;
}

fs_status fs_queue_push(fs_buffer *queue, fs_queued one, fs_error *err) {
    size_t i = queue->size / sizeof one;
    fs_queued *heap;
    FS_TRY(fs_buffer_append(queue, &one, sizeof one, err));
    heap = queue->data;
    for (; i > 0 && before(one, heap[(i - 1) / 2]); i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = one;
    return FS_OK;
}

static void drop_first(fs_buffer *queue) {
    fs_queued *heap = queue->data;
    queue->size -= sizeof *heap;
    heap[0] = heap[queue->size / sizeof *heap];
    sift_down(heap, queue->size / sizeof *heap);
}

fs_pair_count *fs_queue_take(fs_buffer *queue, const fs_pairs *t, int64_t least) {
    while (queue->size) {
        fs_queued *first = queue->data;
        fs_pair_count *now = fs_pairs_find(t, first->pair);
        if (now && now->count == first->count) {
            drop_first(queue);
            return now;
        }
        if (now && now->count >= least) {
            first->count = now->count;
            sift_down(first, queue->size / sizeof *first);
        } else {
            drop_first(queue);
        }
    }
    return NULL;
}
