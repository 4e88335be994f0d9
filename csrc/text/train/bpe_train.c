#include "bpe_train.h"

#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "text/unicode/utf8.h"

/* The first guess at how rare a pair may be merged at last: symbols of the corpus by GUESS for each of the vocabulary. */
enum { GUESS = 64, LOWER = 4 };

/* ---- words ---- */

fs_status fs_bpe_trainer_init(fs_bpe_trainer *t, fs_hash_key key, fs_error *err) {
    const fs_train_cell end = {FS_TRAIN_END, 0};
    memset(t, 0, sizeof *t);
    FS_TRY(fs_vocab_init(&t->symbols, key, err));
    FS_TRY(fs_pairs_init(&t->pairs, key, err));
    FS_TRY(fs_pairs_init(&t->listed, key, err));
    return fs_buffer_append(&t->cells, &end, sizeof end, err);
}

void fs_bpe_trainer_free(fs_bpe_trainer *t) {
    fs_vocab_free(&t->symbols);
    fs_buffer_free(&t->cells);
    fs_buffer_free(&t->counts);
    fs_buffer_free(&t->merges);
    fs_buffer_free(&t->done);
    fs_buffer_free(&t->word);
    fs_pairs_free(&t->listed);
    fs_pairs_free(&t->pairs);
    fs_buffer_free(&t->queue);
    fs_buffer_free(&t->lists);
    for (int side = 0; side < 2; side++) {
        fs_free(t->sides[side]);
        fs_buffer_free(&t->touched[side]);
        fs_buffer_free(&t->events[side]);
    }
}

static fs_status check_word(const fs_bpe_trainer *t, const int32_t *symbols, int32_t n, int64_t count, fs_error *err) {
    const uint64_t cells = t->cells.size / sizeof(fs_train_cell);
    if (count < 1 || count > (INT64_MAX - t->total) / n)
        return fs_fail(err, FS_ERR_VALUE, "count", "out of range", "at least 1, and a sum below 2^63|%lld", (long long)count);
    if (cells + (uint64_t)n + 1 > UINT32_MAX)
        return fs_fail(err, FS_ERR_VALUE, "words", "too many symbols in distinct words", "below 2^32|%llu",
                       (unsigned long long)(cells + (uint64_t)n));
    for (int32_t i = 0; i < n; i++)
        if (symbols[i] < 0 || symbols[i] >= t->symbols.count)
            return fs_fail(err, FS_ERR_VALUE, "word", "unknown symbol", "0 to %d|%d", t->symbols.count - 1, symbols[i]);
    return FS_OK;
}

fs_status fs_bpe_trainer_add(fs_bpe_trainer *t, const int32_t *symbols, int32_t n, int64_t count, fs_error *err) {
    const uint32_t word = (uint32_t)(t->counts.size / sizeof count);
    fs_train_cell *cells;
    size_t bytes;
    if (n < 2) return FS_OK; /* nothing to merge */
    FS_TRY(check_word(t, symbols, n, count, err));
    bytes = ((size_t)n + 1) * sizeof *cells;
    cells = fs_buffer_add(&t->cells, bytes);
    if (!cells) return fs_fail_memory(err, "words", bytes);
    for (int32_t i = 0; i < n; i++) {
        const fs_train_cell cell = {symbols[i], word};
        cells[i] = cell;
    }
    cells[n].symbol = FS_TRAIN_END;
    cells[n].word = word;
    t->total += count * n;
    return fs_buffer_append(&t->counts, &count, sizeof count, err);
}

fs_status fs_bpe_trainer_add_bytes(fs_bpe_trainer *t, const int32_t *of_byte, fs_text word, int64_t count, fs_error *err) {
    int32_t *symbols, n = 0;
    t->word.size = 0;
    symbols = fs_buffer_add(&t->word, word.size * sizeof *symbols);
    if (!symbols) return fs_fail_memory(err, "words", word.size * sizeof *symbols);
    for (size_t i = 0; i < word.size; i++)
        if (of_byte[word.data[i]] >= 0) symbols[n++] = of_byte[word.data[i]];
    return fs_bpe_trainer_add(t, symbols, n, count, err);
}

/* The symbol of a character, `prefix` before it; -1: there is none. */
static int32_t symbol_of(const fs_bpe_trainer *t, fs_text prefix, const uint8_t *character, int size) {
    uint8_t spelled[FS_TRAIN_PREFIX_MAX + 4];
    if (prefix.size) memcpy(spelled, prefix.data, prefix.size);
    memcpy(spelled + prefix.size, character, (size_t)size);
    return fs_vocab_find(&t->symbols, spelled, prefix.size + (size_t)size);
}

