/* Steps of a session: one token of every row, or runs of them. */
#include <string.h>

#include "session_parts.h"
#include "sublayer.h"

enum { LONG = 32 }; /* tokens of a step that takes a while */

/* The rows before the head, from tokens; cuts from s->step. A long step that is stopped is given up between two blocks. */
static fs_status run_trunk(fs_session *s, fs_step *step, fs_error *err) {
    const fs_graph *g = s->decoder;
    for (int i = 0; i < g->count; i++)
        if (s->attention && s->attention->feeding && g->blocks[i] == &s->attention->block) step->feed = s->state[i];
    for (int i = 0; i < g->count - 1; i++) {
        if (step->n >= LONG && fs_run_stopped(s->run, s->worker)) return fs_run_status(s->run, err);
        step->state = s->state[i];
        step->prepared = s->made[i];
        if (g->blocks[i]->ops->step) fs_sublayer_step(g->blocks[i], step);
        step->kept_at += g->blocks[i]->kept_floats;
    }
    return FS_OK;
}

static fs_status enough(fs_buffer *b, size_t bytes, fs_error *err) {
    if (b->size >= bytes) return FS_OK;
    return fs_buffer_add(b, bytes - b->size) ? FS_OK : fs_fail_memory(err, "decoder cache", bytes);
}

/* Room for the pages of the longest row in which a step looks back, for each worker. */
static fs_status open_pages(fs_session *s, fs_step *step, fs_error *err) {
    const size_t workers = step->run ? (size_t)fs_run_threads(step->run) : 1;
    int longest = 0;
    if (!s->open_floats) return FS_OK;
    for (int i = 0; i < step->n; i++) longest = FS_MAX(longest, step->places[i] + 1);
    step->open_pages = (size_t)(longest + FS_ATTEND_KEYS - 1) / FS_ATTEND_KEYS;
    step->open_floats = s->open_floats;
    FS_TRY(enough(&s->open, workers * step->open_pages * step->open_floats * sizeof(float), err));
    FS_TRY(enough(&s->open_table, workers * step->open_pages * sizeof(float *), err));
    step->open = s->open.data;
    step->open_table = s->open_table.data;
    return FS_OK;
}

/* The next tokens of rows [first, first + n), counts[i] of each (NULL: one), go where they belong; *tokens of them. */
static fs_status place_tokens(fs_session *s, int first, int n, const int32_t *counts, int *tokens, fs_error *err) {
    int at = 0;
    for (int row = first; row < first + n; row++) {
        const int count = counts ? counts[row - first] : 1;
        if (!count) continue;
        FS_TRY(fs_cache_reserve(&s->cache, row, s->place[row], s->place[row] + count, err));
        for (int i = 0; i < count; i++, at++) {
            s->places[at] = s->place[row]++;
            s->step_source[at] = s->row_source[row];
            s->rows[at] = row;
        }
        s->last[row] = at - 1;
    }
    for (int i = 0; i < at && s->cache.floats; i++) s->pages[i] = fs_cache_pages(&s->cache, s->rows[i]);
    *tokens = at;
    return FS_OK;
}

static fs_status begin_step(fs_session *s, int n, const int32_t *tokens, fs_step *step, fs_error *err) {
    fs_arena_rewind(&s->step);
    *step = (fs_step){.arena = &s->step, .n = n, .capacity = s->stepper.rows, .tokens = tokens, .rows = s->rows,
                      .places = s->places, .pages = s->pages, .memory = &s->memory, .sources = s->step_source,
                      .run = fs_session_threads(s)};
    return open_pages(s, step, err);
}

static fs_status check_length(const fs_session *s, int tokens, fs_error *err) {
    const int longest = s->decoder->longest;
    if (!longest || tokens <= longest) return FS_OK;
    return fs_fail(err, FS_ERR_VALUE, "ids", "a sequence longer than the model has positions", "at most %d tokens|%d", longest,
                   tokens);
}

