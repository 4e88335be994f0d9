/* Making sources ready: encoded, and what the decoder's blocks need of them. */
#include "session_parts.h"

enum { TOKENS = 256 }; /* encoded together: their rows stay in a second-level cache, and weights are read seldom enough */

/* Encodes sources [first, first + count) into memory of its own. */
static fs_status encode(fs_session *s, int64_t first, int64_t count, int64_t *offsets, float *states, float *hidden,
                        float *cell, int64_t *places, fs_error *err) {
    const fs_graph *e = s->sources.encoder;
    const int64_t *order = s->sources.order + first, *from = s->sources.batch->offsets;
    fs_rows_out out = {states, offsets, hidden, cell};
    offsets[0] = 0;
    for (int64_t i = 0; i < count; i++) {
        offsets[i + 1] = offsets[i] + (states ? from[order[i] + 1] - from[order[i]] : 0);
        places[i] = i;
    }
    for (int64_t i = 0, n; i < count; i += n) {
        for (n = 1; n < FS_MIN(count - i, FS_GROUP_ROWS) && offsets[i + n + 1] - offsets[i] <= TOKENS;) n++;
        FS_TRY(fs_graph_run_group(e, e->count, s->sources.batch, order + i, places + i, (int)n, &out, &s->encoding, s->run,
                                  s->worker, err));
    }
    s->memory = (fs_memory){count, states ? offsets : NULL, states, e->width, hidden, cell, e->layers, e->hidden_width};
    return FS_OK;
}

static int64_t source_rows(const fs_session *s, int64_t first, int64_t count, int64_t *longest) {
    const fs_memory *m = s->sources.memory;
    int64_t rows = 0;
    for (int64_t i = first; i < first + count; i++) {
        int64_t at = m ? i : s->sources.order[i];
        const int64_t *offsets = m ? m->offsets : s->sources.batch->offsets;
        int64_t len = offsets ? offsets[at + 1] - offsets[at] : 0;
        rows += len;
        *longest = FS_MAX(*longest, len);
    }
    return rows;
}

/* What blocks make of the memory; while planning, and with m NULL, room for it alone. */
static void prepare_blocks(fs_session *s, const fs_memory *m, int64_t rows, int64_t count) {
    const fs_graph *g = s->decoder;
    for (int i = 0; i < g->count; i++) {
        float *made = NULL;
        if (g->blocks[i]->ops->prepare) made = g->blocks[i]->ops->prepare(g->blocks[i], m, rows, count, &s->prepared);
        s->made[i] = made;
    }
}

/* What the decoder needs beside the memory: its blocks' keys and values, the bridge's projection. */
static void derive(fs_session *s, int64_t rows, void *scratch) {
    prepare_blocks(s, &s->memory, rows, s->memory.count);
    if (s->start && s->memory.count) fs_bridge_project(s->bridge, &s->memory, s->start, scratch);
}

/* The candidates of sources [first, first + count), from their tokens. */
static fs_status list_candidates(fs_session *s, int64_t first, int64_t count, fs_error *err) {
    const fs_sources *from = &s->sources;
    s->listed.size = s->list_ends.size = 0;
    if (!s->seen) s->seen = fs_alloc(fs_shortlist_words(from->shortlist) * sizeof *s->seen);
    if (!s->seen) return fs_fail_memory(err, "shortlist", (uint64_t)from->shortlist->targets / 8);
    for (int64_t i = first; i < first + count; i++) {
        const int64_t at = from->order ? from->order[i] : i, begin = from->batch->offsets[at];
        int64_t end;
        FS_TRY(fs_shortlist_gather(from->shortlist, from->batch->ids + begin, from->batch->offsets[at + 1] - begin, s->seen,
                                   &s->listed, err));
        end = (int64_t)(s->listed.size / sizeof(int32_t));
        FS_TRY(fs_buffer_append(&s->list_ends, &end, sizeof end, err));
    }
    return FS_OK;
}

const int32_t *fs_session_candidates(fs_stepper *stepper, int row, int *count) {
    const fs_session *s = (const fs_session *)stepper;
    const int64_t *ends = s->list_ends.data, source = s->row_source[row], begin = source ? ends[source - 1] : 0;
    *count = (int)(ends[source] - begin);
    return (const int32_t *)s->listed.data + begin;
}

fs_status fs_session_prepare(fs_stepper *stepper, int64_t first, int64_t count, fs_error *err) {
    fs_session *s = (fs_session *)stepper;
    const fs_graph *e = s->sources.encoder;
    const int attends = s->decoder->memory_width != 0;
    int64_t longest = 1, rows, *offsets = NULL, *places = NULL;
    float *states = NULL, *hidden = NULL, *cell = NULL;
    void *scratch = NULL;
    size_t state = e ? (size_t)e->layers * (size_t)e->hidden_width : 0;
    if (!e && !s->sources.memory) return FS_OK;
    if (!e) { /* a memory given whole is prepared once */
        first = 0;
        count = s->sources.memory->count;
        if (s->memory.count) return FS_OK;
    }
    if (s->sources.shortlist) FS_TRY(list_candidates(s, first, count, err));
    rows = source_rows(s, first, count, &longest);
    for (fs_arena_plan(&s->prepared);;) {
        size_t need = 0;
        if (e) {
            offsets = fs_arena_cut(&s->prepared, (size_t)count + 1, 1, sizeof *offsets);
            places = fs_arena_cut(&s->prepared, (size_t)count, 1, sizeof *places);
            if (attends) states = fs_arena_cut(&s->prepared, (size_t)rows, (size_t)e->width, sizeof(float));
            if (state) hidden = fs_arena_cut(&s->prepared, (size_t)count, state, sizeof(float));
            if (e->has_cell) cell = fs_arena_cut(&s->prepared, (size_t)count, state, sizeof(float));
        }
        if (s->looks) s->weights = fs_arena_cut(&s->prepared, (size_t)s->stepper.widest, (size_t)longest, sizeof(float));
        if (s->bridge && fs_bridge_projects(s->bridge)) {
            s->start = fs_arena_cut(&s->prepared, (size_t)count, (size_t)s->bridge->output, sizeof(float));
            need = fs_bridge_scratch(s->bridge, count);
        }
        scratch = fs_arena_cut(&s->prepared, 1, need, 1);
        if (!fs_arena_planning(&s->prepared)) break;
        prepare_blocks(s, NULL, rows, count);
        FS_TRY(fs_arena_ready(&s->prepared, "encoder memory", err));
    }
    if (e)
        FS_TRY(encode(s, first, count, offsets, states, hidden, cell, places, err));
    else
        s->memory = *s->sources.memory;
    s->first = first;
    s->longest = longest;
    if (!fs_run_stopped(s->run, s->worker)) derive(s, rows, scratch);
    return FS_OK;
}
