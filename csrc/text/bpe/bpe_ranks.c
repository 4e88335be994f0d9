/* tiktoken's files: lines of "base64 rank". */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "bpe_build.h"

#define SPELLED_WORK ((int64_t)1 << 28) /* all splits of all tokens, in bytes, that the walk may look up */

#define AHEAD 16 /* lines, whose tokens' places are fetched while this one is added */

typedef struct line {
    int32_t rank;
    int32_t number; /* of the line, from 1 */
    int64_t at;     /* where its bytes are in `bytes` */
    int32_t size;
} line;

typedef struct lines {
    fs_buffer all;   /* line [] */
    fs_buffer bytes;
    int sorted;      /* by rank, as the files are */
    int8_t values[256]; /* fill_values */
} lines;

static fs_status fail_line(fs_error *err, int32_t number, const char *what, const char *expected, fs_text found) {
    char where[40];
    snprintf(where, sizeof where, "line %d", (int)number);
    return fs_fail(err, FS_ERR_FORMAT, where, what, "%s|%.*s", expected, (int)FS_MIN(found.size, 40),
                   (const char *)found.data);
}

/* Of a character of base64; -1: it is none. */
static void fill_values(int8_t values[256]) {
    int i;
    memset(values, -1, 256);
    for (i = 0; i < 26; i++) {
        values['A' + i] = (int8_t)i;
        values['a' + i] = (int8_t)(i + 26);
    }
    for (i = 0; i < 10; i++) values['0' + i] = (int8_t)(i + 52);
    values['+'] = 62;
    values['/'] = 63;
}

/* base64 (RFC 4648, padded) to bytes; -1 when it is not. out: 3 bytes for each 4. */
static int32_t decode64(const int8_t *values, fs_text text, uint8_t *out) {
    size_t i, padding = 0;
    int32_t n = 0;
    if (text.size == 0 || text.size % 4) return -1;
    while (padding < 2 && text.data[text.size - 1 - padding] == '=') padding++;
    for (i = 0; i < text.size; i += 4) {
        const int last = i + 4 == text.size;
        const int a = values[text.data[i]], b = values[text.data[i + 1]];
        const int c = last && padding == 2 ? 0 : values[text.data[i + 2]];
        const int d = last && padding >= 1 ? 0 : values[text.data[i + 3]];
        if ((a | b | c | d) < 0) return -1;
        out[n++] = (uint8_t)(a << 2 | b >> 4);
        out[n++] = (uint8_t)(b << 4 | c >> 2);
        out[n++] = (uint8_t)(c << 6 | d);
    }
    return n - (int32_t)padding;
}

/* Digits alone, below FS_BPE_ID_MAX; -1 otherwise. */
static int32_t number_of(fs_text text) {
    int32_t n = 0;
    size_t i;
    if (text.size == 0) return -1;
    for (i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return -1;
        n = n * 10 + (text.data[i] - '0');
        if (n >= FS_BPE_ID_MAX) return -1;
    }
    return n;
}

static fs_status read_line(lines *l, fs_text text, int32_t number, fs_error *err) {
    const uint8_t *blank = memchr(text.data, ' ', text.size);
    fs_text code = {text.data, 0}, rank = {NULL, 0};
    line *made = fs_buffer_add(&l->all, sizeof *made);
    uint8_t *room;
    if (!blank) return fail_line(err, number, "not a token and its rank", "base64, a space, a number", text);
    code.size = (size_t)(blank - text.data);
    rank.data = blank + 1;
    rank.size = text.size - code.size - 1;
    room = fs_buffer_add(&l->bytes, code.size + 3);
    if (!made || !room) return fs_fail_memory(err, "ranks", (uint64_t)l->bytes.size + code.size);
    made->number = number;
    made->at = (int64_t)(l->bytes.size - code.size - 3);
    made->size = decode64(l->values, code, room);
    if (made->size <= 0) return fail_line(err, number, "not base64", "padded base64 of a token", code);
    if (made->size > FS_BPE_TOKEN_BYTES_MAX) return fail_line(err, number, "token too long", "at most 1 MiB", code);
    made->rank = number_of(rank);
    if (made->rank < 0) return fail_line(err, number, "not a rank", "a number below 16777216", rank);
    l->bytes.size = (size_t)made->at + (size_t)made->size;
    if (l->all.size > sizeof *made && made[-1].rank >= made->rank) l->sorted = 0;
    return FS_OK;
}

static fs_status read_lines(lines *l, fs_text file, fs_error *err) {
    const uint8_t *at = file.data, *end = file.data + file.size;
    int32_t number = 1;
    if (!fs_buffer_add(&l->bytes, file.size)) return fs_fail_memory(err, "ranks", (uint64_t)file.size);
    l->bytes.size = 0; /* room for all, so that nothing moves */
    for (; at < end; number++) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        fs_text text = {at, (size_t)((stop ? stop : end) - at)};
        at += text.size + 1;
        if (text.size && text.data[text.size - 1] == '\r') text.size--;
        if (text.size) FS_TRY(read_line(l, text, number, err));
        if (l->all.size / sizeof(line) > FS_BPE_TOKENS_MAX)
            return fs_fail(err, FS_ERR_UNSUPPORTED, "ranks", "too many tokens", "at most %d|more", FS_BPE_TOKENS_MAX);
    }
    if (!l->all.size) return fs_fail(err, FS_ERR_FORMAT, "", "no tokens", "lines of base64 and rank|none");
    return FS_OK;
}

