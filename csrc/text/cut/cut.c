#include "cut.h"

#include "base/arena.h"

fs_status fs_cutter_add(fs_cutter *c, const fs_cut_step *step, fs_text text, fs_error *err) {
    fs_cut_step made = *step;
    memset(&made.text, 0, sizeof made.text);
    FS_TRY(fs_buffer_append(&made.text, text.data, text.size, err));
    if (fs_buffer_append(&c->steps, &made, sizeof made, err) == FS_OK) return FS_OK;
    fs_buffer_free(&made.text);
    return FS_ERR_MEMORY;
}

int fs_cutter_asks_start(const fs_cutter *c) {
    const fs_cut_step *steps = c->steps.data;
    size_t i;
    for (i = 0; i < c->steps.size / sizeof *steps; i++)
        if (steps[i].kind == FS_CUT_FIRST_PREFIX) return 1;
    return 0;
}

void fs_cutter_free(fs_cutter *c) {
    fs_cut_step *steps = c->steps.data;
    size_t i;
    for (i = 0; i < c->steps.size / sizeof *steps; i++) fs_buffer_free(&steps[i].text);
    fs_buffer_free(&c->steps);
}

void fs_cut_scratch_free(fs_cut_scratch *s) {
    int i;
    for (i = 0; i < 2; i++) {
        fs_aligned_free(&s->texts[i]);
        fs_buffer_free(&s->pieces[i]);
    }
    fs_buffer_free(&s->matches);
}

/* How one piece falls apart: parts that match and parts that do not, one after the other, become pieces. */
typedef struct fold {
    fs_buffer *out;
    size_t first;           /* bytes of `out` before this piece's */
    fs_cut_behavior behavior;
    int previous;           /* the part before was a match */
    fs_piece_span waiting;  /* a match that may belong to the next part; empty: none */
} fold;

static fs_status put(fold *f, int32_t begin, int32_t end, fs_error *err) {
    const fs_piece_span piece = {begin, end};
    return fs_buffer_append(f->out, &piece, sizeof piece, err);
}

/* The part belongs to the piece before it; where there is none it is one. */
static fs_status put_to_last(fold *f, int32_t begin, int32_t end, fs_error *err) {
    if (f->out->size == f->first) return put(f, begin, end, err);
    ((fs_piece_span *)f->out->data)[f->out->size / sizeof(fs_piece_span) - 1].end = end;
    return FS_OK;
}

static fs_status put_waiting(fold *f, fs_error *err) {
    const fs_piece_span w = f->waiting;
    f->waiting.begin = f->waiting.end = 0;
    return w.end > w.begin ? put(f, w.begin, w.end, err) : FS_OK;
}

static fs_status add_part(fold *f, int32_t begin, int32_t end, int match, fs_error *err) {
    const int before = f->previous;
    f->previous = match;
    switch (f->behavior) {
        case FS_CUT_REMOVED: return match ? FS_OK : put(f, begin, end, err);
        case FS_CUT_CONTIGUOUS: return match == before ? put_to_last(f, begin, end, err) : put(f, begin, end, err);
        case FS_CUT_MERGED_WITH_PREVIOUS:
            return match && !before ? put_to_last(f, begin, end, err) : put(f, begin, end, err);
        case FS_CUT_MERGED_WITH_NEXT:
            if (match) {
                FS_TRY(put_waiting(f, err));
                f->waiting.begin = begin;
                f->waiting.end = end;
                return FS_OK;
            }
            if (f->waiting.end > f->waiting.begin) begin = f->waiting.begin;
            f->waiting.end = f->waiting.begin;
            return put(f, begin, end, err);
        default: return put(f, begin, end, err);
    }
}

static fs_status cut_piece(const fs_cut_step *s, const uint8_t *text, fs_piece_span piece,
                           fs_buffer *out, fs_error *err) {
    fold f = {out, out->size, s->behavior, 0, {0, 0}};
    int32_t at = piece.begin;
    while (at < piece.end) {
        int32_t end = piece.end;
        const int32_t begin = fs_cut_match(s, text, at, piece.end, &end);
        if (at < begin) FS_TRY(add_part(&f, at, begin, s->invert, err));
        if (begin == piece.end) break;
        FS_TRY(add_part(&f, begin, end, !s->invert, err));
        at = end;
    }
    return put_waiting(&f, err);
}

