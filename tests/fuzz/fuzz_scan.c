/* Scanners: every instruction set cuts as the portable code does, and pieces follow one another to the end. */
#include "fuzz.h"
#include "text/scan/scan.h"

/* The next cuts of a scanner that is given room for `most` at a time. */
typedef struct cutter {
    fs_scan scan;
    int32_t ends[3 * FS_SCAN_ROOM];
    int32_t at, n, i;
} cutter;

static int32_t next_end(cutter *c, fs_scan_rule rule, fs_text text, int32_t most) {
    if (c->i == c->n) {
        c->n = c->scan(rule, text.data, (int32_t)text.size, &c->at, c->ends, most);
        c->i = 0;
        if (!c->n) return -1;
        HOLDS(c->ends[c->n - 1] == c->at);
    }
    return c->ends[c->i++];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fs_text text;
    fs_scan_rule rule;
    int isa;
    if (size < 2) return 0;
    rule = (fs_scan_rule)(data[0] % FS_SCAN_COUNT);
    text = fuzz_text(data + 2, size - 2);
    for (isa = 0; isa < FS_ISA_COUNT; isa++) {
        cutter best = {fs_scan_for((fs_isa)isa), {0}, 0, 0, 0}, plain = {fs_scan_portable, {0}, 0, 0, 0};
        int32_t end, last = 0;
        if (!fs_isa_available((fs_isa)isa)) continue;
        do {
            end = next_end(&plain, rule, text, FS_SCAN_ROOM);
            HOLDS(next_end(&best, rule, text, FS_SCAN_ROOM + data[1] % FS_SCAN_ROOM) == end);
            HOLDS(end > last || end < 0);
            if (end > 0) last = end;
        } while (end >= 0);
        HOLDS(last == (int32_t)text.size);
    }
    free((void *)text.data);
    return 0;
}
