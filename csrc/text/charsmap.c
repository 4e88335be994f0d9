#include "charsmap.h"

#include <string.h>

#include "base/arena.h"
#include "base/portable.h"
#include "utf8.h"

#define RULE_MAX 1024 /* bytes of a rule that count: units of a damaged file can run in circles */

static uint32_t offset_of(uint32_t unit) { return (unit >> 10) << ((unit & 0x200u) >> 6); }
static int ends_rule(uint32_t unit) { return (unit >> 8) & 1; }
static uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFFu; }
static int has_label(uint32_t unit, uint8_t byte) { return (unit & 0x800000FFu) == byte; }

/* A walk over all units that can be reached. */
typedef struct walk {
    fs_charsmap *m;
    uint8_t *seen;   /* [unit_count] */
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

/* The children of the unit at `at`; `first` is the byte that led to it from the root, -1 for the root itself. */
static fs_status visit(walk *w, size_t at, int first, fs_error *err) {
    fs_charsmap *m = w->m;
    const size_t base = at ^ offset_of(m->units[at]);
    int byte;
    for (byte = 0; byte < 256; byte++) {
        const size_t child = base ^ (size_t)byte;
        if (child >= m->unit_count) continue;
        if (byte == 0) { /* in a damaged file the value may be the unit itself */
            if (ends_rule(m->units[at])) FS_TRY(check_value(m, child, err));
            continue;
        }
        if (!has_label(m->units[child], (uint8_t)byte)) continue;
        if (first >= 0 && first < 128 && byte < 128) m->alone[first] = 0;
        if (w->seen[child]) continue; /* rules with the same end share its units */
        w->seen[child] = 1;
        w->stack[w->depth++] = (uint32_t)child;
    }
    if (ends_rule(m->units[at])) {
        if (base >= m->unit_count) return fail_at(at, "value out of bounds", err);
        if (first >= 0 && first < 128) m->alone[first] = 0;
    }
    return FS_OK;
}

static fs_status check_all(fs_charsmap *m, fs_error *err) {
    walk w = {m, fs_alloc(m->unit_count), fs_alloc(m->unit_count * sizeof(uint32_t)), 0};
    size_t roots, i;
    fs_status st = FS_OK;
    if (!w.seen || !w.stack) {
        st = fs_fail_memory(err, "precompiled_charsmap", (uint64_t)m->unit_count * 5);
        goto done;
    }
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
    fs_free(w.stack);
    return st;
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
