#include "pipeline.h"

#include <stdio.h>

#include "base/arena.h"
#include "text/parts.h"
#include "text/unicode/utf8.h"

#define KEPT_BYTES (16 * FS_PART_BYTES) /* a worker that had a longer text is not kept: it holds a dozen times as much */

static void worker_free(fs_pipeline *e, fs_pipeline_worker *w) {
    if (!w) return;
    if (w->pieces) fs_cache_give(&e->caches, w->pieces);
    if (w->words) fs_cache_give(&e->caches, w->words);
    if (w->inner) fs_cache_give(&e->caches, w->inner);
    fs_normalize_scratch_free(&w->normal);
    fs_cut_scratch_free(&w->cut);
    fs_aligned_free(&w->led);
    fs_aligned_free(&w->same);
    fs_buffer_free(&w->chunks);
    fs_buffer_free(&w->ends);
    fs_free(w);
}

void fs_pipeline_free(fs_pipeline *e) {
    int i;
    for (i = 0; i < FS_POOLED; i++) worker_free(e, (fs_pipeline_worker *)(uintptr_t)fs_atomic_load(&e->workers[i]));
    fs_cache_pool_free(&e->caches);
    fs_markers_free(&e->given);
    fs_markers_free(&e->normalized);
    fs_buffer_free(&e->lead);
    fs_cutter_free(&e->cutter);
    fs_subword_free(&e->model);
    fs_buffer_free(&e->prepend);
    fs_buffer_free(&e->append);
}

static fs_pipeline_worker *take_worker(fs_pipeline *e) {
    int i;
    for (i = 0; i < FS_POOLED; i++) {
        const int64_t kept = fs_atomic_load(&e->workers[i]);
        if (kept && fs_atomic_swap_if(&e->workers[i], kept, 0)) return (fs_pipeline_worker *)(uintptr_t)kept;
    }
    return fs_alloc(sizeof(fs_pipeline_worker));
}

fs_bpe_cache *fs_pipeline_cache(fs_pipeline *e, fs_bpe_cache **cache) {
    if (!*cache) *cache = fs_cache_take(&e->caches, SIZE_MAX); /* which it keeps */
    return *cache;
}

static void give_worker(fs_pipeline *e, fs_pipeline_worker *w) {
    int i;
    for (i = 0; i < FS_POOLED; i++)
        if (!fs_atomic_load(&e->workers[i]) && fs_atomic_swap_if(&e->workers[i], 0, (int64_t)(uintptr_t)w)) return;
    worker_free(e, w);
}

fs_status fs_pipeline_add_word(fs_pipeline_route *r) {
    const int32_t span[2] = {r->word - 1, r->word};
    return fs_buffer_append(&r->block->spans, span, sizeof span, &r->block->error);
}

fs_status fs_pipeline_put(fs_pipeline_route *r, int32_t id, int32_t begin, int32_t end) {
    FS_TRY(fs_buffer_append(&r->block->ids, &id, sizeof id, &r->block->error));
    if (r->want & FS_WANT_WORD_SPANS) {
        const int32_t span[2] = {r->word, r->word + (end > begin)}; /* what is put around a text is in none */
        r->word = span[1];
        return fs_buffer_append(&r->block->spans, span, sizeof span, &r->block->error);
    }
    return r->want & FS_WANT_SPANS ? fs_add_span(r->counters, r->text, begin, end, r->want, r->block) : FS_OK;
}

/* Ids around a text, whose place is `at`; `unless`: they are not wanted with that. */
static fs_status put_fixed(fs_pipeline_route *r, const fs_buffer *fixed, int32_t at, unsigned unless) {
    const int32_t *ids = fixed->data;
    size_t i;
    for (i = 0; !(r->want & (FS_WANT_BARE | unless)) && i < fixed->size / sizeof *ids; i++) FS_TRY(fs_pipeline_put(r, ids[i], at, at));
    return FS_OK;
}

static fs_status encode_stretch(fs_pipeline_route *r, int32_t begin, int32_t end) {
    const int whole = (r->want & FS_WANT_SPANS) || (r->modes && r->e->normalized.all.size);
    if (begin == end) return FS_OK;
    if (r->e->local && !whole) return fs_pipeline_words(r, begin, end);
    return fs_pipeline_stretch(r, begin, end, begin || !(r->want & FS_WANT_NO_HEAD));
}

static fs_status encode_text(fs_pipeline_route *r) {
    const fs_markers *given = &r->e->given;
    const fs_marker *all = given->all.data;
    const int32_t size = (int32_t)r->text.size;
    int32_t at = 0;
    FS_TRY(put_fixed(r, &r->e->prepend, 0, FS_WANT_NO_HEAD));
    while (r->modes && all) {
        const fs_marker_found f = fs_markers_next(given, r->modes, r->text, at);
        if (f.place < 0) break;
        FS_TRY(encode_stretch(r, at, f.begin));
        FS_TRY(fs_pipeline_put(r, all[f.place].id, f.begin, f.end));
        at = f.end;
    }
    FS_TRY(encode_stretch(r, at, size));
    return put_fixed(r, &r->e->append, size, FS_WANT_NO_TAIL);
}

/* An error that names no text names this one. */
static fs_status name_place(fs_error *err, fs_status st, int64_t place) {
    if (st == FS_ERR_UNKNOWN_TOKEN || st == FS_ERR_VALUE) fs_name_text(place, err->where, sizeof err->where);
    return st;
}

fs_status fs_pipeline_job(const fs_text_call *call, fs_text text, int64_t place, unsigned want, fs_text_block *block,
                          int64_t *tokens) {
    fs_pipeline *e = call->encoder;
    fs_pipeline_route r = {e, NULL, call->modes, text, want, block, {{0, 0}, {0, 0}}, 0, 0};
    const size_t before = want & FS_WANT_IDS ? block->ids.size : 0;
    fs_status st;
    *tokens = 0;
    if (text.size > FS_TEXT_MAX)
        return name_place(&block->error,
                          fs_fail(&block->error, FS_ERR_VALUE, "text", "text too long", "at most %d bytes|%llu", FS_TEXT_MAX,
                                  (unsigned long long)text.size),
                          place);
    if (call->modes) FS_TRY(fs_markers_refuse(&e->given, call->modes, text, place, &block->error));
    r.w = take_worker(e);
    if (!r.w) return fs_fail_memory(&block->error, "text", sizeof(fs_pipeline_worker));
    block->ids.size = before;
    st = encode_text(&r);
    if (text.size > KEPT_BYTES)
        worker_free(e, r.w);
    else
        give_worker(e, r.w);
    *tokens = (int64_t)((block->ids.size - before) / sizeof(int32_t));
    return name_place(&block->error, st, place);
}

int32_t fs_pipeline_cut(const fs_text_call *call, fs_text text, unsigned want, int32_t at) {
    const fs_pipeline *e = call->encoder;
    const int stripped = (want & FS_WANT_SPANS) && e->normalizer && fs_normalizer_strips(e->normalizer);
    const int whole = !e->local || stripped || (call->modes && e->normalized.all.size);
    return whole ? (int32_t)text.size : fs_part_space(text, at);
}
