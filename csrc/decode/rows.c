#include "rows.h"

#include "../base/parallel.h"
#include "logits.h"
#include "pick.h"

enum { ALONE = 2 }; /* sequences: as few as this may guess ahead */

void fs_rows_cut(fs_rows *r, fs_arena *arena) {
    const size_t R = (size_t)r->m->rows, W = (size_t)r->m->widest;
    r->row = fs_arena_cut(arena, R, 1, sizeof *r->row);
    r->counts = fs_arena_cut(arena, R, 1, sizeof *r->counts);
    r->from = fs_arena_cut(arena, R, 1, sizeof *r->from);
    r->token = fs_arena_cut(arena, W, 1, sizeof *r->token);
    r->need = fs_arena_cut(arena, W, 1, sizeof *r->need);
    fs_chooser_cut(&r->chooser, arena, r->m->vocabulary);
    r->logits = fs_arena_cut(arena, R + FS_DRAFT_MAX, (size_t)r->m->vocabulary, sizeof *r->logits); /* mostly few: last */
}

void fs_rows_begin(fs_rows *r) { fs_chooser_begin(&r->chooser); }

/* Tokens of a row's text: its prompt and its answer so far. */
static int text_length(const fs_row *row) { return row->request->length + (int)row->request->count; }

/* ---- coming and going ---- */

static void end(const fs_rows *r, fs_request *q, int how, float logprob) {
    q->ended = how;
    q->stop_logprob = logprob;
    q->ended_ns = fs_clock_ns();
    r->waiting->over(r->waiting, q);
}

static void end_row(fs_rows *r, int i, int how, float logprob) {
    fs_row *row = &r->row[i];
    row->over = 1;
    if (r->shelf) fs_shelf_put(r->shelf, row->request, i, FS_MIN(row->fed, text_length(row) - 1));
    end(r, row->request, how, logprob);
}

static int cut_short(fs_request *q, int64_t now) {
    if (fs_atomic_load(&q->cancelled)) return FS_END_CANCELLED;
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
        end_row(r, i, how, 0);
        any = 1;
    }
    if (any) refill(r);
}

int fs_rows_in_vain(const fs_rows *r) {
    const int64_t now = fs_clock_ns();
    for (int i = 0; i < r->n; i++)
        if (cut_short(r->row[i].request, now) == FS_END_NONE) return 0;
    return r->n > 0;
}

void fs_rows_stop(fs_rows *r, int how) {
    for (int i = 0; i < r->n; i++) end(r, r->row[i].request, how, 0);
    r->n = 0;
}

/* ---- what is known already ---- */

enum { WORTH = 16 }; /* tokens in common that are worth going on from */

/* Tokens that a prompt, but for its last, and another row's text begin with. */
static int in_common(const fs_request *q, const fs_row *other) {
    const int most = FS_MIN(q->length - 1, text_length(other));
    int n = 0;
    while (n < most && q->prompt[n] == fs_request_token(other->request, n)) n++;
    return n;
}

/* A row that has not begun goes on from where another one, or one of the shelf, has got with the same tokens; 0 when there will
 * soon be more to go on from. */
static int share(fs_rows *r, int i) {
    fs_row *row = &r->row[i];
    fs_request *q = row->request;
    int most = 0, from = -1, place = 0, kept = 0;
    if (!r->m->fork || !r->m->alike || q->length <= WORTH) return 1;
    if (r->shelf) kept = FS_MIN(fs_shelf_find(r->shelf, q, &place), q->length - 1);
    for (int j = 0; j < r->n; j++) {
        const int n = j == i ? 0 : in_common(q, &r->row[j]);
        if (n <= most) continue;
        most = n;
        from = j;
    }
    if (from >= 0 && most >= WORTH && most > kept) {
        const fs_row *other = &r->row[from];
        if (other->ticket < row->ticket && other->fed < most - 1) return 0;
        most = FS_MIN(most, other->fed);
    }
    if (kept >= most) {
        most = kept;
        from = r->m->rows + place;
    }
    if (most < WORTH) return 1;
    r->m->fork(r->m, i, from, most);
    row->fed = q->shared = most;
    return 1;
}

/* ---- a pass ---- */

/* Guesses for rows that go on, while there is room: where sequences are few a step costs little more for them. */
static void guess(fs_rows *r, int *room) {
    int drafts = FS_DRAFT_MAX;
    for (int i = 0; i < r->n; i++) {
        fs_row *row = &r->row[i];
        const fs_request *q = row->request;
        row->draft.count = 0;
        if (!row->count || !q->draft || q->aligned || r->n > ALONE || !r->m->fork) continue;
        if (q->sampling && q->sampling->mask) continue; /* which is that of the next token alone */
        fs_draft_guess(&row->draft, q, FS_MIN(FS_MIN(drafts, *room), q->limit - (int)q->count - 1));
        row->count += row->draft.count;
        drafts -= row->draft.count;
        *room -= row->draft.count;
    }
}

