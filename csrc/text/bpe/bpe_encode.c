#include "bpe_encode.h"

#include <stdio.h>

#include "text/scan/scan_part.h"
#include "text/unicode/utf8.h"

void fs_bpe_encoder_free(fs_bpe_encoder *e) {
    fs_bpe_free(&e->model);
    fs_markers_free(&e->markers);
    fs_cache_pool_free(&e->pool);
    fs_bpe_units_free(&e->units);
    fs_buffer_free(&e->prepend);
    fs_buffer_free(&e->append);
    fs_buffer_free(&e->marker_of);
}

/* A text on its way. */
typedef struct route {
    fs_bpe_encoder *e;
    const uint8_t *modes;
    fs_text_block *block;
    fs_bpe_cache *cache;
    fs_text text;
    unsigned want;
    fs_buffer ends; /* int32_t: where in its stretch the piece of each id ends */
    int64_t tokens;
    int32_t byte, character; /* the same place, counted both ways */
    int32_t word;            /* how many words there were */
    const fs_normalized *normalized; /* the stretch when it was changed; NULL: it is as the text has it */
    int32_t start;                   /* where that one is in the text */
    int32_t last;                    /* where the last span in one began */
} route;

/* Characters up to `byte`; a place in a character counts as its start. The places asked for never fall. */
static int32_t characters_to(route *r, int32_t byte) {
    for (; r->byte < byte; r->byte++) r->character += (r->text.data[r->byte] & 0xC0) != 0x80;
    return r->character - (byte < (int32_t)r->text.size && (r->text.data[byte] & 0xC0) == 0x80);
}

/* A span of bytes, as the characters it has a part of when those are wanted. */
static fs_status add_span(route *r, int32_t begin, int32_t end) {
    int32_t span[2] = {begin, end};
    if (r->want & FS_WANT_CHARACTER_SPANS) {
        while (end > begin && end < (int32_t)r->text.size && (r->text.data[end] & 0xC0) == 0x80) end++;
        span[0] = characters_to(r, begin);
        span[1] = span[0] + (int32_t)fs_utf8_length(r->text.data + begin, (size_t)(end - begin)) +
                  (end > begin && (r->text.data[begin] & 0xC0) == 0x80);
    }
    return fs_buffer_append(&r->block->spans, span, sizeof span, &r->block->error);
}

/* A token of the word that is the last one. */
static fs_status add_word(route *r) {
    const int32_t span[2] = {r->word - 1, r->word};
    return fs_buffer_append(&r->block->spans, span, sizeof span, &r->block->error);
}

/* Tokens that are not cut from plain text: all of them at one span. */
static fs_status add_fixed(route *r, const int32_t *ids, size_t n, int32_t begin, int32_t end) {
    size_t i;
    r->tokens += (int64_t)n;
    if (!n || !(r->want & FS_WANT_IDS)) return FS_OK;
    FS_TRY(fs_buffer_append(&r->block->ids, ids, n * sizeof *ids, &r->block->error));
    if (r->want & FS_WANT_WORD_SPANS) {
        end = r->word + (end > begin); /* what is put around a text is in none */
        begin = r->word;
        r->word = end;
    }
    for (i = 0; i < n && (r->want & FS_WANT_SPANS); i++) FS_TRY(add_span(r, begin, end));
    return FS_OK;
}

/* Whether a place is within a character. */
static int is_inside(const route *r, int32_t at) {
    return at < (int32_t)r->text.size && (r->text.data[at] & 0xC0) == 0x80;
}

/* The span of bytes [begin, end) of a stretch that lies at `base` in the text, of which no part is before `first`.
 * Characters may have changed places in normalized text; spans do not go back for it. */
static fs_status add_place(route *r, int32_t base, int32_t first, int32_t begin, int32_t end) {
    if (r->normalized) {
        const int32_t at = base - r->start + begin, last = base - r->start + FS_MAX(end - 1, begin);
        r->last = FS_MAX(r->last, r->start + r->normalized->begin[at]);
        return add_span(r, r->last, FS_MAX(r->last, r->start + r->normalized->end[last]));
    }
    if (r->e->normalizer && end > begin) { /* whole characters, as where the stretch is changed */
        while (is_inside(r, base + begin)) begin--;
        while (is_inside(r, base + end)) end++;
    }
    return add_span(r, FS_MAX(base + begin, first), base + end);
}

/* The spans of ids (n) of a stretch that lies at `base` in the text, of which no part is before `first`. A token's
 * bytes are those of the text from the token before on, bytes that have no token left out; pieces end where
 * `ends` says. */
