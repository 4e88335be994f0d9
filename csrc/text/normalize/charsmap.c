#include "charsmap.h"

#include <string.h>

#include "base/arena.h"
#include "base/portable.h"
#include "text/unicode/utf8.h"

#define RULE_MAX 1024 /* bytes of a rule that count: units of a damaged file can run in circles */

static uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & 0x200u) >> 6); }
static int ends_rule(uint32_t unit) { return (unit >> 8) & 1; }
static uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFFu; }
static int has_label(uint32_t unit, uint8_t byte) { return (unit & 0x800000FFu) == byte; }

/* A walk over all units that can be reached. */
typedef struct walk {
    fs_charsmap *m;
    uint8_t *seen;   /* [unit_count] */
    uint32_t *heads; /* [unit_count, to the next 256] by what the offset of a node leads to: its first child, 0: none, */
    uint32_t *nexts; /* [unit_count] and the child after a child */
    uint32_t *stack; /* [unit_count] units whose children are still to be seen */
    size_t depth;
} walk;

static fs_status fail_at(size_t unit, const char *what, fs_error *err) {
    return fs_fail(err, FS_ERR_FORMAT, "precompiled_charsmap", what, "a double array|unit %llu", (unsigned long long)unit);
}

/* The replacement of a rule. */
static fs_status check_value(fs_charsmap *m, size_t unit, fs_error *err) {
    const uint32_t value = value_of(m->units[unit]);
    size_t size;
    if (value >= m->blob_size) return fail_at(unit, "replacement out of bounds", err);
    if ((m->blob[value] & 0xC0) == 0x80) return fail_at(unit, "replacement starts within a character", err);
    size = strlen((const char *)m->blob + value); /* the last byte is NUL */
    if ((int32_t)size > m->longest) m->longest = (int32_t)size;
    return FS_OK;
}

/* A child's place is its parent's base with the child's label in it, so the label tells the base. */
static void list_children(walk *w) {
    const fs_charsmap *m = w->m;
    size_t i;
    for (i = m->unit_count; i-- > 1;) {
        const uint32_t label = m->units[i] & 0x800000FFu, base = (uint32_t)i ^ label;
        if (!label || label > 0xFF) continue; /* a value */
        w->nexts[i] = w->heads[base];
        w->heads[base] = (uint32_t)i;
    }
}

/* The children of the unit at `at`; `first` is the byte that led to it from the root, -1 for the root itself. */
static fs_status visit(walk *w, size_t at, int first, fs_error *err) {
    fs_charsmap *m = w->m;
    const size_t base = at ^ offset_of(m->units[at]);
    uint32_t child = base / 256 <= (m->unit_count - 1) / 256 ? w->heads[base] : 0;
    if (ends_rule(m->units[at])) { /* in a damaged file the value may be the unit itself */
        if (base >= m->unit_count) return fail_at(at, "value out of bounds", err);
        FS_TRY(check_value(m, base, err));
        if (first >= 0 && first < 128) m->alone[first] = 0;
        if (first >= 128) m->begins[first] = UINT64_MAX; /* of a damaged file */
    }
    for (; child; child = w->nexts[child]) {
        const uint32_t byte = m->units[child];
        if (first >= 0 && first < 128 && (byte & 0xFF) < 128) m->alone[first] = 0;
        if (first >= 128) m->begins[first] |= (uint64_t)1 << (byte & 63);
        if ((byte & 0xFF) == ' ') m->spaced = 1;
        if (w->seen[child]) continue; /* rules with the same end share its units */
        w->seen[child] = 1;
        w->stack[w->depth++] = child;
    }
    return FS_OK;
}

