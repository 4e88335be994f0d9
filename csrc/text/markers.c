#include "markers.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "text/unicode/classes.h"
#include "encode.h"
#include "text/unicode/unicode.h"
#include "text/unicode/utf8.h"

#define PAIRS 65536 /* of bytes */

fs_status fs_markers_init(fs_markers *m, fs_hash_key key, fs_error *err) {
    memset(m, 0, sizeof *m);
    m->first_byte = -1;
    m->starts = fs_alloc(PAIRS / 8);
    if (!m->starts) return fs_fail_memory(err, "added tokens", PAIRS / 8);
    return fs_vocab_init(&m->spellings, key, err);
}

void fs_markers_free(fs_markers *m) {
    fs_vocab_free(&m->spellings);
    fs_buffer_free(&m->all);
    fs_buffer_free(&m->lengths);
    fs_free(m->starts);
    memset(m, 0, sizeof *m);
}

static void mark_start(fs_markers *m, fs_text spelling) {
    const unsigned first = spelling.data[0];
    unsigned second;
    for (second = 0; second < 256; second++)
        if (spelling.size == 1 || second == spelling.data[1])
            m->starts[(first << 8 | second) >> 6] |= (uint64_t)1 << (second & 63);
    if (m->all.size == 0)
        m->first_byte = (int)first;
    else if (m->first_byte != (int)first)
        m->first_byte = -1;
}

static fs_status note_length(fs_markers *m, int32_t size, fs_error *err) {
    int32_t *lengths = m->lengths.data, i, n = (int32_t)(m->lengths.size / sizeof *lengths);
    for (i = 0; i < n; i++)
        if (lengths[i] == size) return FS_OK;
    FS_TRY(fs_buffer_append(&m->lengths, &size, sizeof size, err));
    lengths = m->lengths.data;
    for (i = n; i > 0 && lengths[i - 1] < size; i--) lengths[i] = lengths[i - 1];
    lengths[i] = size;
    return FS_OK;
}

fs_status fs_markers_add(fs_markers *m, fs_text spelling, int32_t id, unsigned flags, fs_error *err) {
    const fs_marker made = {id, (uint8_t)flags};
    int32_t place;
    if (spelling.size == 0 || spelling.size > FS_TEXT_MAX)
        return fs_fail(err, FS_ERR_FORMAT, "added token", "empty or too long", "1 to %d bytes|%llu", FS_TEXT_MAX,
                       (unsigned long long)spelling.size);
    FS_TRY(fs_vocab_add(&m->spellings, spelling, &place, err));
    if ((size_t)place < m->all.size / sizeof made)
        return fs_fail(err, FS_ERR_FORMAT, "added token", "comes twice", "each once|%.*s",
                       (int)FS_MIN(spelling.size, 60), (const char *)spelling.data);
    mark_start(m, spelling);
    FS_TRY(note_length(m, (int32_t)spelling.size, err));
    return fs_buffer_append(&m->all, &made, sizeof made, err);
}

static int is_space(uint32_t c) { return FS_SET_SPACES >> fs_class_of(c) & 1; }

/* What a regular expression's \w takes. */
static int is_word(uint32_t c) {
    const fs_class k = fs_class_of(c);
    return c == '_' || k == FS_CLASS_NUMBER || k == FS_CLASS_MARK || (FS_SET_LETTERS >> k & 1) ||
           (fs_unicode_of(c)->flags & FS_CHAR_CONNECTOR);
}

static int touches_word(fs_text text, int32_t begin, int32_t end) {
    if (begin > 0) {
        int32_t at = fs_utf8_back(text.data, begin);
        if (is_word(fs_utf8_read(text.data, &at))) return 1;
    }
    return end < (int32_t)text.size && is_word(fs_utf8_read(text.data, &end));
}

/* The longest wanted marker at `at`; -1: none. */
static int32_t marker_at(const fs_markers *m, const uint8_t *modes, fs_text text, int32_t at, int32_t *end) {
    const int32_t *lengths = m->lengths.data;
    const fs_marker *all = m->all.data;
    const size_t n = m->lengths.size / sizeof *lengths;
    size_t i;
    for (i = 0; i < n; i++) {
        int32_t place;
        if (lengths[i] > (int32_t)text.size - at) continue;
        place = fs_vocab_find(&m->spellings, text.data + at, (size_t)lengths[i]);
        if (place < 0 || modes[place] == FS_MARKER_TEXT) continue;
        *end = at + lengths[i];
        if ((all[place].flags & FS_MARKER_WORD) && touches_word(text, at, *end)) continue;
        return place;
    }
    return -1;
}

/* Takes the white space that belongs to the marker, not beyond `from`. */
static void strip(const fs_marker *marker, fs_text text, int32_t from, fs_marker_found *f) {
    while ((marker->flags & FS_MARKER_LSTRIP) && f->begin > from) {
        int32_t before = fs_utf8_back(text.data, f->begin), at = before;
        if (!is_space(fs_utf8_read(text.data, &at))) break;
        f->begin = before;
    }
    while ((marker->flags & FS_MARKER_RSTRIP) && f->end < (int32_t)text.size) {
        int32_t at = f->end;
        if (!is_space(fs_utf8_read(text.data, &at))) break;
        f->end = at;
    }
}

fs_marker_found fs_markers_next(const fs_markers *m, const uint8_t *modes, fs_text text, int32_t at) {
    const int32_t from = at, size = (int32_t)text.size;
    fs_marker_found f = {-1, size, size};
    if (!m->all.size) return f;
    for (; at < size; at++) {
        unsigned pair;
        if (m->first_byte >= 0) {
            const uint8_t *next = memchr(text.data + at, m->first_byte, (size_t)(size - at));
            if (!next) return f;
            at = (int32_t)(next - text.data);
        }
        pair = (unsigned)text.data[at] << 8 | (at + 1 < size ? text.data[at + 1] : 0u);
        if (!(m->starts[pair >> 6] >> (pair & 63) & 1) && at + 1 < size) continue;
        f.place = marker_at(m, modes, text, at, &f.end);
        if (f.place < 0) continue;
        f.begin = at;
        strip((const fs_marker *)m->all.data + f.place, text, from, &f);
        return f;
    }
    f.begin = f.end = size;
    return f;
}

fs_status fs_marker_fail(const fs_markers *m, int32_t which, fs_text text, int32_t byte, int64_t place, fs_error *err) {
    const fs_text spelling = fs_vocab_token(&m->spellings, which);
    char where[80];
    fs_name_text(place, where, sizeof where / 2);
    snprintf(where + strlen(where), sizeof where / 2, ", character %lld", (long long)fs_utf8_length(text.data, (size_t)byte));
    return fs_fail(err, FS_ERR_VALUE, where, "the text spells a special token",
                   "text, or the token allowed, or none disallowed|%.*s", (int)FS_MIN(spelling.size, 100),
                   (const char *)spelling.data);
}

fs_status fs_markers_refuse(const fs_markers *m, const uint8_t *modes, fs_text text, int64_t place, fs_error *err) {
    const size_t n = m->all.size / sizeof(fs_marker);
    int32_t at = 0;
    if (!n || !memchr(modes, FS_MARKER_ERROR, n)) return FS_OK;
    for (;;) {
        const fs_marker_found f = fs_markers_next(m, modes, text, at);
        if (f.place < 0) return FS_OK;
        if (modes[f.place] == FS_MARKER_ERROR) return fs_marker_fail(m, f.place, text, f.begin, place, err);
        at = f.end;
    }
}
