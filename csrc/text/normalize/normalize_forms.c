/* A text is looked through for the first character that is not certain to be in the form already (quick check). From
 * the last character before it that nothing before matters to, to the next one like that, is a segment: it is
 * decomposed, put in canonical order and composed, and the search goes on behind it. */
#include "normalize_forms.h"

#include "text/unicode/utf8.h"

#define CODE(item) ((item)&0x1FFFFF)
#define CLASS(item) ((item) >> 24)

#define S_BASE 0xAC00u
#define L_BASE 0x1100u
#define V_BASE 0x1161u
#define T_BASE 0x11A7u
#define L_COUNT 19u
#define V_COUNT 21u
#define T_COUNT 28u

/* A character of a segment. */
typedef struct item {
    uint32_t code; /* combining class << 24 | code point */
    int32_t begin, end; /* of the text that is read */
} item;

int fs_decompose(uint32_t c, int compatible, uint32_t *out) {
    const fs_normal *n = fs_normal_of(c);
    int i;
    if (n->kinds & FS_NORMAL_HANGUL) {
        const uint32_t s = c - S_BASE, t = s % T_COUNT;
        out[0] = L_BASE + s / (V_COUNT * T_COUNT);
        out[1] = V_BASE + s % (V_COUNT * T_COUNT) / T_COUNT;
        out[2] = T_BASE + t;
        return t ? 3 : 2;
    }
    if (!n->sizes[compatible]) {
        out[0] = (uint32_t)n->combining << 24 | c;
        return 1;
    }
    for (i = 0; i < n->sizes[compatible]; i++) out[i] = fs_normal_parts[n->parts[compatible] + i];
    return n->sizes[compatible];
}

/* What two characters compose to; 0 when they do not. */
static uint32_t composite(uint32_t first, uint32_t second) {
    uint32_t at = ((first * 31 + second) * 2654435761u) >> 21;
    if (first - L_BASE < L_COUNT && second - V_BASE < V_COUNT)
        return S_BASE + ((first - L_BASE) * V_COUNT + (second - V_BASE)) * T_COUNT;
    if (first - S_BASE < L_COUNT * V_COUNT * T_COUNT)
        return (first - S_BASE) % T_COUNT == 0 && second - T_BASE - 1 < T_COUNT - 1 ? first + second - T_BASE : 0;
    for (;; at = (at + 1) & 2047) {
        const fs_normal_pair *pair = &fs_normal_pairs[at];
        if (!pair->composite) return 0;
        if (pair->first == first && pair->second == second) return pair->composite;
    }
}

/* Canonical order of marks in a row: by class, those of the same class as they stood. */
static fs_status sort_marks(item *marks, size_t n, fs_buffer *sorted, fs_error *err) {
    size_t starts[256] = {0}, i, at = 0;
    item *copy;
    if (n <= 32) {
        for (i = 1; i < n; i++) {
            const item mark = marks[i];
            size_t j = i;
            for (; j && CLASS(marks[j - 1].code) > CLASS(mark.code); j--) marks[j] = marks[j - 1];
            marks[j] = mark;
        }
        return FS_OK;
    }
    sorted->size = 0;
    copy = fs_buffer_add(sorted, n * sizeof *copy);
    if (!copy) return fs_fail_memory(err, "text", (uint64_t)n * sizeof *copy);
    memcpy(copy, marks, n * sizeof *copy);
    for (i = 0; i < n; i++) starts[CLASS(copy[i].code)]++;
    for (i = 0; i < 256; i++) {
        const size_t count = starts[i];
        starts[i] = at;
        at += count;
    }
    for (i = 0; i < n; i++) marks[starts[CLASS(copy[i].code)]++] = copy[i];
    return FS_OK;
}

static fs_status order(item *items, size_t n, fs_buffer *sorted, fs_error *err) {
    size_t i = 0;
    while (i < n) {
        size_t first = i;
        int falls = 0;
        if (!CLASS(items[i].code)) {
            i++;
            continue;
        }
        for (i++; i < n && CLASS(items[i].code); i++) falls |= CLASS(items[i].code) < CLASS(items[i - 1].code);
        if (falls) FS_TRY(sort_marks(items + first, i - first, sorted, err));
    }
    return FS_OK;
}

/* Composes in place; returns how many are left. A mark reaches the starter before it unless one of its own class or
 * a starter is between (UAX #15, D115). */
