#include "parts.h"

#include "markers.h"
#include "text/unicode/classes.h"
#include "text/unicode/graphemes.h"
#include "text/unicode/utf8.h"

#define SOLID (FS_SET_LETTERS | FS_SET(FS_CLASS_NUMBER) | FS_SET(FS_CLASS_PUNCTUATION))

int fs_part_solid(const uint8_t *text, int32_t at) {
    uint32_t c;
    if (text[at] < 0x80) return text[at] > ' ' && text[at] < 0x7F;
    c = fs_utf8_read(text, &at);
    return (SOLID >> fs_class_of(c) & 1) && fs_grapheme_of(c) != FS_GRAPHEME_PREPEND;
}

int32_t fs_part_space(fs_text text, int32_t at) {
    const uint8_t *p = text.data;
    const int32_t size = (int32_t)text.size;
    for (at++; at < size; at++) {
        const uint8_t *space = memchr(p + at, ' ', (size_t)(size - at));
        if (!space) return size;
        at = (int32_t)(space - p);
        if (at + 1 < size && fs_part_solid(p, at + 1) && fs_part_solid(p, fs_utf8_back(p, at))) return at;
    }
    return size;
}

fs_text fs_part_text(const fs_text_block *b, fs_text whole) {
    const fs_text part = {whole.data + b->from, (size_t)(b->to - b->from)};
    return part;
}

unsigned fs_part_want(const fs_text_block *b, fs_text whole, unsigned want) {
    if (b->from) want |= FS_WANT_NO_HEAD;
    if (b->to < (int32_t)whole.size) want |= FS_WANT_NO_TAIL;
    return want;
}

/* A long text while it is cut. */
typedef struct cutting {
    const fs_text_call *call;
    fs_text text;
    unsigned want;
    fs_marker_found marker; /* the first that ends at the last place or behind it; place -1: none */
} cutting;

static void next_marker(cutting *c, int32_t at) {
    if (!c->call->modes || !c->call->markers) return;
    while (c->marker.place >= 0 && c->marker.end < at)
        c->marker = fs_markers_next(c->call->markers, c->call->modes, c->text, c->marker.end);
}

/* The first place behind `at` where the text may be cut, which no marker touches. */
static int32_t next_place(cutting *c, int32_t at) {
    const int32_t size = (int32_t)c->text.size;
    for (;;) {
        at = c->call->cut(c->call, c->text, c->want, at);
        if (at >= size) return size;
        next_marker(c, at);
        if (c->marker.place < 0 || c->marker.begin > at) return at;
        at = FS_MIN(c->marker.end, size - 1);
    }
}

static int may_be_cut(const fs_text_call *call, fs_text text, unsigned want, int64_t part) {
    const fs_marker *all;
    size_t i;
    if (!call->cut || call->most >= 0 || (want & FS_WANT_WORD_SPANS) || text.size > FS_TEXT_MAX || (int64_t)text.size < 2 * part) return 0;
    if (!call->modes || !call->markers) return 1;
    all = call->markers->all.data;
    for (i = 0; i < call->markers->all.size / sizeof *all; i++) /* what is beside them matters */
        if ((all[i].flags & FS_MARKER_WORD) && call->modes[i] != FS_MARKER_TEXT) return 0;
    return 1;
}

static fs_status add_block(fs_buffer *blocks, int64_t begin, int64_t end, int32_t from, int32_t to, fs_error *err) {
    fs_text_block *b = fs_buffer_add(blocks, sizeof *b);
    if (!b) return fs_fail_memory(err, "blocks", (uint64_t)blocks->size + sizeof *b);
    memset(b, 0, sizeof *b);
    b->begin = begin;
    b->end = end;
    b->from = from;
    b->to = to;
    return FS_OK;
}

/* Text number t in parts of at least `part` bytes. */
static fs_status cut_text(const fs_text_call *call, fs_text text, int64_t t, unsigned want, int32_t part,
                          fs_buffer *blocks, fs_error *err) {
    const int32_t size = (int32_t)text.size;
    cutting c = {call, text, want, {-1, 0, 0}};
    int32_t from = 0, to = 0;
    if (call->modes && call->markers) c.marker = fs_markers_next(call->markers, call->modes, text, 0);
    while (from < size) {
        to = size - from > part ? next_place(&c, from + part) : size;
        FS_TRY(add_block(blocks, t, t + 1, from, to, err));
        from = to;
    }
    return FS_OK;
}

fs_status fs_blocks_cut(const fs_text_call *call, const fs_text *texts, int64_t count, unsigned want, int parted,
                        fs_buffer *blocks, fs_error *err) {
    const int64_t part = call->part ? call->part : FS_PART_BYTES;
    int64_t begin = 0, t;
    uint64_t bytes = 0;
    for (t = 0; t < count; t++) {
        if (parted && may_be_cut(call, texts[t], want, part)) {
            if (begin < t) FS_TRY(add_block(blocks, begin, t, 0, 0, err));
            FS_TRY(cut_text(call, texts[t], t, want, (int32_t)part, blocks, err));
            begin = t + 1;
            bytes = 0;
            continue;
        }
        bytes += texts[t].size + 8; /* empty texts are work too */
        if (bytes < FS_PART_BYTES && t + 1 < count) continue;
        FS_TRY(add_block(blocks, begin, t + 1, 0, 0, err));
        begin = t + 1;
        bytes = 0;
    }
    return begin < count ? add_block(blocks, begin, count, 0, 0, err) : FS_OK;
}
