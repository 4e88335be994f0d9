#include <string.h>

#include "session_parts.h"
#include "sublayer.h"

enum { RUN = 256 }; /* tokens of a run, beside one of every row */

static size_t state_floats(const fs_block *b, int rows) {
    return (size_t)b->state_planes * (size_t)b->state_width * (size_t)rows;
}

/* The decoder's blocks against each other and against what the sources will give. */
static fs_status check_parts(const fs_session *s, fs_error *err) {
    const fs_graph *g = s->decoder, *e = s->sources.encoder;
    const fs_memory *given = s->sources.memory;
    const fs_rnn *rnn = fs_rnn_of(fs_graph_find(g, &fs_block_rnn));
    fs_memory m = {0};
    if (given) m = *given;
    if (e) m = (fs_memory){.states = (const float *)s, .width = e->width, .layers = e->layers, .hidden_width = e->hidden_width,
                           .hidden = e->layers ? (const float *)s : NULL, .cell = e->has_cell ? (const float *)s : NULL};
    if ((rnn && rnn->directions != 1) || !s->head || g->width != g->vocabulary)
        return fs_fail(err, FS_ERR_UNSUPPORTED, "decoder", "not a decoder",
                       "an embedding, blocks that read forwards and a linear head over its vocabulary (%d)|%d wide",
                       g->vocabulary, g->width);
    for (int i = 0; i < g->count; i++)
        if (!g->blocks[i]->ops->step && g->blocks[i]->ops != &fs_block_bridge)
            return fs_fail(err, FS_ERR_UNSUPPORTED, g->blocks[i]->ops->kind, "runs whole sequences only",
                           "blocks that take a step|an encoder's");
    if ((g->memory_width || s->bridge) && !given && !e)
        return fs_fail(err, FS_ERR_VALUE, "memory", "missing", "a memory for this decoder|none");
    if (g->memory_width && (!m.states || m.width != g->memory_width))
        return fs_fail(err, FS_ERR_FORMAT, "attention", "the memory's rows do not fit", "%d wide|%d", g->memory_width,
                       m.states ? m.width : 0);
    if (!s->bridge || !s->started) return FS_OK;
    return fs_bridge_check(s->bridge, &m, s->started->state_layers, s->started->state_width,
                           s->started->state_planes > s->started->state_layers, err);
}

static fs_status allocate(fs_session *s, fs_error *err) {
    const fs_graph *g = s->decoder;
    const int R = s->stepper.rows;
    const size_t all = (size_t)R + (size_t)s->stepper.shelf;
    size_t kept = 0;
    for (fs_arena_plan(&s->fixed);;) {
        s->row_source = fs_arena_cut(&s->fixed, 2, all, sizeof *s->row_source);
        s->place = fs_arena_cut(&s->fixed, 2, all, sizeof *s->place);
        s->places = fs_arena_cut(&s->fixed, (size_t)s->stepper.widest, 1, sizeof *s->places);
        s->pages = fs_arena_cut(&s->fixed, (size_t)s->stepper.widest, 1, sizeof *s->pages);
        s->step_source = fs_arena_cut(&s->fixed, (size_t)s->stepper.widest, 1, sizeof *s->step_source);
        s->rows = fs_arena_cut(&s->fixed, (size_t)s->stepper.widest, 1, sizeof *s->rows);
        s->last = fs_arena_cut(&s->fixed, (size_t)R, 1, sizeof *s->last);
        s->trunk = fs_arena_cut(&s->fixed, (size_t)s->stepper.widest, (size_t)s->head->input, sizeof *s->trunk);
        s->state = fs_arena_cut(&s->fixed, (size_t)g->count, 1, sizeof *s->state);
        s->spare = fs_arena_cut(&s->fixed, (size_t)g->count, 1, sizeof *s->spare);
        s->choices = fs_arena_cut(&s->fixed, (size_t)s->stepper.widest, 1, sizeof *s->choices);
        s->made = fs_arena_cut(&s->fixed, (size_t)g->count, 1, sizeof *s->made);
        if (!fs_arena_planning(&s->fixed)) memset(s->made, 0, (size_t)g->count * sizeof *s->made);
        for (int i = 0; i < g->count; i++) {
            float *state = fs_arena_cut(&s->fixed, state_floats(g->blocks[i], R), 1, sizeof(float));
            float *spare = fs_arena_cut(&s->fixed, state_floats(g->blocks[i], R), 1, sizeof(float));
            if (fs_arena_planning(&s->fixed)) continue;
            s->state[i] = state;
            s->spare[i] = spare;
        }
        if (!fs_arena_planning(&s->fixed)) break;
        FS_TRY(fs_arena_ready(&s->fixed, "decoder state", err));
    }
    for (int i = 0; i < g->count; i++) {
        const fs_block *b = g->blocks[i];
        kept += b->kept_floats;
        if (b->kept_closed) s->open_floats = FS_MAX(s->open_floats, 2 * FS_ATTEND_KEYS * (size_t)b->kept_width);
    }
    return fs_cache_open(&s->cache, (int)all, kept, err);
}