fs_status fs_session_feed(fs_stepper *stepper, int row, int count, const int32_t *tokens, fs_error *err) {
    fs_session *s = (fs_session *)stepper;
    FS_TRY(check_length(s, s->place[row] + count, err));
    for (int at = 0, n; at < count && !fs_run_stopped(s->run, s->worker); at += n) {
        const int32_t some = FS_MIN(count - at, stepper->widest);
        fs_step step;
        FS_TRY(place_tokens(s, row, 1, &some, &n, err));
        fs_status st;
        FS_TRY(begin_step(s, n, tokens + at, &step, err));
        st = run_trunk(s, &step, err);
        if (st == FS_ERR_INTERRUPTED) break; /* as between two parts: whoever asked looks before the next step */
        if (st != FS_OK) return st;
    }
    return FS_OK;
}

/* Logits of those of n tokens x (n, D) that need them, one after another (wanted, V); gives how many. */
static int run_head(fs_session *s, int n, const float *x, const unsigned char *need, float *logits) {
    const size_t D = (size_t)s->head->input, V = (size_t)s->head->output;
    void *scratch = fs_arena_cut(&s->step, 1, fs_gemm_scratch(&s->head->matrix, n), 1);
    int wanted = 0;
    for (int i = 0; i < n; i++) {
        if (need && !need[i]) continue;
        if (s->stepper.candidates) {
            fs_choice *c = &s->choices[wanted];
            *c = (fs_choice){.y = logits + (size_t)wanted * V};
            c->columns = fs_session_candidates(&s->stepper, s->rows[i], &c->count);
        }
        if (need) memcpy(s->trunk + (size_t)wanted * D, x + (size_t)i * D, D * sizeof *x);
        wanted++;
    }
    if (need) x = s->trunk;
    if (s->stepper.candidates)
        fs_linear_choose(s->head, wanted, x, s->choices, scratch);
    else if (wanted)
        fs_linear_apply(s->head, wanted, x, D, logits, scratch, fs_session_threads(s));
    return wanted;
}

/* `need`, or NULL where all of the n tokens are needed */
static const unsigned char *some_of(const unsigned char *need, int n) {
    for (int i = 0; need && i < n; i++)
        if (!need[i]) return need;
    return NULL;
}

fs_status fs_session_step(fs_stepper *stepper, int n, const int32_t *tokens, const unsigned char *need, float *logits,
                          fs_error *err) {
    fs_session *s = (fs_session *)stepper;
    const size_t V = (size_t)stepper->vocabulary;
    fs_step step;
    int wanted;
    FS_TRY(place_tokens(s, 0, n, NULL, &n, err));
    FS_TRY(begin_step(s, n, tokens, &step, err));
    step.attention = s->weights;
    step.attention_stride = s->longest;
    FS_TRY(run_trunk(s, &step, err));
    need = some_of(need, n);
    wanted = run_head(s, n, step.x, need, logits);
    for (int i = n - 1; need && i >= 0; i--) /* from the last, so that no row is overwritten before it has moved */
        if (need[i] && --wanted != i) memcpy(logits + (size_t)i * V, logits + (size_t)wanted * V, V * sizeof *logits);
    return FS_OK;
}

fs_status fs_session_run(fs_stepper *stepper, int n, const int32_t *counts, const int32_t *tokens, const unsigned char *need,
                         float *logits, fs_error *err) {
    fs_session *s = (fs_session *)stepper;
    fs_step step;
    int all;
    for (int i = 0; i < n; i++) FS_TRY(check_length(s, s->place[i] + counts[i], err));
    FS_TRY(place_tokens(s, 0, n, counts, &all, err));
    FS_TRY(begin_step(s, all, tokens, &step, err));
    step.attention = s->weights;
    step.attention_stride = s->longest;
    FS_TRY(run_trunk(s, &step, err));
    run_head(s, all, step.x, some_of(need, all), logits);
    return FS_OK;
}

const float *fs_session_attention(fs_stepper *stepper, int row, int64_t *count) {
    const fs_session *s = (const fs_session *)stepper;
    const int64_t source = s->row_source[row];
    *count = s->memory.offsets[source + 1] - s->memory.offsets[source];
    return s->weights + s->last[row] * s->longest;
}