/* Merge sort by rank, from `from` to `to` and back; for the rare file that is not in order. */
static void sort_lines(line *from, line *to, int32_t n) {
    const int32_t half = n / 2;
    int32_t a = 0, b = half, i;
    if (n < 2) return;
    sort_lines(from, to, half);
    sort_lines(from + half, to + half, n - half);
    for (i = 0; i < n; i++) to[i] = b >= n || (a < half && from[a].rank <= from[b].rank) ? from[a++] : from[b++];
    memcpy(from, to, (size_t)n * sizeof *from);
}

static fs_status sorted(lines *l, fs_error *err) {
    const size_t bytes = l->all.size;
    line *scratch, *all = l->all.data;
    int32_t i, n = (int32_t)(bytes / sizeof *all);
    if (l->sorted) return FS_OK;
    scratch = fs_alloc(bytes);
    if (!scratch) return fs_fail_memory(err, "ranks", bytes);
    sort_lines(all, scratch, n);
    fs_free(scratch);
    for (i = 1; i < n; i++) {
        char place[60];
        fs_text found = {(const uint8_t *)place, 0};
        if (all[i].rank != all[i - 1].rank) continue;
        found.size = (size_t)snprintf(place, sizeof place, "%d, as on line %d", all[i].rank, all[i - 1].number);
        return fail_line(err, all[i].number, "duplicate rank", "each rank once", found);
    }
    return FS_OK;
}

static fs_text token_of(const lines *l, int32_t i) {
    const line *one = (const line *)l->all.data + i;
    const fs_text token = {(const uint8_t *)l->bytes.data + one->at, (size_t)one->size};
    return token;
}

/* Adds the tokens in the order of ranks. */
static fs_status add_all(fs_bpe *m, const lines *l, fs_error *err) {
    const line *all = l->all.data;
    const int32_t n = (int32_t)(l->all.size / sizeof *all);
    int32_t *parts = NULL, i, same, longest = 1;
    fs_status st = FS_OK;
    for (i = 0; i < n; i++) longest = FS_MAX(longest, all[i].size);
    parts = fs_alloc((size_t)longest * sizeof *parts);
    if (!parts) return fs_fail_memory(err, "ranks", (uint64_t)longest * sizeof *parts);
    for (i = 0; i < n; i++) {
        const fs_text token = token_of(l, i);
        if (i + AHEAD < n) fs_bpe_fetch_token(m, token_of(l, i + AHEAD), (int64_t)l->bytes.size - all[i + AHEAD].at);
        FS_TRY_DONE(fs_bpe_add_ranked(m, token, all[i].rank, parts, &same, err));
        if (same >= 0) {
            char place[40];
            fs_text found = {(const uint8_t *)place, 0};
            found.size = (size_t)snprintf(place, sizeof place, "the token of rank %d again", (int)m->ids[same]);
            st = fail_line(err, all[i].number, "duplicate token", "each token once", found);
            goto done;
        }
    }
    for (i = 0; i < 256; i++)
        if (m->of_byte[i] < 0) {
            st = fs_fail(err, FS_ERR_FORMAT, "tokens", "a byte has no token", "all 256 bytes|none for 0x%02x", (unsigned)i);
            goto done;
        }
done:
    fs_free(parts);
    return st;
}

fs_status fs_bpe_from_ranks(fs_bpe *m, fs_hash_key key, fs_text file, fs_error *err) {
    lines l = {{0}, {0}, 1, {0}};
    int64_t longs = 0, work = 0;
    int32_t i, n, longest = 1;
    fs_status st;
    memset(m, 0, sizeof *m);
    fill_values(l.values);
    FS_TRY_DONE(read_lines(&l, file, err));
    FS_TRY_DONE(sorted(&l, err));
    n = (int32_t)(l.all.size / sizeof(line));
    for (i = 0; i < n; i++) {
        const int32_t size = ((const line *)l.all.data)[i].size;
        longs += size > FS_PIECE_SHORT;
        longest = FS_MAX(longest, size);
        work += (int64_t)size * size;
    }
    if (longest > FS_BPE_SPELLED_MOST || work > SPELLED_WORK) longest = 0; /* no vocabulary that was trained */
    FS_TRY_DONE(fs_bpe_open(m, key, n, longs, longest ? 0 : n, err));
    m->spelled = longest;
    m->rising = 1;
    FS_TRY_DONE(add_all(m, &l, err));
    st = fs_bpe_close(m, err);
done:
    fs_buffer_free(&l.all);
    fs_buffer_free(&l.bytes);
    if (st != FS_OK) fs_bpe_free(m);
    return st;
}
