#include "options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const fs_option *find(const fs_options *o, const char *key) {
    for (int i = 0; i < o->count; i++)
        if (strcmp(o->items[i].key, key) == 0) return &o->items[i];
    return NULL;
}

static void place(const fs_options *o, const char *key, char to[160]) { snprintf(to, 160, "%s: %s", o->where, key); }

fs_status fs_option_int(const fs_options *o, const char *key, int low, int high, int *out, fs_error *err) {
    const fs_option *item = find(o, key);
    char where[160];
    if (!item) return FS_OK;
    place(o, key, where);
    if (item->word)
        return fs_fail(err, FS_ERR_FORMAT, where, "not a number", "a whole number|%.60s", item->word);
    if (!(item->number >= low && item->number <= high) || item->number != floor(item->number))
        return fs_fail(err, FS_ERR_FORMAT, where, "out of range", "a whole number from %d to %d|%g", low, high,
                       item->number);
    *out = (int)item->number;
    return FS_OK;
}

fs_status fs_option_width(const fs_options *o, const char *key, int *out, fs_error *err) {
    *out = 0;
    if (!find(o, key)) {
        char where[160];
        place(o, key, where);
        return fs_fail(err, FS_ERR_FORMAT, where, "missing", "a whole number|");
    }
    return fs_option_int(o, key, 1, FS_MAX_WIDTH, out, err);
}

fs_status fs_option_float(const fs_options *o, const char *key, float *out, fs_error *err) {
    const fs_option *item = find(o, key);
    char where[160];
    if (!item) return FS_OK;
    place(o, key, where);
    if (item->word || !isfinite((float)item->number))
        return fs_fail(err, FS_ERR_FORMAT, where, "not a finite number", "a number|%.60s",
                       item->word ? item->word : "infinite or NaN");
    *out = (float)item->number;
    return FS_OK;
}

const char *fs_option_word(const fs_options *o, const char *key, const char *fallback) {
    const fs_option *item = find(o, key);
    return item && item->word ? item->word : fallback;
}

fs_status fs_option_choice(const fs_options *o, const char *key, const char *const *words, int *out, fs_error *err) {
    const char *word = fs_option_word(o, key, words[0]);
    char where[160], known[160] = "";
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0) {
            *out = i;
            return FS_OK;
        }
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", words[i]);
    }
    place(o, key, where);
    return fs_fail(err, FS_ERR_UNSUPPORTED, where, "unknown choice", "one of %s|%.60s", known, word);
}