/* The prompt that began first, of those that no tokens go in of yet; -1: none */
static int first_prompt(const fs_rows *r) {
    int first = -1;
    for (int i = 0; i < r->n; i++)
        if (!r->row[i].count && !r->row[i].waits && (first < 0 || r->row[i].ticket < r->row[first].ticket)) first = i;
    return first;
}

/* How many tokens of each row go in: one of those with one left, and blocks of prompts, first come, first served. Gives
 * whether a plain step does. */
static int share_out(fs_rows *r) {
    int room = r->m->widest - r->m->rows, plain = 1, i;
    for (i = 0; i < r->n; i++) {
        r->row[i].waits = 0;
        r->row[i].count = !r->m->run || text_length(&r->row[i]) - r->row[i].fed == 1;
    }
    if (!r->m->run) return 1;
    guess(r, &room);
    while (room > 0 && (i = first_prompt(r)) >= 0) {
        fs_row *row = &r->row[i];
        if (!row->fed && !share(r, i)) {
            row->waits = 1;
            continue;
        }
        row->count = FS_MIN(text_length(row) - row->fed, room);
        room -= row->count;
    }
    for (i = 0; i < r->n; i++) plain &= r->row[i].count == 1;
    return plain;
}

/* What goes in, and where the next token is wanted: at the end of a text, and behind each guess. */
static void fill_tokens(fs_rows *r) {
    int at = 0;
    for (int i = 0; i < r->n; i++) {
        const fs_row *row = &r->row[i];
        const int length = text_length(row);
        for (int place = row->fed; place < row->fed + row->count; place++, at++) {
            r->token[at] = place < length ? fs_request_token(row->request, place) : row->draft.token[place - length];
            r->need[at] = place + 1 >= length;
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
    if (next.token < 0) { /* none may follow */
        end_row(r, i, FS_END_LIMIT, 0);
        return;
    }
    if (fs_logits_stop(q->stop, q->stops, next.token)) {
        end_row(r, i, FS_END_STOP, next.logprob);
        return;
    }
    q->ids[at] = next.token;
    q->logprobs[at] = next.logprob;
    if (q->aligned) q->aligned[at] = fs_logits_aligned(r->m, r->k, i);
    fs_atomic_store(&q->count, at + 1);
    if (q->stop_text && fs_stop_met(q->stop_text, q->pieces, q->ids, at + 1))
        end_row(r, i, FS_END_STOP, 0);
    else if (at + 1 == q->limit)
        end_row(r, i, FS_END_LIMIT, 0);
}

/* Row i's next tokens, from the logits (guesses + 1, V) at the end of its text: a guess that is not what would have been
 * chosen, and what came behind it, is taken back. */
static void go_on(fs_rows *r, int i, float *logits) {
    fs_row *row = &r->row[i];
    fs_request *q = row->request;
    int right = 0;
    q->passes++;
    for (choose(r, i, logits); !row->over && right < row->draft.count; choose(r, i, logits)) {
        if (q->ids[q->count - 1] != row->draft.token[right]) break;
        right++;
        logits += r->m->vocabulary;
    }
    fs_draft_learn(&row->draft, right);
    if (row->over || row->fed < text_length(row)) return;
    row->fed = text_length(row) - 1;
    r->m->fork(r->m, i, i, row->fed);
}

static fs_status take_pass(fs_rows *r, int plain, fs_error *err) {
    r->passes++;
    if (plain) return r->m->step(r->m, r->n, r->token, r->need, r->logits, err);
    return r->m->run(r->m, r->n, r->counts, r->token, r->need, r->logits, err);
}

fs_status fs_rows_pass(fs_rows *r, fs_error *err) {
    float *logits = r->logits;
    int plain;
    end_cut_short(r);
    while (r->n < r->m->rows && admit(r, r->n)) r->n++;
    if (!r->n) return FS_OK;
    plain = share_out(r);
    fill_tokens(r);
    FS_TRY(take_pass(r, plain, err));
    for (int i = 0; i < r->n; i++) {
        fs_row *row = &r->row[i];
        const int ends = row->count - FS_MIN(row->count, text_length(row) - 1 - row->fed); /* that logits were wanted of */
        row->fed += row->count;
        if (ends) go_on(r, i, logits);
        logits += (size_t)(plain ? 1 : ends) * (size_t)r->m->vocabulary; /* a step's have a place each, a run's lie together */
    }
    refill(r);
    return FS_OK;
}
