/* A stretch of text between added tokens: normalized, cut, encoded. */
#include "pipeline.h"
#include "text/unicode/utf8.h"

/* A stretch on its way. */
typedef struct stretch {
    fs_pipeline_route *r;
    int32_t base;  /* where it begins in the text, */
    int32_t lead;  /* and bytes put before it, which come from nowhere */
    int32_t size;
    int starts;    /* it begins the text */
} stretch;

static fs_status encode_piece(void *ctx, fs_text piece, fs_buffer *ids, fs_error *err) {
    fs_pipeline_route *r = ctx;
    const int long_way = piece.size > FS_CACHED_BYTES && r->e->model.kind == FS_SUBWORD_UNIGRAM;
    fs_bpe_cache *inner = long_way ? fs_pipeline_cache(r->e, &r->w->inner) : NULL;
    return fs_subword_encode(&r->e->model, inner, piece, ids, NULL, err);
}

/* Ids of pieces (n). */
static fs_status encode_pieces(fs_pipeline_route *r, fs_text text, const fs_piece_span *pieces, int64_t n) {
    fs_buffer *ids = &r->block->ids;
    fs_error *err = &r->block->error;
    int64_t i;
    if (!r->new_word) {
        fs_bpe_cache *cache = fs_pipeline_cache(r->e, &r->w->pieces);
        if (!cache) return fs_fail_memory(err, "cache", sizeof(fs_cached) * 2 * FS_CACHE_LINES);
        return fs_look_up_pieces(cache, &r->e->key, text, pieces, n, encode_piece, r, ids, err);
    }
    for (i = 0; i < n; i++) {
        const fs_text piece = {text.data + pieces[i].begin, (size_t)(pieces[i].end - pieces[i].begin)};
        FS_TRY(encode_piece(r, piece, ids, err));
    }
    return FS_OK;
}

/* A place in the stretch as one in the text. */
static int32_t place_of(const stretch *s, int32_t at) { return s->base + FS_MIN(FS_MAX(at - s->lead, 0), s->size); }

static fs_status add_span(const stretch *s, int32_t begin, int32_t end) {
    fs_pipeline_route *r = s->r;
    if (r->want & FS_WANT_WORD_SPANS) return fs_pipeline_add_word(r);
    begin = place_of(s, begin);
    end = FS_MAX(place_of(s, end), begin);
    return fs_add_span(r->counters, r->text, begin, end, r->want, r->block);
}

/* Ids and spans of a piece. Tokens that share an end are parts of the same character. */
static fs_status encode_tracked(const stretch *s, const fs_tracked_text *text, fs_piece_span span) {
    fs_pipeline_route *r = s->r;
    const fs_text piece = {text->data + span.begin, (size_t)(span.end - span.begin)};
    int32_t begin = span.begin;
    const int32_t *ends;
    size_t i;
    r->w->ends.size = 0;
    FS_TRY(fs_subword_encode(&r->e->model, NULL, piece, &r->block->ids, &r->w->ends, &r->block->error));
    ends = r->w->ends.data;
    r->word++;
    for (i = 0; i < r->w->ends.size / sizeof *ends; i++) {
        if (i && ends[i] != ends[i - 1]) begin = span.begin + ends[i - 1];
        FS_TRY(add_span(s, text->begins[begin], text->ends[span.begin + ends[i] - 1]));
    }
    return FS_OK;
}

/* A part of normalized text without added tokens. */
static fs_status encode_part(const stretch *s, fs_tracked_text text, int starts) {
    fs_pipeline_route *r = s->r;
    const fs_piece_span *pieces;
    int64_t n, i;
    fs_text whole;
    if (!text.size) return FS_OK;
    FS_TRY(fs_cut(&r->e->cutter, &text, starts && s->starts, &r->w->cut, &pieces, &n, &r->block->error));
    whole.data = text.data;
    whole.size = (size_t)text.size;
    if (!(r->want & FS_WANT_SPANS)) return encode_pieces(r, whole, pieces, n);
    for (i = 0; i < n; i++) FS_TRY(encode_tracked(s, &text, pieces[i]));
    return FS_OK;
}

/* [begin, end) of the text, its places with it. */
static fs_tracked_text part_of(const fs_tracked_text *text, int32_t begin, int32_t end) {
    fs_tracked_text part = {text->data + begin, end - begin, NULL, NULL};
    if (text->begins) {
        part.begins = text->begins + begin;
        part.ends = text->ends + begin;
    }
    return part;
}