static fs_status add_spans(route *r, fs_text stretch, int32_t base, int32_t first, const int32_t *ids, int64_t n) {
    const fs_bpe *m = &r->e->model;
    const int32_t *ends = r->ends.data;
    int32_t at = 0;
    int64_t i;
    for (i = 0; i < n; i++) {
        size_t left = fs_bpe_token(m, m->index_of[ids[i]]).size;
        int32_t begin;
        if (i && ends[i] != ends[i - 1]) at = ends[i - 1];
        if (r->want & FS_WANT_WORD_SPANS) {
            r->word += i == 0 || ends[i] != ends[i - 1];
            FS_TRY(add_word(r));
            continue;
        }
        while (at < ends[i] && m->of_byte[stretch.data[at]] < 0) at++;
        for (begin = at; left && at < ends[i]; at++) left -= m->of_byte[stretch.data[at]] >= 0;
        FS_TRY(add_place(r, base, first, begin, at));
    }
    return FS_OK;
}

/* A stretch that lies at `base` in the text, of which no part is before `first`, cut by a scanner. */
static fs_status encode_plain(route *r, fs_text stretch, fs_scan_rule rule, int32_t base, int32_t first) {
    fs_bpe_encoder *e = r->e;
    const int spans = (r->want & FS_WANT_SPANS) != 0;
    size_t before;
    int64_t n;
    r->ends.size = 0;
    if (!(r->want & FS_WANT_IDS)) r->block->ids.size = 0;
    before = r->block->ids.size;
    FS_TRY(fs_bpe_stretch(&e->model, e->scan, rule, r->cache, stretch, &r->block->ids, spans ? &r->ends : NULL,
                          &r->block->error));
    n = (int64_t)((r->block->ids.size - before) / sizeof(int32_t));
    r->tokens += n;
    if (!spans) return FS_OK;
    return add_spans(r, stretch, base, first, (const int32_t *)r->block->ids.data + before / sizeof(int32_t), n);
}

/* The same, cut outside: each match is a piece. */
static fs_status encode_matches(route *r, fs_text stretch, int32_t base, int32_t first) {
    const fs_outside *outside = &r->e->outside;
    fs_buffer found = {NULL, 0, 0};
    fs_status st = outside->find(outside->ctx, stretch, &found, &r->block->error);
    const int32_t *match = found.data;
    size_t i;
    for (i = 0; st == FS_OK && i < found.size / sizeof *match; i += 2) {
        const fs_text piece = {stretch.data + match[i], (size_t)(match[i + 1] - match[i])};
        st = encode_plain(r, piece, FS_SCAN_WHOLE, base + match[i], first);
    }
    fs_buffer_free(&found);
    return st;
}

static fs_status encode_cut(route *r, fs_text stretch, int32_t base, int32_t first) {
    if (r->e->outside.find) return encode_matches(r, stretch, base, first);
    return encode_plain(r, stretch, r->e->rule, base, first);
}

static fs_status encode_normalized(route *r, fs_text stretch, int32_t begin) {
    fs_normalize_scratch scratch;
    fs_normalized n;
    fs_status st;
    memset(&scratch, 0, sizeof scratch);
    st = fs_normalize(r->e->normalizer, stretch, (r->want & FS_WANT_SPANS) != 0, &scratch, &n, &r->block->error);
    if (st == FS_OK && !n.unchanged) {
        stretch.data = n.data;
        stretch.size = (size_t)n.size;
        r->normalized = &n;
        r->start = begin;
    }
    if (st == FS_OK) st = encode_cut(r, stretch, begin, begin);
    r->normalized = NULL;
    fs_normalize_scratch_free(&scratch);
    return st;
}

static fs_status encode_stretch(route *r, int32_t begin, int32_t end) {
    const fs_bpe_encoder *e = r->e;
    fs_text stretch = {r->text.data + begin, (size_t)(end - begin)};
    const int32_t first = begin;
    if (begin == end) return FS_OK;
    if (e->normalizer) return encode_normalized(r, stretch, begin);
    if (e->prefix_space && stretch.data[0] != ' ' && (begin || !(r->want & FS_WANT_NO_HEAD))) {
        uint8_t *copy;
        r->block->pieces.size = 0;
        copy = fs_buffer_add(&r->block->pieces, stretch.size + 1);
        if (!copy) return fs_fail_memory(&r->block->error, "text", (uint64_t)stretch.size + 1);
        copy[0] = ' ';
        memcpy(copy + 1, stretch.data, stretch.size);
        stretch.data = copy;
        stretch.size++;
        begin--;
    }
    return encode_cut(r, stretch, begin, first);
}

static fs_status encode_text(route *r, int64_t place) {
    const fs_bpe_encoder *e = r->e;
    const fs_marker *all = e->markers.all.data;
    const int32_t size = (int32_t)r->text.size;
    int32_t at = 0;
    if (!(r->want & (FS_WANT_BARE | FS_WANT_NO_HEAD))) FS_TRY(add_fixed(r, e->prepend.data, e->prepend.size / sizeof(int32_t), 0, 0));
    if (r->modes && all) {
        FS_TRY(fs_markers_refuse(&e->markers, r->modes, r->text, place, &r->block->error));
        for (;;) {
            const fs_marker_found f = fs_markers_next(&e->markers, r->modes, r->text, at);
            if (f.place < 0) break;
            FS_TRY(encode_stretch(r, at, f.begin));
            FS_TRY(add_fixed(r, &all[f.place].id, 1, f.begin, f.end));
            at = f.end;
        }
    }
    FS_TRY(encode_stretch(r, at, size));
    if (r->want & (FS_WANT_BARE | FS_WANT_NO_TAIL)) return FS_OK;
    return add_fixed(r, e->append.data, e->append.size / sizeof(int32_t), size, size);
}

