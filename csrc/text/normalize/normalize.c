#include "normalize.h"

#include "normalize_forms.h"
#include "normalize_steps.h"

#define CONTENT_MOST 4096 /* bytes of a pattern or of what takes its place */

static fs_text view(const fs_buffer *b) {
    fs_text text = {b->data, b->size};
    return text;
}

static fs_status check_size(const char *where, fs_text text, fs_error *err) {
    if (text.size <= CONTENT_MOST) return FS_OK;
    return fs_fail(err, FS_ERR_FORMAT, where, "too long", "at most %d bytes|%llu", CONTENT_MOST,
                   (unsigned long long)text.size);
}

static fs_status fill_step(fs_normalize_step *s, fs_text pattern, fs_text content, fs_error *err) {
    if (s->kind == FS_NORMALIZE_PRECOMPILED) return fs_charsmap_load(&s->map, content, err);
    FS_TRY(check_size("pattern", pattern, err));
    FS_TRY(check_size("content", content, err));
    FS_TRY(fs_buffer_append(&s->pattern, pattern.data, pattern.size, err));
    FS_TRY(fs_buffer_append(&s->content, content.data, content.size, err));
    if (s->kind != FS_NORMALIZE_REPLACE) return FS_OK;
    if (!pattern.size) return fs_fail(err, FS_ERR_UNSUPPORTED, "pattern", "empty", "a text|\"\"");
    return fs_normalize_note_pattern(s, err);
}

fs_status fs_normalizer_add(fs_normalizer *n, fs_normalize_kind kind, unsigned options, int32_t least, fs_text pattern,
                            fs_text content, fs_error *err) {
    fs_normalize_step *s = fs_buffer_add(&n->steps, sizeof *s);
    if (!s) return fs_fail_memory(err, "normalizer", sizeof *s);
    memset(s, 0, sizeof *s);
    s->kind = kind;
    s->options = options;
    s->least = least;
    return fill_step(s, pattern, content, err);
}

void fs_normalizer_free(fs_normalizer *n) {
    fs_normalize_step *steps = n->steps.data;
    size_t i;
    for (i = 0; i < n->steps.size / sizeof *steps; i++) {
        fs_buffer_free(&steps[i].pattern);
        fs_buffer_free(&steps[i].content);
        fs_buffer_free(&steps[i].falls);
        fs_charsmap_free(&steps[i].map);
    }
    fs_buffer_free(&n->steps);
}

/* A text on its way from step to step: from one of the two of the scratch to the other. */
typedef struct route {
    fs_normalized at;
    fs_normalize_scratch *s;
    int tracked, into;
    fs_error *err;
} route;

static fs_rewrite begin_pass(const route *p) {
    fs_aligned *out = &p->s->texts[p->into];
    fs_rewrite r = {{p->at.data, (size_t)p->at.size}, p->at.begin, p->at.end, out, 0, 0, p->err};
    if (p->tracked && !out->begins) out->capacity = 0; /* its room was for bytes alone */
    out->size = 0;
    out->tracked = p->tracked;
    return r;
}

static fs_status end_pass(route *p, fs_rewrite *r) {
    const fs_aligned *out = r->out;
    if (!r->changed) return FS_OK;
    FS_TRY(fs_rewrite_keep(r, (int32_t)r->text.size));
    FS_TRY(fs_aligned_room(r->out, 1, p->err)); /* also for a text of which nothing is left */
    p->at.data = out->data;
    p->at.size = out->size;
    p->at.begin = p->tracked ? out->begins : NULL;
    p->at.end = p->tracked ? out->ends : NULL;
    p->at.unchanged = 0;
    p->into = !p->into;
    return FS_OK;
}

