#include "session.h"

#include <string.h>

#include "../base/checked.h"
#include "attention.h"
#include "bridge.h"
#include "cache.h"
#include "linear.h"
#include "rnn.h"
#include "sublayer.h"

struct fs_session {
    fs_stepper stepper; /* first: the stepper is the session */
    const fs_graph *decoder;
    fs_sources sources;
    fs_run *run;
    int worker;
    const fs_bridge *bridge;
    const fs_attention *attention;
    const fs_rnn *rnn;
    const fs_linear *head;
    int looks;            /* attention leaves its weights */
    fs_memory memory;     /* the prepared sources */
    int64_t first;        /* the source that memory's first sequence is */
    int64_t longest;      /* rows of its longest sequence */
    float **made;         /* (blocks): what each prepared over memory, or NULL */
    float *start;         /* (count, H) of a linear bridge, or NULL */
    float *weights;       /* (R, longest) of attention, or NULL */
    float *trunk;         /* (R, head input): rows whose logits are wanted */
    float **state, **spare; /* a block's planes x (R, width), and room to reorder them */
    int64_t *row_source;  /* (R), and as many to reorder: a row's sequence in memory */
    int32_t *place;       /* (R), and as many to reorder: tokens of a row that have gone in */
    fs_cache cache;       /* what blocks keep of those */
    int widest;           /* W: tokens of a step at most, R or those of a run */
    int32_t *places;      /* (W): of a step's tokens, like the next two */
    float *const **pages;
    int64_t *step_source;
    fs_buffer listed, list_ends; /* candidates of the prepared sources, one after another (int32_t), and where each ends
                                    (int64_t) */
    fs_choice *choices;   /* (R) */
    uint64_t *seen;       /* fs_shortlist_words */
    fs_arena fixed, step, prepared, encoding; /* lifetimes: session, one step, one prepare, one group */
};

enum { RUN = 128 }; /* tokens of one row at once */

/* Floats of a page that are a block's: keys and values. */
static size_t kept_floats(const fs_block *b) { return 2 * FS_ATTEND_KEYS * (size_t)b->kept_width; }

static size_t state_floats(const fs_block *b, int rows) {
    return (size_t)b->state_planes * (size_t)b->state_width * (size_t)rows;
}

/* ---- preparing sources ---- */

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
    for (int64_t i = 0; i < count; i += FS_GROUP_ROWS)
        FS_TRY(fs_graph_run_group(e, e->count, s->sources.batch, order + i, places + i,
                                  (int)FS_MIN(count - i, FS_GROUP_ROWS), &out, &s->encoding, s->run, s->worker, err));
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

static const int32_t *candidates(fs_stepper *stepper, int row, int *count) {
    const fs_session *s = (const fs_session *)stepper;
    const int64_t *ends = s->list_ends.data, source = s->row_source[row], begin = source ? ends[source - 1] : 0;
    *count = (int)(ends[source] - begin);
    return (const int32_t *)s->listed.data + begin;
}