/* Leaves out the empty ones from `first` (bytes) on. */
static void drop_empty(fs_buffer *out, size_t first) {
    fs_piece_span *pieces = out->data;
    size_t i, kept = first / sizeof *pieces;
    for (i = kept; i < out->size / sizeof *pieces; i++)
        if (pieces[i].begin < pieces[i].end) pieces[kept++] = pieces[i];
    out->size = kept * sizeof *pieces;
}

/* As cut_piece, by the matches that somebody else finds; an empty one parts what is around it. */
static fs_status cut_outside(const fs_cut_step *s, const uint8_t *text, fs_piece_span piece, fs_buffer *matches,
                             fs_buffer *out, fs_error *err) {
    const fs_text whole = {text + piece.begin, (size_t)(piece.end - piece.begin)};
    fold f = {out, out->size, s->behavior, 0, {0, 0}};
    const int32_t *match;
    int32_t at = piece.begin;
    size_t i;
    matches->size = 0;
    FS_TRY(s->outside.find(s->outside.ctx, whole, matches, err));
    match = matches->data;
    for (i = 0; i < matches->size / sizeof *match; i += 2) {
        const int32_t begin = piece.begin + match[i], end = piece.begin + match[i + 1];
        if (at < begin) FS_TRY(add_part(&f, at, begin, s->invert, err));
        FS_TRY(add_part(&f, begin, end, !s->invert, err));
        at = end;
    }
    if (at < piece.end) FS_TRY(add_part(&f, at, piece.end, s->invert, err));
    FS_TRY(put_waiting(&f, err));
    drop_empty(out, f.first);
    return FS_OK;
}

static fs_status cut_one(const fs_cut_step *step, const uint8_t *text, fs_piece_span piece,
                         fs_cut_scratch *s, fs_buffer *out, fs_error *err) {
    if (step->kind == FS_CUT_OUTSIDE) return cut_outside(step, text, piece, &s->matches, out, err);
    return cut_piece(step, text, piece, out, err);
}

fs_status fs_cut(const fs_cutter *c, fs_tracked_text *text, int starts, fs_cut_scratch *s, const fs_piece_span **pieces,
                 int64_t *count, fs_error *err) {
    const fs_cut_step *steps = c->steps.data;
    const size_t n = c->steps.size / sizeof *steps;
    const fs_piece_span whole = {0, text->size};
    int here = 0, written = 0; /* which of the two the pieces, and the next text, are in */
    size_t i, k;
    s->pieces[0].size = 0;
    if (text->size) FS_TRY(fs_buffer_append(&s->pieces[0], &whole, sizeof whole, err));
    for (i = 0; i < n; i++) {
        fs_piece_span *from = s->pieces[here].data;
        const size_t size = s->pieces[here].size / sizeof *from;
        if (steps[i].kind >= FS_CUT_REPLACE_SPACES) {
            fs_aligned *out = &s->texts[written];
            out->size = 0;
            if (out->tracked != (text->begins != NULL)) out->capacity = 0; /* of all that is tracked now */
            out->tracked = text->begins != NULL;
            FS_TRY(fs_cut_rewrite(&steps[i], text, starts, from, (int64_t)size, out, err));
            text->data = out->data;
            text->size = out->size;
            text->begins = out->tracked ? out->begins : NULL;
            text->ends = out->tracked ? out->ends : NULL;
            written = !written;
            continue;
        }
        s->pieces[!here].size = 0;
        for (k = 0; k < size; k++) FS_TRY(cut_one(&steps[i], text->data, from[k], s, &s->pieces[!here], err));
        here = !here;
    }
    *pieces = s->pieces[here].data;
    *count = (int64_t)(s->pieces[here].size / sizeof **pieces);
    return FS_OK;
}