/* A step of W rows, planned once: no step needs more. */
static fs_status plan_step(fs_session *s, fs_error *err) {
    const fs_graph *g = s->decoder;
    fs_step step = {.arena = &s->step, .n = s->stepper.widest, .capacity = s->stepper.rows, .run = fs_session_threads(s)};
    fs_arena_plan(&s->step);
    for (int i = 0; i < g->count - 1; i++)
        if (g->blocks[i]->ops->step) fs_sublayer_step(g->blocks[i], &step);
    fs_arena_cut(&s->step, 1, fs_gemm_scratch(&s->head->matrix, s->stepper.widest), 1);
    return fs_arena_ready(&s->step, "decoder step", err);
}

/* Whether a row is nothing but what the cache has of it. */
static int forks(const fs_graph *g) {
    for (int i = 0; i < g->count; i++)
        if (g->blocks[i]->state_planes) return 0;
    return 1;
}

static int takes_runs(const fs_graph *g) {
    for (int i = 0; i < g->count; i++)
        if (!g->blocks[i]->ops->takes_runs) return 0;
    return 1;
}

fs_status fs_session_create(const fs_graph *decoder, const fs_sources *sources, int rows, fs_run *run, int worker,
                            fs_session **out, fs_error *err) {
    fs_session *s = fs_alloc(sizeof *s);
    fs_status st;
    if (!s) return fs_fail_memory(err, "session", sizeof *s);
    s->stepper = (fs_stepper){.rows = rows, .widest = rows, .vocabulary = decoder->vocabulary, .prepare = fs_session_prepare,
                              .begin = fs_session_begin, .step = fs_session_step, .reorder = fs_session_reorder,
                              .alike = !sources->memory && !sources->encoder,
                              .candidates = sources->shortlist ? fs_session_candidates : NULL};
    if (takes_runs(decoder)) {
        s->stepper.widest = rows + RUN;
        s->stepper.feed = fs_session_feed;
        s->stepper.run = fs_session_run;
    }
    if (takes_runs(decoder) && forks(decoder)) {
        s->stepper.shelf = sources->shelf;
        s->stepper.fork = fs_session_fork;
        s->stepper.size = fs_session_size;
        s->stepper.read = fs_session_read;
        s->stepper.write = fs_session_write;
    }
    s->decoder = decoder;
    s->sources = *sources;
    s->run = run;
    s->within.threads = fs_run_threads(run);
    s->worker = worker;
    s->bridge = fs_bridge_of(fs_graph_find(decoder, &fs_block_bridge));
    s->attention = fs_attention_of(fs_graph_find(decoder, &fs_block_attention));
    for (int i = decoder->count - 1; i >= 0; i--)
        if (decoder->blocks[i]->state_layers) s->started = decoder->blocks[i];
    s->head = fs_linear_of(decoder->blocks[decoder->count - 1]);
    s->looks = s->attention || fs_graph_find(decoder, &fs_block_conditional) ||
               (sources->attention && fs_graph_find(decoder, &fs_block_cross_attention));
    if (s->looks && sources->attention) s->stepper.attention = fs_session_attention;
    st = check_parts(s, err);
    if (st == FS_OK) st = allocate(s, err);
    if (st == FS_OK) st = plan_step(s, err);
    if (st != FS_OK) {
        fs_session_free(s);
        return st;
    }
    *out = s;
    return FS_OK;
}

void fs_session_free(fs_session *s) {
    if (!s) return;
    fs_arena_close(&s->fixed);
    fs_arena_close(&s->step);
    fs_arena_close(&s->prepared);
    fs_arena_close(&s->encoding);
    fs_cache_close(&s->cache);
    fs_buffer_free(&s->open);
    fs_buffer_free(&s->open_table);
    fs_buffer_free(&s->listed);
    fs_buffer_free(&s->list_ends);
    fs_free(s->seen);
    fs_free(s);
}

fs_stepper *fs_session_stepper(fs_session *s) { return &s->stepper; }
