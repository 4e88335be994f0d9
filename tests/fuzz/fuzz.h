/* What fuzz targets share. A target is a libFuzzer program; what must hold and does not ends it with a line that says
 * where. */
#ifndef FS_TESTS_FUZZ_H
#define FS_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "text/hash.h"
#include "text/text_view.h"
#include "text/unicode/utf8.h"

#define HOLDS(condition)                                                        \
    do {                                                                        \
        if (!(condition)) {                                                     \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                            \
        }                                                                       \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const fs_hash_key fuzz_key = {0x0123456789ABCDEF, 0xFEDCBA9876543210};

static inline fs_text fuzz_view(const void *data, size_t size) {
    fs_text text;
    text.data = data;
    text.size = size;
    return text;
}

static inline int fuzz_same(fs_text a, const void *data, size_t size) {
    return a.size == size && (!size || memcmp(a.data, data, size) == 0);
}

/* The input as valid UTF-8, in memory of its own that ends where it ends: a wrong byte becomes a question mark. */
static inline fs_text fuzz_text(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    size_t at = 0;
    HOLDS(copy);
    if (size) memcpy(copy, data, size);
    while ((at += fs_utf8_valid(copy + at, size - at)) < size) copy[at] = '?';
    return fuzz_view(copy, size);
}

/* A file of the folder that FASTSEQ_FUZZ_FILES names. */
static inline fs_text fuzz_file(const char *name) {
    char path[1024];
    FILE *file;
    uint8_t *data = malloc(1 << 24);
    size_t size;
    HOLDS(data && getenv("FASTSEQ_FUZZ_FILES"));
    snprintf(path, sizeof path, "%s/%s", getenv("FASTSEQ_FUZZ_FILES"), name);
    file = fopen(path, "rb");
    HOLDS(file);
    size = fread(data, 1, 1 << 24, file);
    fclose(file);
    return fuzz_view(data, size);
}

#endif
