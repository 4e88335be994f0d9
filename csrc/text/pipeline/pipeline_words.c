/* Words of a text as it is given, looked up before it is normalized. */
#include "text/unicode/classes.h"
#include "text/cut/cut_classes.h"
#include "pipeline.h"
#include "text/unicode/utf8.h"

#define CHUNKS 256 /* that are found, then looked up */

/* Kinds of bytes. */
enum { WORD, SPACE, SIGN, WIDE };

static int kind_of(uint8_t byte) {
    if (byte >= 0x80) return WIDE;
    if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r') return SPACE;
    return fs_cut_class(byte) & FS_CUT_SIGN ? SIGN : WORD;
}

/* Whether the character at `at` is one by itself: with FS_LOCAL_WIDE. */
static int is_apart(const uint8_t *text, int32_t at, int32_t *end) {
    uint32_t c;
    *end = at;
    c = fs_utf8_read(text, end);
    return (c >= 0x4E00 && c <= 0x9FFF) || (fs_cut_class(c) & FS_CUT_SIGN) ||
           (c >= 0xA0 && (fs_cut_class(c) & FS_CUT_SPACE)); /* U+0085 is a control, which may be left out */
}

/* Where the word that begins at `at` ends. A sign of ASCII is apart unless a character above ASCII follows, which may be
 * composed with it. */
static int32_t word_end(fs_pipeline_local local, const uint8_t *text, int32_t at, int32_t end) {
    const int32_t begin = at;
    int32_t next;
    for (; at < end; at = next) {
        const int kind = kind_of(text[at]);
        next = at + 1;
        if (kind == WORD) continue;
        if (kind == SPACE) return at;
        if (kind == SIGN) {
            if (local < FS_LOCAL_SIGNS || (next < end && text[next] >= 0x80)) continue;
            return at == begin ? next : at;
        }
        if (local < FS_LOCAL_WIDE) {
            next = at + fs_utf8_size(text[at]);
        } else if (is_apart(text, at, &next)) {
            return at == begin ? next : at;
        }
    }
    return end;
}

/* Whether the character at `at` is no white space and nothing that a normalizer leaves out, so that spaces beside it
 * are a run of their own. */
static int is_solid(const uint8_t *text, int32_t at) {
    if (text[at] < 0x80) return text[at] > ' ' && text[at] < 0x7F;
    return (FS_SET_LETTERS | FS_SET(FS_CLASS_NUMBER) | FS_SET(FS_CLASS_PUNCTUATION)) >> fs_class_of(fs_utf8_read(text, &at)) & 1;
}

/* Where the word that begins at `at` with its spaces ends: at spaces with something solid on both sides, or with the
 * end behind them. */
static int32_t led_end(const uint8_t *text, int32_t at, int32_t end) {
    while (at < end && text[at] == ' ') at++;
    for (;;) {
        const uint8_t *found = at < end ? memchr(text + at, ' ', (size_t)(end - at)) : NULL;
        const int32_t space = found ? (int32_t)(found - text) : end;
        if (!found) return end;
        for (at = space; at < end && text[at] == ' ';) at++;
        if (space > 0 && is_solid(text, fs_utf8_back(text, space)) && (at == end || is_solid(text, at))) return space;
    }
}

/* The next words from *at on; how many. */
static int64_t next_words(fs_pipeline_local local, const uint8_t *text, int32_t *at, int32_t end, fs_piece_span *words) {
    int64_t n = 0;
    while (n < CHUNKS) {
        if (local != FS_LOCAL_LED)
            while (*at < end && kind_of(text[*at]) == SPACE) ++*at;
        if (*at == end) break;
        words[n].begin = *at;
        *at = local == FS_LOCAL_LED ? led_end(text, *at, end) : word_end(local, text, *at, end);
        words[n++].end = *at;
    }
    return n;
}

/* A word that was not seen before. */
static fs_status encode_word(void *ctx, fs_text word, fs_buffer *ids, fs_error *err) {
    fs_pipeline_route *r = ctx;
    const int32_t begin = (int32_t)(word.data - r->text.data);
    fs_status st;
    (void)ids; /* those of the block */
    (void)err;
    r->new_word = word.size <= FS_CACHED_BYTES;
    st = fs_pipeline_stretch(r, begin, begin + (int32_t)word.size, 0);
    r->new_word = 0;
    return st;
}

fs_status fs_pipeline_words(fs_pipeline_route *r, int32_t begin, int32_t end) {
    const fs_pipeline_local local = r->e->local;
    fs_bpe_cache *cache = fs_pipeline_cache(r->e, &r->w->words);
    fs_piece_span words[CHUNKS];
    int64_t n;
    if (!cache) return fs_fail_memory(&r->block->error, "cache", sizeof(fs_cached) * 2 * FS_CACHE_LINES);
    if (local == FS_LOCAL_LED && (begin || !(r->want & FS_WANT_NO_HEAD))) { /* what is put before a stretch belongs to its first word */
        const int32_t first = led_end(r->text.data, begin, end);
        FS_TRY(fs_pipeline_stretch(r, begin, first, 1));
        begin = first;
    }
    while ((n = next_words(local, r->text.data, &begin, end, words)) > 0)
        FS_TRY(fs_look_up_pieces(cache, &r->e->key, r->text, words, n, encode_word, r, &r->block->ids,
                                 &r->block->error));
    return FS_OK;
}
