#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void copy_text(char *to, size_t size, const char *from) {
    size_t n = strlen(from);
    if (n >= size) n = size - 1;
    memcpy(to, from, n);
    to[n] = 0;
}

fs_status fs_fail(fs_error *err, fs_status code, const char *where, const char *what, const char *facts, ...) {
    char text[sizeof err->expected + sizeof err->found];
    va_list args;
    char *bar;
    if (!err) return code;
    va_start(args, facts);
    vsnprintf(text, sizeof text, facts, args);
    va_end(args);
    err->code = code;
    copy_text(err->where, sizeof err->where, where);
    copy_text(err->what, sizeof err->what, what);
    bar = strchr(text, '|');
    copy_text(err->found, sizeof err->found, bar ? bar + 1 : "");
    if (bar) *bar = 0;
    copy_text(err->expected, sizeof err->expected, text);
    return code;
}

fs_status fs_fail_memory(fs_error *err, const char *where, uint64_t bytes) {
    return fs_fail(err, FS_ERR_MEMORY, where, "out of memory", "room for %llu bytes|none",
                   (unsigned long long)bytes);
}