/* An added token of normalized text. */
static fs_status put_marker(const stretch *s, const fs_tracked_text *text, const fs_marker_found *f, unsigned mode) {
    fs_pipeline_route *r = s->r;
    const fs_markers *m = &r->e->normalized;
    const int32_t id = ((const fs_marker *)m->all.data)[f->place].id;
    if (mode == FS_MARKER_ERROR) return fs_marker_fail(m, f->place, r->text, s->base, -1, &r->block->error);
    FS_TRY(fs_buffer_append(&r->block->ids, &id, sizeof id, &r->block->error));
    if (!(r->want & FS_WANT_SPANS)) return FS_OK;
    r->word++;
    return add_span(s, text->begins[f->begin], text->ends[f->end - 1]);
}

static fs_status encode_normalized(const stretch *s, const fs_tracked_text *text) {
    fs_pipeline_route *r = s->r;
    const fs_text whole = {text->data, (size_t)text->size};
    const uint8_t *modes = r->modes;
    int32_t at = 0;
    if (modes && r->e->normalized.all.size) {
        modes += r->e->given.all.size / sizeof(fs_marker);
        for (;;) {
            const fs_marker_found f = fs_markers_next(&r->e->normalized, modes, whole, at);
            if (f.place < 0) break;
            FS_TRY(encode_part(s, part_of(text, at, f.begin), at == 0));
            FS_TRY(put_marker(s, text, &f, modes[f.place]));
            at = f.end;
        }
    }
    return encode_part(s, part_of(text, at, text->size), at == 0);
}

/* The stretch behind its lead: in w->led. */
static fs_status add_lead(const fs_buffer *lead, fs_text *text, fs_aligned *led, fs_error *err) {
    led->size = 0;
    FS_TRY(fs_aligned_room(led, lead->size + text->size, err));
    memcpy(led->data, lead->data, lead->size);
    memcpy(led->data + lead->size, text->data, text->size);
    led->size = (int32_t)(lead->size + text->size);
    text->data = led->data;
    text->size = (size_t)led->size;
    return FS_OK;
}

/* The places of a text that is as it was: each byte comes from its character. */
static fs_status track_same(fs_text text, fs_aligned *same, fs_error *err) {
    int32_t at = 0, n;
    same->size = 0;
    same->tracked = 1;
    FS_TRY(fs_aligned_room(same, text.size, err));
    for (; at < (int32_t)text.size; at += n) {
        n = fs_utf8_size(text.data[at]);
        fs_aligned_put(same, text.data + at, n, at, at + n);
    }
    return FS_OK;
}

fs_status fs_pipeline_stretch(fs_pipeline_route *r, int32_t begin, int32_t end, int first) {
    fs_pipeline *e = r->e;
    fs_error *err = &r->block->error;
    const int spans = (r->want & FS_WANT_SPANS) != 0;
    stretch s = {r, begin, 0, end - begin, begin == 0 && !(r->want & FS_WANT_NO_HEAD)};
    fs_text text = {r->text.data + begin, (size_t)(end - begin)};
    fs_normalized n = {text.data, (int32_t)text.size, 1, NULL, NULL};
    fs_tracked_text made;
    if (first && e->lead.size) {
        s.lead = (int32_t)e->lead.size;
        FS_TRY(add_lead(&e->lead, &text, &r->w->led, err));
        n.data = text.data;
        n.size = (int32_t)text.size;
    }
    if (e->normalizer) {
        const int asks = s.starts && fs_cutter_asks_start(&e->cutter);
        FS_TRY(fs_normalize(e->normalizer, text, spans || asks, &r->w->normal, &n, err));
        if (asks && n.begin && n.size && n.begin[0] > s.lead) s.starts = 0; /* what began it is gone */
    }
    made.data = n.data;
    made.size = n.size;
    made.begins = spans ? n.begin : NULL;
    made.ends = spans ? n.end : NULL;
    if (spans && !n.begin) {
        const fs_text same = {n.data, (size_t)n.size};
        FS_TRY(track_same(same, &r->w->same, err));
        made.begins = r->w->same.begins;
        made.ends = r->w->same.ends;
    }
    return encode_normalized(&s, &made);
}