static size_t compose(item *items, size_t n) {
    size_t i, kept = 0, starter = 0;
    int has_starter = 0;
    uint32_t last = 0; /* class of the one kept before, when it is not the starter */
    for (i = 0; i < n; i++) {
        const item it = items[i];
        const uint32_t cls = CLASS(it.code);
        if (has_starter && (kept == starter + 1 || last < cls)) {
            const uint32_t made = composite(CODE(items[starter].code), CODE(it.code));
            if (made) {
                items[starter].code = made;
                items[starter].begin = FS_MIN(items[starter].begin, it.begin);
                items[starter].end = FS_MAX(items[starter].end, it.end);
                continue;
            }
        }
        if (!cls) {
            starter = kept;
            has_starter = 1;
        }
        last = cls;
        items[kept++] = it;
    }
    return kept;
}

/* Where the segment ends that begins at `at`. */
static int32_t segment_end(fs_text text, int32_t at, unsigned boundary) {
    fs_utf8_read(text.data, &at);
    while (at < (int32_t)text.size) {
        int32_t next = at;
        if (fs_normal_of(fs_utf8_read(text.data, &next))->checks & boundary) break;
        at = next;
    }
    return at;
}

static int is_as_before(fs_text text, int32_t begin, int32_t end, const item *items, size_t n) {
    size_t i;
    for (i = 0; i < n && begin < end; i++)
        if (fs_utf8_read(text.data, &begin) != CODE(items[i].code)) return 0;
    return i == n && begin == end;
}

/* Normalizes [begin, end). */
static fs_status rewrite_segment(fs_rewrite *r, fs_form form, int32_t begin, int32_t end, fs_buffer *segment,
                                 fs_buffer *sorted) {
    int32_t at = begin;
    size_t n, i;
    item *items;
    segment->size = 0;
    while (at < end) {
        uint32_t parts[FS_DECOMPOSED_MOST];
        const int32_t from = at;
        const int count = fs_decompose(fs_utf8_read(r->text.data, &at), FS_FORM_COMPATIBLE(form), parts);
        int k;
        items = fs_buffer_add(segment, (size_t)count * sizeof *items);
        if (!items) return fs_fail_memory(r->err, "text", (uint64_t)segment->size + (uint64_t)count * sizeof *items);
        for (k = 0; k < count; k++) {
            items[k].code = parts[k];
            items[k].begin = from;
            items[k].end = at;
        }
    }
    items = segment->data;
    n = segment->size / sizeof *items;
    FS_TRY(order(items, n, sorted, r->err));
    if (FS_FORM_COMPOSED(form)) n = compose(items, n);
    if (is_as_before(r->text, begin, end, items, n)) return FS_OK;
    FS_TRY(fs_rewrite_replace(r, begin, end));
    for (i = 0; i < n; i++)
        FS_TRY(fs_rewrite_put_character(r, CODE(items[i].code), items[i].begin, items[i].end));
    return FS_OK;
}

/* The first place from `at` on, in characters below the first one that this form does anything to, that is not. */
static int32_t skip_plain(fs_text text, int32_t at, uint8_t lead) {
    const int32_t size = (int32_t)text.size;
    for (; at + 16 <= size; at += 16) {
        int i, plain = 1;
        for (i = 0; i < 16; i++) plain &= text.data[at + i] < lead;
        if (!plain) break;
    }
    while (at < size && text.data[at] < lead) at++;
    return at;
}

/* First bytes below these are of characters that are in the form and that what comes before does not matter to:
 * those below U+0300, U+00C0, U+00A0 and U+00A0. The bytes that may follow a first one are below 0xC0, too. */
static const uint8_t first_lead[4] = {0xCC, 0xC3, 0xC2, 0xC2};

fs_status fs_normalize_form(fs_rewrite *r, fs_form form, fs_buffer *segment, fs_buffer *sorted) {
    const unsigned yes = 1u << form, boundary = 16u << form;
    const fs_text text = r->text;
    int32_t at = 0, begin = 0; /* of the segment at `at` */
    uint8_t last = 0;          /* combining class before `at` */
    while (at < (int32_t)text.size) {
        const fs_normal *n;
        int32_t next = at;
        if (text.data[at] < first_lead[form]) {
            at = skip_plain(text, at, first_lead[form]);
            begin = fs_utf8_back(text.data, at);
            last = 0;
            continue;
        }
        n = fs_normal_of(fs_utf8_read(text.data, &next));
        if (n->checks & boundary) begin = at;
        if (!(n->checks & yes) || (n->combining && n->combining < last)) {
            next = segment_end(text, begin, boundary);
            FS_TRY(rewrite_segment(r, form, begin, next, segment, sorted));
            begin = next;
            last = 0;
        } else {
            last = n->combining;
        }
        at = next;
    }
    return FS_OK;
}