static fs_status run(route *p, const fs_normalize_step *step, int *unordered) {
    fs_rewrite rewrite = begin_pass(p), *r = &rewrite;
    fs_status st = FS_OK;
    *unordered = 0;
    switch (step->kind) {
    case FS_NORMALIZE_NFC:
    case FS_NORMALIZE_NFD:
    case FS_NORMALIZE_NFKC:
    case FS_NORMALIZE_NFKD:
        st = fs_normalize_form(r, (fs_form)step->kind, &p->s->segment, &p->s->sorted);
        break;
    case FS_NORMALIZE_LOWERCASE: st = fs_normalize_lowercase(r); break;
    case FS_NORMALIZE_STRIP_ACCENTS: st = fs_normalize_strip_accents(r); break;
    case FS_NORMALIZE_BERT: st = fs_normalize_bert(r, step, unordered); break;
    case FS_NORMALIZE_NMT: st = fs_normalize_nmt(r); break;
    case FS_NORMALIZE_BYTE_LEVEL: st = fs_normalize_byte_level(r); break;
    case FS_NORMALIZE_STRIP: st = fs_normalize_strip(r, step->options); break;
    case FS_NORMALIZE_PREPEND: st = fs_normalize_prepend(r, view(&step->content)); break;
    case FS_NORMALIZE_REPLACE:
    case FS_NORMALIZE_RUNS: st = fs_normalize_replace(r, step); break;
    default: st = fs_normalize_precompiled(r, &step->map);
    }
    return st == FS_OK && !*unordered ? end_pass(p, r) : st;
}

/* BertNormalizer a step at a time. */
static fs_status run_in_order(route *p, unsigned options) {
    const unsigned first = FS_NORMALIZE_CLEAN | FS_NORMALIZE_SPACED_IDEOGRAPHS;
    fs_normalize_step steps[4];
    int i, unordered;
    memset(steps, 0, sizeof steps);
    steps[0].kind = steps[2].kind = FS_NORMALIZE_BERT;
    steps[0].options = options & first;
    steps[1].kind = FS_NORMALIZE_NFD;
    steps[2].options = FS_NORMALIZE_NONSPACING;
    steps[3].kind = FS_NORMALIZE_LOWERCASE;
    for (i = 0; i < 4 - !(options & FS_NORMALIZE_LOWER); i++) FS_TRY(run(p, &steps[i], &unordered));
    return FS_OK;
}

fs_status fs_normalize(const fs_normalizer *n, fs_text text, int want_spans, fs_normalize_scratch *s, fs_normalized *out,
                       fs_error *err) {
    const fs_normalize_step *steps = n->steps.data;
    route p = {{text.data, (int32_t)text.size, 1, NULL, NULL}, s, want_spans, 0, err};
    size_t i;
    for (i = 0; i < n->steps.size / sizeof *steps; i++) {
        int unordered;
        FS_TRY(run(&p, &steps[i], &unordered));
        if (unordered) FS_TRY(run_in_order(&p, steps[i].options));
    }
    *out = p.at;
    return FS_OK;
}

void fs_normalize_scratch_free(fs_normalize_scratch *s) {
    fs_aligned_free(&s->texts[0]);
    fs_aligned_free(&s->texts[1]);
    fs_buffer_free(&s->segment);
    fs_buffer_free(&s->sorted);
}

int fs_normalizer_parts(const fs_normalizer *n) {
    const fs_normalize_step *steps = n->steps.data;
    size_t i;
    for (i = 0; i < n->steps.size / sizeof *steps; i++) {
        const fs_normalize_kind kind = steps[i].kind;
        if (kind != FS_NORMALIZE_NFC && kind != FS_NORMALIZE_NFD && kind != FS_NORMALIZE_LOWERCASE) return 0;
    }
    return 1;
}

int fs_normalizer_strips(const fs_normalizer *n) {
    const fs_normalize_step *steps = n->steps.data;
    size_t i;
    for (i = 0; i < n->steps.size / sizeof *steps; i++)
        if (steps[i].kind == FS_NORMALIZE_STRIP) return 1;
    return 0;
}
