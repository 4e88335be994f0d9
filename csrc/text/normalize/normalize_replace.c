/* Replace: what is looked for, a text or a run of white space, gives way to another text. */
#include "normalize_steps.h"
#include "text/unicode/utf8.h"

static fs_text text_of(const fs_buffer *b) {
    fs_text text = {b->data, b->size};
    return text;
}

fs_status fs_normalize_note_pattern(fs_normalize_step *step, fs_error *err) {
    const uint8_t *pattern = step->pattern.data;
    const int32_t n = (int32_t)step->pattern.size;
    int32_t *falls = fs_buffer_add(&step->falls, (size_t)n * sizeof *falls);
    int32_t at, matched = 0;
    if (!falls) return fs_fail_memory(err, "pattern", (uint64_t)n * sizeof *falls);
    falls[0] = 0;
    for (at = 1; at < n; at++) {
        while (matched && pattern[at] != pattern[matched]) matched = falls[matched - 1];
        matched += pattern[at] == pattern[matched];
        falls[at] = matched;
    }
    return FS_OK;
}

/* The first [found[0], found[1]) from `at` on that is the pattern; 0 when there is none. */
static int find_pattern(const fs_normalize_step *step, fs_text text, int32_t at, int32_t found[2]) {
    const uint8_t *pattern = step->pattern.data;
    const int32_t *falls = step->falls.data, size = (int32_t)text.size, n = (int32_t)step->pattern.size;
    int32_t matched = 0;
    for (; at < size; at++) {
        if (!matched) {
            const uint8_t *first = memchr(text.data + at, pattern[0], (size_t)(size - at));
            if (!first) return 0;
            at = (int32_t)(first - text.data);
        }
        while (matched && text.data[at] != pattern[matched]) matched = falls[matched - 1];
        matched += text.data[at] == pattern[matched];
        if (matched < n) continue;
        found[0] = at + 1 - n;
        found[1] = at + 1;
        return 1;
    }
    return 0;
}

/* The same for a run. */
static int find_run(const fs_normalize_step *step, fs_text text, int32_t at, int32_t found[2]) {
    const int spaces = (step->options & FS_NORMALIZE_RUN_SPACES) != 0;
    int32_t count = 0;
    found[0] = at;
    while (at < (int32_t)text.size) {
        const uint32_t c = fs_utf8_read(text.data, &at);
        if (spaces ? c == ' ' : fs_is_white_space(c)) {
            count++;
            found[1] = at;
            continue;
        }
        if (count >= step->least) return 1;
        count = 0;
        found[0] = at;
    }
    return count >= step->least;
}

static int find(const fs_normalize_step *step, fs_text text, int32_t at, int32_t found[2]) {
    return (step->kind == FS_NORMALIZE_REPLACE ? find_pattern : find_run)(step, text, at, found);
}

/* Whether the text becomes too long, seen before any room is made for it. */
static fs_status check_growth(const fs_rewrite *r, const fs_normalize_step *step) {
    const int64_t content = (int64_t)step->content.size;
    int64_t size = (int64_t)r->text.size;
    int32_t found[2] = {0, 0};
    if (size * (content + 1) <= FS_TEXT_MAX) return FS_OK;
    while (find(step, r->text, found[1], found)) size += content - (found[1] - found[0]);
    if (size < FS_TEXT_MAX) return FS_OK;
    return fs_fail(r->err, FS_ERR_VALUE, "text", "too long once it is normalized", "below %d bytes|%lld", FS_TEXT_MAX,
                   (long long)size);
}

fs_status fs_normalize_replace(fs_rewrite *r, const fs_normalize_step *step) {
    const fs_text content = text_of(&step->content);
    int32_t found[2] = {0, 0};
    FS_TRY(check_growth(r, step));
    while (find(step, r->text, found[1], found)) {
        FS_TRY(fs_rewrite_replace(r, found[0], found[1]));
        FS_TRY(fs_rewrite_put(r, content.data, content.size, found[0], found[1]));
    }
    return FS_OK;
}