static fs_status check_all(fs_charsmap *m, fs_error *err) {
    walk w = {m, fs_alloc(m->unit_count), fs_alloc((m->unit_count + 256) * sizeof(uint32_t)),
              fs_alloc(m->unit_count * sizeof(uint32_t)), fs_alloc(m->unit_count * sizeof(uint32_t)), 0};
    size_t roots, i;
    fs_status st = FS_OK;
    if (!w.seen || !w.stack || !w.heads || !w.nexts) {
        st = fs_fail_memory(err, "precompiled_charsmap", (uint64_t)m->unit_count * 13);
        goto done;
    }
    list_children(&w);
    w.seen[0] = 1;
    FS_TRY_DONE(visit(&w, 0, -1, err));
    roots = w.depth;
    for (i = 0; i < roots; i++) { /* those behind `roots` are worked off before the next */
        const uint32_t root = w.stack[i];
        FS_TRY_DONE(visit(&w, root, (int)(m->units[root] & 0xFF), err));
        /* deeper units can not be the first byte's own, nor its next: they only need to be checked */
        while (w.depth > roots) FS_TRY_DONE(visit(&w, w.stack[--w.depth], -1, err));
    }
done:
    fs_free(w.seen);
    fs_free(w.heads);
    fs_free(w.nexts);
    fs_free(w.stack);
    return st;
}

/* Whether replacements have spaces side by side, or U+2581. */
static int makes_spaces(const fs_charsmap *m) {
    size_t i;
    for (i = 0; i + 2 < m->blob_size; i++)
        if (memcmp(m->blob + i, "  ", 2) == 0 || memcmp(m->blob + i, "\xE2\x96\x81", 3) == 0) return 1;
    return 0;
}

fs_status fs_charsmap_load(fs_charsmap *m, fs_text file, fs_error *err) {
    uint32_t bytes = 0;
    size_t i;
    memset(m, 0, sizeof *m);
    memset(m->alone, 1, sizeof m->alone);
    if (!file.size) return FS_OK;
    for (i = 0; i < 4 && i < file.size; i++) bytes |= (uint32_t)file.data[i] << (8 * i);
    if (file.size < 8 || bytes % 4 || bytes < 4 || bytes > file.size - 4 || file.size > INT32_MAX)
        return fs_fail(err, FS_ERR_FORMAT, "precompiled_charsmap", "size of the trie out of bounds",
                       "within %llu bytes|%u", (unsigned long long)file.size, bytes);
    m->unit_count = bytes / 4;
    m->blob_size = file.size - 4 - bytes;
    m->units = fs_alloc(bytes);
    m->blob = fs_alloc(m->blob_size);
    if (!m->units || !m->blob) return fs_fail_memory(err, "precompiled_charsmap", file.size);
    for (i = 0; i < bytes; i++) m->units[i / 4] |= (uint32_t)file.data[4 + i] << (8 * (i % 4));
    if (m->blob_size) memcpy(m->blob, file.data + 4 + bytes, m->blob_size);
    if (!m->blob_size || m->blob[m->blob_size - 1] != 0 || fs_utf8_valid(m->blob, m->blob_size) != m->blob_size)
        return fs_fail(err, FS_ERR_FORMAT, "precompiled_charsmap", "damaged replacements",
                       "UTF-8, each ended by NUL|%llu bytes", (unsigned long long)m->blob_size);
    m->spaced = makes_spaces(m);
    return check_all(m, err);
}

void fs_charsmap_free(fs_charsmap *m) {
    fs_free(m->units);
    fs_free(m->blob);
}

/* `shortest`: the first rule that is found counts, not the last. */
static int32_t match(const fs_charsmap *m, const uint8_t *text, int32_t size, int shortest, fs_text *out) {
    size_t at;
    uint32_t value = 0;
    int32_t i, found = 0;
    if (!m->units) return 0;
    size = FS_MIN(size, RULE_MAX);
    at = offset_of(m->units[0]);
    for (i = 0; i < size && !(shortest && found); i++) {
        uint32_t unit;
        at ^= text[i];
        if (at >= m->unit_count) break;
        unit = m->units[at];
        if (!text[i] || !has_label(unit, text[i])) break;
        at ^= offset_of(unit);
        if (ends_rule(unit)) {
            found = i + 1;
            value = value_of(m->units[at]);
        }
    }
    if (found) {
        out->data = m->blob + value;
        out->size = strlen((const char *)out->data);
    }
    return found;
}

int32_t fs_charsmap_match(const fs_charsmap *m, const uint8_t *text, int32_t size, fs_text *out) {
    return match(m, text, size, 0, out);
}

int32_t fs_charsmap_shortest(const fs_charsmap *m, const uint8_t *text, int32_t size, fs_text *out) {
    return match(m, text, size, 1, out);
}