fs_status fs_bpe_trainer_add_characters(fs_bpe_trainer *t, fs_text prefix, int cut, fs_text word, int64_t count,
                                        fs_error *err) {
    const fs_text none = {NULL, 0};
    t->word.size = 0;
    for (size_t at = 0; at < word.size;) {
        const int size = fs_utf8_size(word.data[at]);
        const int32_t symbol = symbol_of(t, at ? prefix : none, word.data + at, size);
        at += (size_t)size;
        if (symbol >= 0) FS_TRY(fs_buffer_append(&t->word, &symbol, sizeof symbol, err));
        if (symbol < 0 && cut) {
            FS_TRY(fs_bpe_trainer_add(t, t->word.data, (int32_t)(t->word.size / sizeof symbol), count, err));
            t->word.size = 0;
        }
    }
    return fs_bpe_trainer_add(t, t->word.data, (int32_t)(t->word.size / sizeof(int32_t)), count, err);
}

/* ---- pairs ---- */

typedef fs_status (*pair_seen)(fs_bpe_trainer *t, uint64_t pair, uint32_t place, int64_t count, fs_error *err);

static fs_status each_pair(fs_bpe_trainer *t, const fs_bpe_plan *plan, pair_seen seen, fs_error *err) {
    const fs_train_cell *cells = t->cells.data;
    const int64_t *counts = t->counts.data;
    const uint32_t end = (uint32_t)(t->cells.size / sizeof *cells);
    for (uint32_t at = 0, next; at < end; at = next) {
        const int32_t left = cells[at].symbol;
        int32_t right;
        next = at + (left < 0 ? 1 : fs_train_span(cells + at));
        right = left < 0 ? left : cells[next].symbol;
        if (right >= 0 && fs_train_fits(t, plan, left, right))
            FS_TRY(seen(t, fs_pair_of(left, right), at, counts[cells[at].word], err));
    }
    return FS_OK;
}

static fs_status count_pair(fs_bpe_trainer *t, uint64_t pair, uint32_t place, int64_t count, fs_error *err) {
    fs_pair_count *p;
    (void)place;
    FS_TRY(fs_pairs_add(&t->pairs, pair, &p, err));
    p->count += count;
    p->places++;
    return FS_OK;
}

static fs_status note_place(fs_bpe_trainer *t, uint64_t pair, uint32_t place, int64_t count, fs_error *err) {
    const fs_pair_count *p = fs_pairs_find(&t->pairs, pair);
    uint32_t *list = p ? (uint32_t *)t->lists.data + p->places : NULL;
    (void)count;
    (void)err;
    if (list) list[++list[0]] = place;
    return FS_OK;
}

/* Lists as long as p->places says, still empty, for the pairs, which are queued. */
static fs_status open_lists(fs_bpe_trainer *t, fs_error *err) {
    static const uint32_t none = 0;
    FS_TRY(fs_buffer_append(&t->lists, &none, sizeof none, err));
    for (size_t i = 0; i < t->pairs.slot_count; i++) {
        fs_pair_count *p = &t->pairs.slots[i];
        const fs_queued one = {p->count, p->pair};
        const size_t at = t->lists.size / sizeof none, bytes = ((size_t)p->places + 1) * sizeof none;
        uint32_t *list;
        if (p->pair == UINT64_MAX) continue;
        list = fs_buffer_add(&t->lists, bytes);
        if (!list) return fs_fail_memory(err, "pairs", bytes);
        list[0] = 0;
        p->places = at;
        FS_TRY(fs_queue_push(&t->queue, one, err));
    }
    return FS_OK;
}

fs_status fs_bpe_count_pairs(fs_bpe_trainer *t, const fs_bpe_plan *plan, fs_error *err) {
    fs_pairs_clear(&t->pairs);
    t->queue.size = t->lists.size = 0;
    FS_TRY(each_pair(t, plan, count_pair, err));
    FS_TRY(fs_pairs_keep(&t->pairs, t->floor, err));
    FS_TRY(open_lists(t, err));
    return each_pair(t, plan, note_place, err);
}

/* The pair to merge next; NULL when none is worth it. */
static fs_status best_pair(fs_bpe_trainer *t, const fs_bpe_plan *plan, fs_pair_count **best, fs_error *err) {
    while ((*best = fs_queue_take(&t->queue, &t->pairs, t->floor)) == NULL && t->floor > plan->least) {
        t->floor = FS_MAX(plan->least, t->floor / LOWER);
        FS_TRY(fs_bpe_count_pairs(t, plan, err));
    }
    return FS_OK;
}

/* ---- merges ---- */

