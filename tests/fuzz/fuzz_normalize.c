/* Normalizers: places lie in the text and do not change what is made; forms stay as they are when they are made again,
 * and each can be made from the other. */
#include "fuzz.h"
#include "text/normalize/normalize.h"

typedef struct made {
    fs_normalizer n;
    fs_normalize_scratch scratch;
    fs_normalized out;
} made;

static void add(made *m, unsigned kind, unsigned options, fs_text pattern, fs_text content) {
    fs_error err;
    HOLDS(fs_normalizer_add(&m->n, (fs_normalize_kind)kind, options, 2, pattern, content, &err) == FS_OK);
}

static void run(made *m, fs_text text, int spans) {
    fs_error err;
    HOLDS(fs_normalize(&m->n, text, spans, &m->scratch, &m->out, &err) == FS_OK);
    HOLDS(fs_utf8_valid(m->out.data, (size_t)m->out.size) == (size_t)m->out.size);
    HOLDS(!m->out.unchanged || fuzz_same(text, m->out.data, (size_t)m->out.size));
}

static void end(made *m) {
    fs_normalizer_free(&m->n);
    fs_normalize_scratch_free(&m->scratch);
}

static void check_places(const fs_normalized *out, fs_text text) {
    int32_t i;
    if (out->unchanged) return;
    HOLDS(out->begin && out->end);
    for (i = 0; i < out->size; i++) {
        HOLDS(out->begin[i] >= 0 && out->begin[i] <= out->end[i] && out->end[i] <= (int32_t)text.size);
        HOLDS(out->begin[i] == (int32_t)text.size || (text.data[out->begin[i]] & 0xC0) != 0x80);
        HOLDS(out->end[i] == (int32_t)text.size || (text.data[out->end[i]] & 0xC0) != 0x80);
        if ((out->data[i] & 0xC0) == 0x80)
            HOLDS(out->begin[i] == out->begin[i - 1] && out->end[i] == out->end[i - 1]);
    }
}

static fs_text result(const made *m) { return fuzz_view(m->out.data, (size_t)m->out.size); }

/* Form g and then form f come to form f, where g loses nothing that f keeps; so a form made twice is itself. */
static void check_forms(fs_text text) {
    const fs_text none = {NULL, 0};
    unsigned f, g;
    for (f = 0; f < 4; f++) {
        made once;
        memset(&once, 0, sizeof once);
        add(&once, f, 0, none, none);
        run(&once, text, 0);
        for (g = 0; g < 4; g++) {
            made twice;
            if (g >= 2 && f < 2) continue;
            memset(&twice, 0, sizeof twice);
            add(&twice, g, 0, none, none);
            add(&twice, f, 0, none, none);
            run(&twice, text, 0);
            HOLDS(fuzz_same(result(&once), twice.out.data, (size_t)twice.out.size));
            end(&twice);
        }
        end(&once);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const fs_text contents[] = {{(const uint8_t *)"", 0}, {(const uint8_t *)"a", 1}, {(const uint8_t *)" \xCC\x81", 3}};
    fs_text text;
    made with, without;
    size_t steps, i;
    memset(&with, 0, sizeof with);
    memset(&without, 0, sizeof without);
    if (!size) return 0;
    steps = data[0] % 4;
    if (size < 1 + 2 * steps) return 0;
    for (i = 0; i < steps; i++) {
        const uint8_t *choice = data + 1 + 2 * i;
        const unsigned kind = choice[0] % FS_NORMALIZE_PRECOMPILED;
        const fs_text content = contents[choice[1] / 64 % 3];
        add(&with, kind, choice[1] % 16, contents[1 + choice[1] / 16 % 2], content);
        add(&without, kind, choice[1] % 16, contents[1 + choice[1] / 16 % 2], content);
    }
    text = fuzz_text(data + 1 + 2 * steps, size - 1 - 2 * steps);
    run(&with, text, 1);
    run(&without, text, 0);
    HOLDS(fuzz_same(result(&with), without.out.data, (size_t)without.out.size));
    check_places(&with.out, text);
    end(&with);
    end(&without);
    if (!steps) check_forms(text);
    free((void *)text.data);
    return 0;
}