fs_status fs_bpe_job(const fs_text_call *call, fs_text text, int64_t place, unsigned want, fs_text_block *block,
                     int64_t *tokens) {
    route r = {call->encoder, call->modes, block, NULL, text, want, {0}, 0, 0, 0, 0, NULL, 0, 0};
    fs_status st;
    char where[40];
    *tokens = 0;
    if (text.size > FS_TEXT_MAX) {
        fs_name_text(place, where, sizeof where);
        return fs_fail(&block->error, FS_ERR_VALUE, where, "text too long", "at most %d bytes|%llu", FS_TEXT_MAX,
                       (unsigned long long)text.size);
    }
    r.cache = fs_cache_take(&r.e->pool, text.size);
    if (!r.cache) return fs_fail_memory(&block->error, "cache", sizeof(fs_cached) * 2 * FS_CACHE_LINES);
    st = encode_text(&r, place);
    fs_cache_give(&r.e->pool, r.cache);
    fs_buffer_free(&r.ends);
    *tokens = r.tokens;
    return st;
}

int32_t fs_bpe_cut(const fs_text_call *call, fs_text text, unsigned want, int32_t at) {
    const fs_bpe_encoder *e = call->encoder;
    (void)want;
    if (e->outside.find || e->rule == FS_SCAN_WHOLE) return (int32_t)text.size;
    if (e->normalizer && !fs_normalizer_parts(e->normalizer)) return (int32_t)text.size;
    return fs_scan_part(text, at);
}

fs_text fs_bpe_bytes(const fs_bpe_encoder *e, int32_t id, int *special) {
    const int32_t *marker_of = e->marker_of.data;
    const fs_text none = {NULL, 0};
    *special = 0;
    if (id < 0) return none;
    if ((size_t)id < e->marker_of.size / sizeof *marker_of && marker_of[id] >= 0) {
        *special = ((const fs_marker *)e->markers.all.data)[marker_of[id]].flags & FS_MARKER_SPECIAL;
        return fs_vocab_token(&e->markers.spellings, marker_of[id]);
    }
    if (id >= e->model.id_end || e->model.index_of[id] < 0) return none;
    return fs_bpe_token(&e->model, e->model.index_of[id]);
}

/* The first ids (n) up to one that is not near, to `out`. How many. */
static int64_t decode_near(const fs_bpe_encoder *e, const int32_t *ids, int64_t n, fs_buffer *out) {
    const size_t before = out->size;
    uint8_t *to = fs_buffer_add(out, (size_t)n * FS_BPE_NEAR), *const first = to;
    fs_text token;
    int64_t i;
    out->size = before;
    for (i = 0; to && i < n && fs_bpe_is_near(e, ids[i], &token); i++) {
        memcpy(to, token.data, FS_BPE_NEAR);
        to += token.size;
    }
    if (to) out->size = before + (size_t)(to - first);
    return i;
}

fs_status fs_bpe_decode(const fs_bpe_encoder *e, const int32_t *ids, int64_t n, int skip_special, fs_buffer *out,
                        fs_error *err) {
    int64_t i;
    for (i = 0; i < n; i++) {
        int special;
        fs_text token;
        uint8_t *at;
        i += decode_near(e, ids + i, FS_MIN(n - i, 256), out);
        if (i >= n) break;
        token = fs_bpe_bytes(e, ids[i], &special);
        if (!token.data) {
            char where[40];
            snprintf(where, sizeof where, "ids[%lld]", (long long)i);
            return fs_fail(err, FS_ERR_VALUE, where, "id not in the vocabulary", "an id of it|%d", (int)ids[i]);
        }
        if (special && skip_special) continue;
        at = fs_buffer_add(out, token.size);
        if (!at) return fs_fail_memory(err, "text", (uint64_t)out->size + token.size);
        memcpy(at, token.data, token.size);
    }
    return FS_OK;
}

fs_status fs_bpe_note_markers(fs_bpe_encoder *e, fs_error *err) {
    const fs_marker *all = e->markers.all.data;
    const size_t n = e->markers.all.size / sizeof *all;
    int32_t last = -1, *places;
    size_t i;
    for (i = 0; i < n; i++) last = FS_MAX(last, all[i].id);
    places = fs_buffer_add(&e->marker_of, ((size_t)last + 1) * sizeof *places);
    if (!places && last >= 0) return fs_fail_memory(err, "added tokens", ((uint64_t)last + 1) * sizeof *places);
    for (i = 0; (int32_t)i <= last; i++) places[i] = -1;
    for (i = 0; i < n; i++) places[all[i].id] = (int32_t)i;
    return FS_OK;
}