/* The symbol that a pair makes, and whether it is a new one. */
static fs_status spell(fs_bpe_trainer *t, const fs_bpe_plan *plan, fs_train_merge *merge, int *fresh, fs_error *err) {
    const int32_t before = t->symbols.count;
    const fs_text left = fs_vocab_token(&t->symbols, merge->left);
    fs_text right = fs_vocab_token(&t->symbols, merge->right), made;
    const size_t mark = plan->prefix.size;
    if (mark && right.size > mark && memcmp(right.data, plan->prefix.data, mark) == 0) {
        right.data += mark;
        right.size -= mark;
    }
    t->word.size = 0;
    FS_TRY(fs_buffer_append(&t->word, left.data, left.size, err));
    FS_TRY(fs_buffer_append(&t->word, right.data, right.size, err));
    made.data = t->word.data;
    made.size = t->word.size;
    FS_TRY(fs_vocab_add(&t->symbols, made, &merge->made, err));
    *fresh = merge->made == before;
    return FS_OK;
}

/* A pair that comes up again after its merge is merged again, but stays in its first place in the list. */
static fs_status list_merge(fs_bpe_trainer *t, fs_train_merge merge, fs_error *err) {
    const size_t before = t->listed.used;
    const uint64_t pair = fs_pair_of(merge.left, merge.right);
    fs_pair_count *ignored;
    FS_TRY(fs_buffer_append(&t->done, &pair, sizeof pair, err));
    FS_TRY(fs_pairs_add(&t->listed, pair, &ignored, err));
    return t->listed.used > before ? fs_buffer_append(&t->merges, &merge, sizeof merge, err) : FS_OK;
}

static fs_status merge_pair(fs_bpe_trainer *t, const fs_bpe_plan *plan, const fs_pair_count *pair, fs_error *err) {
    fs_train_merge merge = {fs_pair_left(pair->pair), fs_pair_right(pair->pair), 0};
    int fresh;
    FS_TRY(spell(t, plan, &merge, &fresh, err));
    FS_TRY(list_merge(t, merge, err));
    FS_TRY(fs_bpe_replace(t, plan, merge, pair->places, err));
    return fresh ? FS_OK : fs_bpe_count_pairs(t, plan, err);
}

static fs_status open_work(fs_bpe_trainer *t, const fs_bpe_plan *plan, fs_error *err) {
    const size_t most = (size_t)FS_MAX(plan->vocab_size, t->symbols.count);
    size_t bytes;
    if (t->sides[0]) return FS_OK;
    t->floor = FS_MAX(plan->least, t->total / ((int64_t)most * GUESS));
    for (int side = 0; side < 2; side++) {
        if (!fs_size_mul(most, sizeof(fs_train_side), &bytes)) return fs_fail_memory(err, "vocab_size", SIZE_MAX);
        t->sides[side] = fs_alloc(bytes);
        if (!t->sides[side]) return fs_fail_memory(err, "vocab_size", bytes);
    }
    return fs_bpe_count_pairs(t, plan, err);
}

fs_status fs_bpe_train(fs_bpe_trainer *t, const fs_bpe_plan *plan, int32_t stop, int *more, fs_run *run, fs_error *err) {
    fs_pair_count *best = NULL;
    *more = 0;
    FS_TRY(open_work(t, plan, err));
    while (t->symbols.count < stop) {
        const int32_t before = t->symbols.count;
        FS_TRY(best_pair(t, plan, &best, err));
        if (!best) break;
        FS_TRY(merge_pair(t, plan, best, err));
        if (run) fs_atomic_add(&run->done, t->symbols.count - before);
        if (fs_run_stopped(run, 0)) break;
    }
    *more = t->symbols.count == stop && stop < plan->vocab_size;
    return fs_run_status(run, err);
}

/* The pair with its count; it may be one that is not listed yet. NULL: no place has it. */
static fs_status find_pair(fs_bpe_trainer *t, const fs_bpe_plan *plan, uint64_t pair, fs_pair_count **at, fs_error *err) {
    while (!(*at = fs_pairs_find(&t->pairs, pair)) && t->floor > plan->least) {
        t->floor = FS_MAX(plan->least, t->floor / LOWER);
        FS_TRY(fs_bpe_count_pairs(t, plan, err));
    }
    return FS_OK;
}

fs_status fs_bpe_replay(fs_bpe_trainer *t, const fs_bpe_plan *plan, const uint64_t *pairs, int64_t n, fs_run *run,
                        fs_error *err) {
    FS_TRY(open_work(t, plan, err));
    for (int64_t i = 0; i < n && !fs_run_stopped(run, 0); i++) {
        fs_pair_count *pair;
        FS_TRY(find_pair(t, plan, pairs[i], &pair, err));
        if (!pair || pair->count < plan->least || t->symbols.count >= plan->vocab_size)
            return fs_fail(err, FS_ERR_FORMAT, "merges", "not of this corpus", "a pair that is there|(%d, %d)",
                           fs_pair_left(pairs[i]), fs_pair_right(pairs[i]));
        FS_TRY(merge_pair(t, plan, pair, err));
    }
    return fs_run_status(run, err);
}
