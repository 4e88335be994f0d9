#include "rows.h"

#include "../base/parallel.h"
#include "logits.h"
#include "pick.h"

void fs_rows_cut(fs_rows *r, fs_arena *arena) {
    const size_t R = (size_t)r->m->rows, W = (size_t)r->m->widest;
    r->row = fs_arena_cut(arena, R, 1, sizeof *r->row);
    r->counts = fs_arena_cut(arena, R, 1, sizeof *r->counts);
    r->from = fs_arena_cut(arena, R, 1, sizeof *r->from);
    r->token = fs_arena_cut(arena, W, 1, sizeof *r->token);
    r->need = fs_arena_cut(arena, W, 1, sizeof *r->need);
    r->logits = fs_arena_cut(arena, R, (size_t)r->m->vocabulary, sizeof *r->logits);
    fs_chooser_cut(&r->chooser, arena, r->m->vocabulary);
}

void fs_rows_begin(fs_rows *r) { fs_chooser_begin(&r->chooser); }

/* ---- coming and going ---- */

static void end(const fs_rows *r, fs_request *q, int how, float logprob) {
    q->ended = how;
    q->stop_logprob = logprob;
    q->ended_ns = fs_clock_ns();
    r->waiting->over(r->waiting, q);
}

static int cut_short(const fs_request *q, int64_t now) {
    if (fs_atomic_load((fs_atomic *)&q->cancelled)) return FS_END_CANCELLED;
    return q->deadline_ns && now >= q->deadline_ns ? FS_END_DEADLINE : FS_END_NONE;
}

/* Row i takes the next request that waits; 0 when none does. Those that may hold no token end at once. */
static int admit(fs_rows *r, int i) {
    fs_request *q;
    while ((q = r->waiting->next(r->waiting))) {
        int how;
        q->begun_ns = fs_clock_ns();
        how = cut_short(q, q->begun_ns);
        if (how == FS_END_NONE && q->limit <= 0) how = FS_END_LIMIT;
        if (how == FS_END_NONE) {
            r->row[i] = (fs_row){.request = q, .ticket = r->tickets++};
            r->m->begin(r->m, i, q->source);
            return 1;
        }
        end(r, q, how, 0);
    }
    return 0;
}

/* Rows whose sequence ended take the next waiting one; when none waits, the last rows close the gaps. */
static void refill(fs_rows *r) {
    int moved = 0;
    for (int i = 0; i < r->n; i++) r->from[i] = i;
    for (int i = 0; i < r->n; i++) {
        if (!r->row[i].over || admit(r, i)) continue;
        while (r->n > i && r->row[r->n - 1].over) r->n--;
        if (r->n <= i) break;
        r->row[i] = r->row[--r->n];
        r->from[i] = r->n;
        moved = 1;
    }
    if (moved) r->m->reorder(r->m, r->n, r->from);
}

static void end_cut_short(fs_rows *r) {
    const int64_t now = fs_clock_ns();
    int any = 0;
    for (int i = 0; i < r->n; i++) {
        const int how = cut_short(r->row[i].request, now);
        if (how == FS_END_NONE) continue;
        end(r, r->row[i].request, how, 0);
        any = r->row[i].over = 1;
    }
    if (any) refill(r);
}

void fs_rows_stop(fs_rows *r, int how) {
    for (int i = 0; i < r->n; i++) end(r, r->row[i].request, how, 0);
    r->n = 0;
}

/* ---- a pass ---- */

static int text_length(const fs_row *row) { return row->request->length + (int)row->request->count; }

static int32_t text_token(const fs_row *row, int at) {
    const fs_request *q = row->request;
    return at < q->length ? q->prompt[at] : q->ids[at - q->length];
}

/* The prompt that began first, of those that no tokens of go in yet. */
static fs_row *first_prompt(fs_rows *r) {
    fs_row *first = NULL;
    for (int i = 0; i < r->n; i++)
        if (!r->row[i].count && (!first || r->row[i].ticket < first->ticket)) first = &r->row[i];
    return first;
}

/* How many tokens of each row go in: one of those with one left, and blocks of prompts, first come, first served. Gives
 * whether a plain step does. */
static int share_out(fs_rows *r) {
    int room = r->m->widest - r->m->rows, plain = 1;
    for (int i = 0; i < r->n; i++)
        r->row[i].count = !r->m->run || text_length(&r->row[i]) - r->row[i].fed == 1;
    for (fs_row *row; r->m->run && room && (row = first_prompt(r)); plain = 0) {
        row->count = FS_MIN(text_length(row) - row->fed, room);
        room -= row->count;
    }
    for (int i = 0; i < r->n; i++) plain &= r->row[i].count == 1;
    return plain;
}

/* What goes in, and where the next token is wanted: at the end of a text */
static void fill_tokens(fs_rows *r) {
    int at = 0;
    for (int i = 0; i < r->n; i++) {
        const fs_row *row = &r->row[i];
        for (int j = 1; j <= row->count; j++, at++) {
            r->token[at] = text_token(row, row->fed + j - 1);
            r->need[at] = row->fed + j == text_length(row);
        }
        r->counts[i] = row->count;
    }
}

/* The row's next token, of its logits */
static void choose(fs_rows *r, int i, float *logits) {
    fs_request *q = r->row[i].request;
    const int64_t at = q->count;
    const fs_choice next = fs_pick(r->m, r->k, &r->chooser, q, i, logits);
    if (!at) q->first_ns = fs_clock_ns();
    r->row[i].over = 1;
    if (next.token < 0) { /* none may follow */
        end(r, q, FS_END_LIMIT, 0);
        return;
    }
    if (fs_logits_stop(q->stop, q->stops, next.token)) {
        end(r, q, FS_END_STOP, next.logprob);
        return;
    }
    q->ids[at] = next.token;
    q->logprobs[at] = next.logprob;
    if (q->aligned) q->aligned[at] = fs_logits_aligned(r->m, r->k, i);
    fs_atomic_store(&q->count, at + 1);
    if (q->stop_text && fs_stop_met(q->stop_text, q->pieces, q->ids, at + 1))
        end(r, q, FS_END_STOP, 0);
    else if (at + 1 == q->limit)
        end(r, q, FS_END_LIMIT, 0);
    else
        r->row[i].over = 0;
}

fs_status fs_rows_pass(fs_rows *r, fs_error *err) {
    const size_t V = (size_t)r->m->vocabulary;
    float *logits = r->logits;
    int plain;
    end_cut_short(r);
    while (r->n < r->m->rows && admit(r, r->n)) r->n++;
    if (!r->n) return FS_OK;
    plain = share_out(r);
    fill_tokens(r);
    if (plain)
        FS_TRY(r->m->step(r->m, r->n, r->token, r->need, logits, err));
    else
        FS_TRY(r->m->run(r->m, r->n, r->counts, r->token, r->need, logits, err));
    r->passes++;
    for (int i = 0; i < r->n; i++) {
        fs_row *row = &r->row[i];
        const int wanted = row->count && row->fed + row->count == text_length(row);
        row->fed += row->count;
        if (wanted) choose(r, i, logits);
        if (plain || wanted) logits += V; /* a step's have a place each, a run's lie together */
    }
    refill(r);
    return FS_OK;
}
