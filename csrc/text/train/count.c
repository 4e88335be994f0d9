#include "count.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "text/unicode/utf8.h"

fs_status fs_counter_init(fs_counter *c, const fs_encoder *rules, fs_hash_key key, fs_error *err) {
    memset(c, 0, sizeof *c);
    c->rules = *rules;
    c->rules.vocab = NULL;
    return fs_vocab_init(&c->pieces, key, err);
}

void fs_counter_free(fs_counter *c) {
    fs_vocab_free(&c->pieces);
    fs_buffer_free(&c->counts);
    fs_map_scratch_free(&c->scratch);
}

static fs_status count_piece(fs_counter *c, fs_text piece, fs_error *err) {
    static const int64_t one = 1;
    int32_t id, before = c->pieces.count;
    FS_TRY(fs_vocab_add(&c->pieces, piece, &id, err));
    if (id == before) return fs_buffer_append(&c->counts, &one, sizeof one, err);
    ((int64_t *)c->counts.data)[id]++;
    return FS_OK;
}

fs_status fs_counter_add(fs_counter *c, fs_text text, fs_error *err) {
    fs_mapped mapped;
    fs_splitter s = {0};
    int32_t begin, end;
    if (text.size > FS_TEXT_MAX)
        return fs_fail(err, FS_ERR_VALUE, "text", "text too long", "at most %d bytes|%llu", FS_TEXT_MAX,
                       (unsigned long long)text.size);
    FS_TRY(fs_text_map(&c->rules.map, text, 0, &c->scratch, &mapped, err));
    s.text = mapped.data;
    s.size = mapped.size;
    s.rule = c->rules.split;
    s.punctuation = c->rules.punctuation;
    while (fs_split_next(&s, &begin, &end)) {
        fs_text piece = {mapped.data + begin, (size_t)(end - begin)};
        FS_TRY(count_piece(c, piece, err));
    }
    return FS_OK;
}

fs_status fs_counter_add_lines(fs_counter *c, fs_text block, size_t *valid, fs_error *err) {
    size_t at = 0;
    *valid = fs_utf8_valid(block.data, block.size);
    if (*valid < block.size)
        return fs_fail(err, FS_ERR_FORMAT, "text", "not UTF-8", "valid UTF-8|byte 0x%02x", block.data[*valid]);
    while (at < block.size) {
        const uint8_t *end = memchr(block.data + at, '\n', block.size - at);
        fs_text line = {block.data + at, end ? (size_t)(end - block.data) - at : block.size - at};
        at += line.size + 1;
        if (line.size && line.data[line.size - 1] == '\r') line.size--;
        FS_TRY(fs_counter_add(c, line, err));
    }
    return FS_OK;
}

typedef struct ranked {
    fs_text piece;
    int64_t count;
    int32_t id;
} ranked;

/* UTF-8 bytes sort as their code points do. */
static int compare(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    return a->count != b->count ? a->count > b->count ? -1 : 1 : fs_text_compare(a->piece, b->piece);
}

fs_status fs_vocab_rank(const fs_vocab *pieces, const int64_t *counts, int64_t least, fs_buffer *order, fs_error *err) {
    ranked *all;
    size_t bytes = 0, n = 0, i;
    int32_t id;
    fs_status st = FS_OK;
    if (!fs_size_mul((size_t)pieces->count, sizeof *all, &bytes)) return fs_fail_memory(err, "counts", SIZE_MAX);
    all = fs_alloc(bytes);
    if (!all) return fs_fail_memory(err, "counts", bytes);
    for (id = 0; id < pieces->count; id++) {
        ranked r = {fs_vocab_token(pieces, id), counts[id], id};
        if (counts[id] >= least) all[n++] = r;
    }
    qsort(all, n, sizeof *all, compare);
    for (i = 0; i < n; i++) FS_TRY_DONE(fs_buffer_append(order, &all[i].id, sizeof all[i].id, err));
done:
    fs_free(all);
    return st;
}