static fs_status prepare(fs_stepper *stepper, int64_t first, int64_t count, fs_error *err) {
    fs_session *s = (fs_session *)stepper;
    const fs_graph *e = s->sources.encoder;
    const int attends = s->decoder->memory_width != 0;
    int64_t longest = 1, rows, all, *offsets = NULL, *places = NULL;
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
    all = FS_MAX(rows, count);
    for (fs_arena_plan(&s->prepared);;) {
        size_t need = 0;
        if (e) {
            offsets = fs_arena_cut(&s->prepared, (size_t)count + 1, 1, sizeof *offsets);
            places = fs_arena_cut(&s->prepared, (size_t)count, 1, sizeof *places);
            if (attends) states = fs_arena_cut(&s->prepared, (size_t)rows, (size_t)e->width, sizeof(float));
            if (state) hidden = fs_arena_cut(&s->prepared, (size_t)count, state, sizeof(float));
            if (e->has_cell) cell = fs_arena_cut(&s->prepared, (size_t)count, state, sizeof(float));
        }
        if (s->looks) s->weights = fs_arena_cut(&s->prepared, (size_t)s->stepper.rows, (size_t)longest, sizeof(float));
        if (s->bridge && s->bridge->kind == FS_BRIDGE_LINEAR) {
            s->start = fs_arena_cut(&s->prepared, (size_t)count, (size_t)s->bridge->output, sizeof(float));
            need = FS_MAX(need, fs_gemm_scratch(&s->bridge->matrix, all));
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

/* ---- rows ---- */

/* A row's h and c of every layer, from the bridge; zeros without one. */
static void start_row(fs_session *s, int row, int64_t source, float *planes) {
    const fs_memory *m = &s->memory;
    int L = s->rnn->layers, kind = s->bridge ? s->bridge->kind : FS_BRIDGE_ZERO;
    size_t H = (size_t)s->rnn->hidden, plane = H * (size_t)s->stepper.rows;
    size_t state = (size_t)m->layers * (size_t)m->hidden_width;
    for (int p = 0; p < s->rnn->block.state_planes; p++) {
        float *to = planes + (size_t)p * plane + (size_t)row * H;
        const float *from = NULL;
        int layer = m->layers - L + p % L; /* the encoder's last layers */
        if (kind == FS_BRIDGE_LINEAR) from = s->start + (size_t)source * H;
        if (kind == FS_BRIDGE_COPY || kind == FS_BRIDGE_CONCAT)
            from = (p < L ? m->hidden : m->cell) + (size_t)source * state + (size_t)layer * H;
        if (from)
            memcpy(to, from, H * sizeof *to);
        else
            memset(to, 0, H * sizeof *to);
    }
}

static void begin(fs_stepper *stepper, int row, int64_t source) {
    fs_session *s = (fs_session *)stepper;
    s->row_source[row] = source - s->first;
    s->place[row] = 0;
    fs_cache_clear(&s->cache, row);
    for (int i = 0; i < s->decoder->count; i++) {
        const fs_block *b = s->decoder->blocks[i];
        size_t width = (size_t)b->state_width;
        if (s->rnn && b == &s->rnn->block) {
            start_row(s, row, source - s->first, s->state[i]);
            continue;
        }
        for (int p = 0; p < b->state_planes; p++)
            memset(s->state[i] + ((size_t)p * (size_t)stepper->rows + (size_t)row) * width, 0, width * sizeof(float));
    }
}

/* The rows before the head, from tokens; cuts from s->step. */
static void run_trunk(fs_session *s, fs_step *step) {
    const fs_graph *g = s->decoder;
    for (int i = 0; i < g->count; i++)
        if (s->attention && s->attention->feeding && g->blocks[i] == &s->attention->block) step->feed = s->state[i];
    for (int i = 0; i < g->count - 1; i++) {
        step->state = s->state[i];
        step->prepared = s->made[i];
        if (g->blocks[i]->ops->step) fs_sublayer_step(g->blocks[i], step);
        step->kept_at += kept_floats(g->blocks[i]);
    }
}

/* Tokens of a row go where its next ones belong: as many as `count` from place `at` of a step on */
static fs_status place_tokens(fs_session *s, int row, int at, int count, fs_error *err) {
    FS_TRY(fs_cache_reserve(&s->cache, row, s->place[row], s->place[row] + count, err));
    for (int i = 0; i < count; i++) {
        s->places[at + i] = s->place[row]++;
        s->step_source[at + i] = s->row_source[row];
    }
    return FS_OK;
}

static fs_step begin_step(fs_session *s, int n, const int32_t *tokens) {
    fs_arena_rewind(&s->step);
    return (fs_step){.arena = &s->step, .n = n, .capacity = s->stepper.rows, .tokens = tokens, .places = s->places,
                     .pages = s->pages, .memory = &s->memory, .sources = s->step_source};
}

static fs_status check_length(const fs_session *s, int tokens, fs_error *err) {
    const int longest = s->decoder->longest;
    if (!longest || tokens <= longest) return FS_OK;
    return fs_fail(err, FS_ERR_VALUE, "ids", "a sequence longer than the model has positions", "at most %d tokens|%d", longest,
                   tokens);
}

static fs_status feed(fs_stepper *stepper, int row, int count, const int32_t *tokens, fs_error *err) {
    fs_session *s = (fs_session *)stepper;
    FS_TRY(check_length(s, s->place[row] + count, err));
    for (int at = 0, n; at < count && !fs_run_stopped(s->run, s->worker); at += n) {
        fs_step step;
        n = FS_MIN(count - at, s->widest);
        FS_TRY(place_tokens(s, row, 0, n, err));
        for (int i = 0; i < n; i++) s->pages[i] = fs_cache_pages(&s->cache, row);
        step = begin_step(s, n, tokens + at);
        step.run = 1;
        run_trunk(s, &step);
    }
    return FS_OK;
}

/* Logits (n, V) of the rows x (n, D) that need them */
static void run_head(fs_session *s, int n, const float *x, const unsigned char *need, float *logits) {
    size_t D = (size_t)s->head->input, V = (size_t)s->head->output;
    void *scratch = fs_arena_cut(&s->step, 1, fs_gemm_scratch(&s->head->matrix, n), 1);
    int wanted = 0;
    for (int i = 0; i < n && s->stepper.candidates; i++) {
        fs_choice *c = &s->choices[i];
        *c = (fs_choice){.y = logits + (size_t)i * V};
        c->columns = candidates(&s->stepper, i, &c->count);
    }
    if (s->stepper.candidates) {
        fs_linear_choose(s->head, n, x, s->choices, scratch);
        return;
    }
    for (int i = 0; i < n && need; i++) wanted += need[i] != 0;
    if (!need || wanted == n) {
        fs_linear_apply(s->head, n, x, D, logits, scratch, NULL);
        return;
    }
    wanted = 0;
    for (int i = 0; i < n; i++)
        if (need[i]) memcpy(s->trunk + (size_t)wanted++ * D, x + (size_t)i * D, D * sizeof(float));
    if (!wanted) return;
    fs_linear_apply(s->head, wanted, s->trunk, D, logits, scratch, NULL);
    for (int i = n - 1; i >= 0; i--) /* from the last, so that no row is overwritten before it has moved */
        if (need[i] && --wanted != i) memcpy(logits + (size_t)i * V, logits + (size_t)wanted * V, V * sizeof(float));
}

static fs_status take_step(fs_stepper *stepper, int n, const int32_t *tokens, const unsigned char *need, float *logits,
                           fs_error *err) {
    fs_session *s = (fs_session *)stepper;
    fs_step step;
    for (int i = 0; i < n; i++) FS_TRY(place_tokens(s, i, i, 1, err));
    for (int i = 0; i < n && s->cache.floats; i++) s->pages[i] = fs_cache_pages(&s->cache, i);
    step = begin_step(s, n, tokens);
    step.attention = s->weights;
    step.attention_stride = s->longest;
    run_trunk(s, &step);
    run_head(s, n, step.x, need, logits);
    return FS_OK;
}

static const float *attention(fs_stepper *stepper, int row, int64_t *count) {
    const fs_session *s = (const fs_session *)stepper;
    const int64_t source = s->row_source[row];
    *count = s->memory.offsets[source + 1] - s->memory.offsets[source];
    return s->weights + row * s->longest;
}

static void reorder(fs_stepper *stepper, int n, const int32_t *from) {
    fs_session *s = (fs_session *)stepper;
    size_t R = (size_t)stepper->rows;
    int falls = 0; /* some row comes from a lower one, which may already be overwritten */
    for (int i = 0; i < n; i++) falls |= from[i] < i;
    for (int b = 0; b < s->decoder->count; b++) {
        const fs_block *block = s->decoder->blocks[b];
        size_t width = (size_t)block->state_width;
        float *to = falls ? s->spare[b] : s->state[b];
        for (int p = 0; p < block->state_planes; p++)
            for (int i = 0; i < n; i++)
                if (falls || from[i] != i)
                    memcpy(to + ((size_t)p * R + (size_t)i) * width, s->state[b] + ((size_t)p * R + (size_t)from[i]) * width,
                           width * sizeof *to);
        if (falls) {
            s->spare[b] = s->state[b];
            s->state[b] = to;
        }
    }
    for (int i = 0; i < n; i++) {
        s->row_source[R + (size_t)i] = s->row_source[from[i]];
        s->place[R + (size_t)i] = s->place[from[i]];
    }
    memcpy(s->row_source, s->row_source + R, (size_t)n * sizeof *s->row_source);
    memcpy(s->place, s->place + R, (size_t)n * sizeof *s->place);
    fs_cache_reorder(&s->cache, n, from);
}

/* ---- making one ---- */

/* The decoder's blocks against each other and against what the sources will give. */
static fs_status check_parts(const fs_session *s, fs_error *err) {
    const fs_graph *g = s->decoder, *e = s->sources.encoder;
    const fs_memory *given = s->sources.memory;
    fs_memory m = {0};
    if (given) m = *given;
    if (e) m = (fs_memory){.states = (const float *)s, .width = e->width, .layers = e->layers, .hidden_width = e->hidden_width,
                           .hidden = e->layers ? (const float *)s : NULL, .cell = e->has_cell ? (const float *)s : NULL};
    if ((s->rnn && s->rnn->directions != 1) || !s->head || g->width != g->vocabulary)
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
    if (!s->bridge || !s->rnn) return FS_OK;
    return fs_bridge_check(s->bridge, &m, s->rnn->layers, s->rnn->hidden, s->rnn->cell->has_cell, err);
}

static fs_status allocate(fs_session *s, fs_error *err) {
    const fs_graph *g = s->decoder;
    int R = s->stepper.rows;
    size_t kept = 0;
    for (fs_arena_plan(&s->fixed);;) {
        s->row_source = fs_arena_cut(&s->fixed, 2, (size_t)R, sizeof *s->row_source);
        s->place = fs_arena_cut(&s->fixed, 2, (size_t)R, sizeof *s->place);
        s->places = fs_arena_cut(&s->fixed, (size_t)s->widest, 1, sizeof *s->places);
        s->pages = fs_arena_cut(&s->fixed, (size_t)s->widest, 1, sizeof *s->pages);
        s->step_source = fs_arena_cut(&s->fixed, (size_t)s->widest, 1, sizeof *s->step_source);
        s->trunk = fs_arena_cut(&s->fixed, (size_t)R, (size_t)s->head->input, sizeof *s->trunk);
        s->state = fs_arena_cut(&s->fixed, (size_t)g->count, 1, sizeof *s->state);
        s->spare = fs_arena_cut(&s->fixed, (size_t)g->count, 1, sizeof *s->spare);
        s->choices = fs_arena_cut(&s->fixed, (size_t)R, 1, sizeof *s->choices);
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
    for (int i = 0; i < g->count; i++) kept += kept_floats(g->blocks[i]);
    return fs_cache_open(&s->cache, R, kept, err);
}

/* A step of W rows, planned once: no step needs more. */
static fs_status plan_step(fs_session *s, fs_error *err) {
    const fs_graph *g = s->decoder;
    fs_step step = {.arena = &s->step, .n = s->widest, .capacity = s->stepper.rows};
    fs_arena_plan(&s->step);
    for (int i = 0; i < g->count - 1; i++)
        if (g->blocks[i]->ops->step) fs_sublayer_step(g->blocks[i], &step);
    fs_arena_cut(&s->step, 1, fs_gemm_scratch(&s->head->matrix, s->stepper.rows), 1);
    return fs_arena_ready(&s->step, "decoder step", err);
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
    s->stepper = (fs_stepper){.rows = rows, .vocabulary = decoder->vocabulary, .prepare = prepare, .begin = begin,
                              .step = take_step, .feed = takes_runs(decoder) ? feed : NULL, .reorder = reorder,
                              .candidates = sources->shortlist ? candidates : NULL};
    s->widest = s->stepper.feed ? FS_MAX(rows, RUN) : rows;
    s->decoder = decoder;
    s->sources = *sources;
    s->run = run;
    s->worker = worker;
    s->bridge = fs_bridge_of(fs_graph_find(decoder, &fs_block_bridge));
    s->attention = fs_attention_of(fs_graph_find(decoder, &fs_block_attention));
    s->rnn = fs_rnn_of(fs_graph_find(decoder, &fs_block_rnn));
    s->head = fs_linear_of(decoder->blocks[decoder->count - 1]);
    s->looks = s->attention || (sources->attention && fs_graph_find(decoder, &fs_block_cross_attention));
    if (s->looks && sources->attention) s->stepper.attention = attention;
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
    fs_buffer_free(&s->listed);
    fs_buffer_free(&s->list_ends);
    fs_free(s->seen);
    fs_free(s);
}

fs_stepper *fs_session_stepper(fs_session *s) { return &s->stepper; }
